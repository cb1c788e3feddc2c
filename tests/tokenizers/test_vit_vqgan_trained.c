/* The ViT-VQGAN that is trained: it computes what inference computes from its exported weights, and
 * its gradients are differences of that, around a quantiser that hands them straight through. */
#include "core/random.h"
#include "nn/tape_activation.h"
#include "nn/tape_loss.h"
#include "tests/support/check.h"
#include "tests/tokenizers/weights_table.h"
#include "tokenizers/image/patches.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/image/vit_vqgan_trained.h"
#include "tokenizers/image/vit_vqgan_untrained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PICTURES = 3,
    TOKENS = 6,
    CODE_WIDTH = 5,
    PATCH_VALUES = 48,
    VALUES = TOKENS * PATCH_VALUES
};

/* 12 x 8 pixels; heads * head_width differs from dim on both sides. */
static const struct vit_vqgan_config small = { .image_height = 8,
                                               .image_width = 12,
                                               .patch = 4,
                                               .encoder = { 12, 2, 2, 4, 20 },
                                               .decoder = { 8, 1, 3, 4, 12 },
                                               .code_count = 40,
                                               .code_width = CODE_WIDTH,
                                               .layer_norm_eps = 1e-5 };
static const struct patches_shape shape = { 8, 12, 4 };
static const float beta = 0.25f;

struct trial {
    struct parameter_set *set;
    struct vit_vqgan_trained *net;
    struct tape *tape;
    float planes[PICTURES * VALUES], patches[PICTURES * VALUES];
};

static void begin_trial(struct trial *trial)
{
    check_status(parameter_set_create(&trial->set), STATUS_OK, NULL);
    check_status(vit_vqgan_trained_create(&trial->net, trial->set, &small), STATUS_OK, NULL);
    check_status(parameter_set_lay_out(trial->set), STATUS_OK, NULL);
    check_status(tape_create(&trial->tape, 1 << 22), STATUS_OK, NULL);
    vit_vqgan_trained_draw(trial->net, 4);
    struct random_stream stream = random_stream_numbered(2, 0, "planes");
    for (size_t i = 0; i < PICTURES * VALUES; i++)
        trial->planes[i] = (float)random_uniform(&stream);
    for (size_t p = 0; p < PICTURES; p++)
        patches_from_planes(trial->patches + p * VALUES, trial->planes + p * VALUES, &shape);
}

static void end_trial(struct trial *trial)
{
    vit_vqgan_trained_destroy(trial->net);
    parameter_set_destroy(trial->set);
    tape_destroy(trial->tape);
}

/* Biases and gains that do something. */
static void shake(struct trial *trial)
{
    for (size_t p = 0; p < parameter_set_count(trial->set); p++) {
        struct parameter *parameter = parameter_set_at(trial->set, p);
        struct random_stream stream = random_stream_numbered(3, p, "shake");
        for (size_t i = 0; i < parameter->count && parameter->rows * parameter->columns < 25; i++)
            parameter->value[i] += 0.2f * (float)random_normal(&stream);
    }
}

static float largest_difference(const float *a, const float *b, size_t count)
{
    float worst = 0.0f;
    for (size_t i = 0; i < count; i++)
        worst = fmaxf(worst, fabsf(a[i] - b[i]));
    return worst;
}

/* Compares the tape's run with that of inference on what is exported. */
static void compare(struct trial *trial, struct vit_vqgan *exported)
{
    uint16_t tokens[PICTURES * TOKENS];
    float latents[PICTURES * TOKENS * CODE_WIDTH], planes[PICTURES * VALUES], made[VALUES];
    tape_reset(trial->tape);
    const struct vit_vqgan_trained_run run =
        vit_vqgan_trained_run(trial->net, trial->tape, trial->patches, PICTURES, beta);
    check_status(tape_status(trial->tape), STATUS_OK, NULL);
    vit_vqgan_encode_planes(tokens, latents, exported, trial->planes, PICTURES);
    check_status(vit_vqgan_decode(planes, NULL, exported, tokens, PICTURES), STATUS_OK, NULL);
    CU_ASSERT(largest_difference(latents, run.latents->value, PICTURES * TOKENS * CODE_WIDTH) <
              1e-5f);
    for (size_t t = 0; t < PICTURES * TOKENS; t++)
        CU_ASSERT_EQUAL(run.ids[t], tokens[t]);
    for (size_t p = 0; p < PICTURES; p++) {
        patches_to_planes(made, run.patches->value + p * VALUES, &shape);
        CU_ASSERT(largest_difference(planes + p * VALUES, made, VALUES) < 1e-5f);
    }
}

static void it_computes_what_inference_computes(void)
{
    struct trial trial;
    struct tensor_table table;
    struct vit_vqgan *exported = NULL;
    struct settings *settings = settings_create("config.json");
    begin_trial(&trial);
    shake(&trial);
    check_status(parameter_set_write(trial.set, &table), STATUS_OK, NULL);
    check_status(vit_vqgan_config_write(settings, &small), STATUS_OK, NULL);
    check_status(vit_vqgan_create(&exported, &table, settings), STATUS_OK, NULL);
    if (exported != NULL)
        compare(&trial, exported);
    vit_vqgan_destroy(exported);
    settings_destroy(settings);
    tensor_table_end(&table);
    end_trial(&trial);
}

/* What gradients are held against. */
struct measured {
    double made;      /* half the sum of squares of the pictures made */
    double code_loss; /* (1 + beta) mean square of latents and codes apart */
    double along;     /* latents along the gradient that their codes had */
};

static struct measured measure(struct trial *trial, const float *direction)
{
    struct measured measured = { 0 };
    tape_reset(trial->tape);
    tape_set_recording(trial->tape, false);
    const struct vit_vqgan_trained_run run =
        vit_vqgan_trained_run(trial->net, trial->tape, trial->patches, PICTURES, beta);
    for (size_t i = 0; i < PICTURES * VALUES; i++)
        measured.made += 0.5 * (double)run.patches->value[i] * (double)run.patches->value[i];
    for (size_t i = 0; i < PICTURES * TOKENS * CODE_WIDTH; i++)
        measured.along += (double)direction[i] * (double)run.latents->value[i];
    measured.code_loss = (double)run.code_loss->value[0];
    return measured;
}

/* The factor of the code loss, so that it counts beside the pictures. */
static const float code_weight = 50.0f;

/* What the straight-through gradient of a parameter is the gradient of: of the decoder's, the loss
 * of the pictures; of the codebook's, the codes' way to the latents alone; of the encoder's, the
 * latents' way to the codes, and what the decoder asks of the codes. */
static double subject_of(const char *name, const struct measured *measured)
{
    const double codes = (double)code_weight * measured->code_loss / (1.0 + (double)beta);
    if (strncmp(name, "quantizer.", 10) == 0)
        return codes;
    if (strncmp(name, "encoder.", 8) == 0 || strncmp(name, "pre_quant.", 10) == 0)
        return measured->along + (double)beta * codes;
    return measured->made;
}

static void run_backward(struct trial *trial, float *direction)
{
    static const float none[PICTURES * VALUES];
    parameter_set_clear_gradients(trial->set);
    tape_reset(trial->tape);
    const struct vit_vqgan_trained_run run =
        vit_vqgan_trained_run(trial->net, trial->tape, trial->patches, PICTURES, beta);
    struct array *zero = tape_constant(trial->tape, none, PICTURES * TOKENS, (size_t)PATCH_VALUES);
    struct array *made = tape_squared_error(trial->tape, run.patches, zero, 2.0);
    struct array *codes = tape_scale(trial->tape, run.code_loss, code_weight);
    check_status(tape_backward(trial->tape, tape_add(trial->tape, made, codes)), STATUS_OK, NULL);
    memcpy(direction, run.codes->gradient, PICTURES * TOKENS * CODE_WIDTH * sizeof *direction);
}

static void check_parameter(struct trial *trial, struct parameter *parameter,
                            const float *direction)
{
    const float step = 4e-3f;
    double worst = 0.0, largest = 1.0;
    for (size_t i = 0; i < parameter->count; i += 1 + parameter->count / 9) {
        const float kept = parameter->value[i];
        parameter->value[i] = kept + step;
        const struct measured above = measure(trial, direction);
        parameter->value[i] = kept - step;
        const struct measured below = measure(trial, direction);
        parameter->value[i] = kept;
        const double slope =
            (subject_of(parameter->name, &above) - subject_of(parameter->name, &below)) /
            (2.0 * (double)step);
        worst = fmax(worst, fabs(slope - (double)parameter->gradient[i]));
        largest = fmax(largest, fabs(slope));
    }
    if (worst > 4e-3 * largest)
        printf("%s: %g of %g\n", parameter->name, worst, largest);
    CU_ASSERT(worst <= 4e-3 * largest);
}

static void gradients_go_straight_through_the_quantiser(void)
{
    struct trial trial;
    float direction[PICTURES * TOKENS * CODE_WIDTH];
    begin_trial(&trial);
    shake(&trial);
    run_backward(&trial, direction);
    for (size_t p = 0; p < parameter_set_count(trial.set); p++) {
        struct parameter *parameter = parameter_set_at(trial.set, p);
        if (!parameter->is_frozen)
            check_parameter(&trial, parameter, direction);
    }
    end_trial(&trial);
}

static void positions_stay_and_codes_do_not_decay(void)
{
    struct trial trial;
    begin_trial(&trial);
    for (size_t p = 0; p < parameter_set_count(trial.set); p++) {
        const struct parameter *parameter = parameter_set_at(trial.set, p);
        CU_ASSERT_EQUAL(parameter->is_frozen, strstr(parameter->name, "pos_embedding") != NULL);
    }
    CU_ASSERT_STRING_EQUAL(vit_vqgan_trained_codes(trial.net)->name, "quantizer.embedding.weight");
    CU_ASSERT(!vit_vqgan_trained_codes(trial.net)->is_decayed);
    CU_ASSERT(parameter_set_find(trial.set, "encoder.to_patch_embedding.0.weight")->is_decayed);
    end_trial(&trial);
}

static void it_begins_as_an_untrained_net_or_as_given_weights(void)
{
    struct trial trial;
    struct tensor_table table, drawn;
    begin_trial(&trial);
    check_status(vit_vqgan_untrained(&table, &small, 4), STATUS_OK, NULL);
    check_status(parameter_set_write(trial.set, &drawn), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(drawn.count, table.count);
    for (size_t t = 0; t < table.count; t++) {
        const struct tensor *tensor = tensor_table_find(&drawn, table.tensors[t].name);
        CU_ASSERT(tensor != NULL &&
                  memcmp(tensor->data, table.tensors[t].data, tensor->count * sizeof(float)) == 0);
    }
    tensor_table_end(&table);
    check_status(vit_vqgan_untrained(&table, &small, 5), STATUS_OK, NULL);
    check_status(vit_vqgan_trained_fill(trial.net, &table), STATUS_OK, NULL);
    const struct parameter *codes = vit_vqgan_trained_codes(trial.net);
    CU_ASSERT_EQUAL(memcmp(codes->value, weights_table_find(&table, codes->name)->data,
                           codes->count * sizeof(float)),
                    0);
    weights_table_remove(&table, "post_quant.bias");
    check_status(vit_vqgan_trained_fill(trial.net, &table), STATUS_CORRUPT, "post_quant.bias");
    tensor_table_end(&table);
    tensor_table_end(&drawn);
    end_trial(&trial);
}

static void sizes_that_do_not_fit_are_refused(void)
{
    struct vit_vqgan_config config = small;
    struct vit_vqgan_trained *net;
    struct parameter_set *set;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    config.image_width = 13;
    check_status(vit_vqgan_trained_create(&net, set, &config), STATUS_INVALID, "13 x 8");
    config = small;
    config.patch = 0;
    check_status(vit_vqgan_trained_create(&net, set, &config), STATUS_INVALID, "patches of 0");
    config.image_height = config.image_width = 260;
    config.patch = 1;
    check_status(vit_vqgan_trained_create(&net, set, &config), STATUS_INVALID, "67600 tokens");
    config = small;
    config.decoder.dim = 10;
    check_status(vit_vqgan_trained_create(&net, set, &config), STATUS_INVALID, "a width of 10");
    CU_ASSERT_PTR_NULL(net);
    parameter_set_destroy(set);
}

/* However little room there is, the run ends, and says so once. */
static void a_tape_without_room_is_told(void)
{
    struct trial trial;
    begin_trial(&trial);
    for (size_t bytes = 1 << 10; bytes <= 1 << 16; bytes *= 2) {
        struct tape *tape;
        check_status(tape_create(&tape, bytes), STATUS_OK, NULL);
        tape_reset(tape);
        vit_vqgan_trained_run(trial.net, tape, trial.patches, PICTURES, beta);
        check_status(tape_status(tape), STATUS_NO_MEMORY, NULL);
        tape_destroy(tape);
    }
    end_trial(&trial);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "it computes what inference computes", it_computes_what_inference_computes },
        { "gradients go straight through the quantiser",
          gradients_go_straight_through_the_quantiser },
        { "positions stay and codes do not decay", positions_stay_and_codes_do_not_decay },
        { "it begins as an untrained net or as given weights",
          it_begins_as_an_untrained_net_or_as_given_weights },
        { "sizes that do not fit are refused", sizes_that_do_not_fit_are_refused },
        { "a tape without room is told", a_tape_without_room_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "vit_vqgan_trained", cases);
}
