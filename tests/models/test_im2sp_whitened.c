/* The image-to-speech-unit model behind whitened codes: the same model in other parameters. */
#include "tests/models/im2sp_forced.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

static float *logits_of(struct im2sp_forcing *forcing, float *largest)
{
    const struct array *logits = im2sp_forcing_run(forcing, false);
    const size_t count = logits->rows * logits->columns;
    float *copy = calloc(count, sizeof *copy);
    *largest = 0.0f;
    for (size_t i = 0; i < count; i++) {
        copy[i] = logits->value[i];
        *largest = fmaxf(*largest, fabsf(copy[i]));
    }
    return copy;
}

static void check_same(struct im2sp_forcing *forcing, const float *expected, float tolerance)
{
    const struct array *logits = im2sp_forcing_run(forcing, false);
    float worst = 0.0f;
    for (size_t i = 0; i < logits->rows * logits->columns; i++)
        worst = fmaxf(worst, fabsf(logits->value[i] - expected[i]));
    CU_ASSERT(worst <= tolerance);
}

/* Trained behind whitened codes, the convolution has other values, and the model says the same; for
 * a file they are again what they were. */
static void check_whitened(struct im2sp_config config)
{
    static const char name[] = "git.image_encoder.vision_model.patch_embed.early.0.weight";
    struct im2sp_forcing forcing;
    size_t filled = 0;
    float largest = 0.0f;
    im2sp_forcing_begin(&forcing, config);
    const struct parameter *weight = parameter_set_find(forcing.set, name);
    const float *original = tensor_table_find(&forcing.table, name)->owned;
    float *said = logits_of(&forcing, &largest);
    check_status(im2sp_trained_whiten_codes(forcing.model), STATUS_OK, NULL);
    check_status(im2sp_trained_fill(&filled, forcing.model, &forcing.table, IM2SP_HUGGING_FACE, ""),
                 STATUS_OK, NULL);
    float apart = 0.0f;
    for (size_t i = 0; i < weight->count; i++)
        apart = fmaxf(apart, fabsf(weight->value[i] - original[i]));
    CU_ASSERT(apart > 0.02f);
    check_same(&forcing, said, 1e-4f * largest);
    im2sp_trained_settle(forcing.model);
    for (size_t i = 0; i < weight->count; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)weight->value[i], (double)original[i], 1e-5);
    check_same(&forcing, said, 1e-4f * largest);
    im2sp_trained_settle(forcing.model); /* nothing more to take back */
    check_same(&forcing, said, 1e-4f * largest);
    free(said);
    im2sp_forcing_end(&forcing);
}

static void whitened_codes_change_nothing_that_is_said(void)
{
    check_whitened(im2sp_forced_by_units());
    check_whitened(im2sp_forced_by_similarities());
}

/* Values drawn for whitened codes are loud in all directions of the codes, whose lengths are. */
static void drawn_values_suit_whitened_codes(void)
{
    static const char name[] = "git.image_encoder.vision_model.patch_embed.early.0.weight";
    struct im2sp_forcing forcing;
    im2sp_forcing_begin(&forcing, im2sp_forced_by_units());
    check_status(im2sp_trained_whiten_codes(forcing.model), STATUS_OK, NULL);
    im2sp_trained_draw(forcing.model, 3);
    const struct parameter *weight = parameter_set_find(forcing.set, name);
    double square = 0.0;
    for (size_t i = 0; i < weight->count; i++)
        square += (double)weight->value[i] * (double)weight->value[i];
    CU_ASSERT_DOUBLE_EQUAL(square / (double)weight->rows, 1.0, 0.3);
    float largest = 0.0f;
    float *said = logits_of(&forcing, &largest);
    im2sp_trained_settle(forcing.model);
    check_same(&forcing, said, 1e-4f * largest);
    free(said);
    im2sp_forcing_end(&forcing);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "whitened codes change nothing that is said",
          whitened_codes_change_nothing_that_is_said },
        { "drawn values suit whitened codes", drawn_values_suit_whitened_codes },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp_whitened", cases);
}
