/* The image-to-speech-unit model of embeddings, and that of image units with early convolutions:
 * what is trained is what generates, gradients, sizes out of a file, and bad input. */
#include "models/im2sp.h"
#include "models/im2sp_trained.h"
#include "models/im2sp_untrained.h"
#include "nn/tape_loss.h"
#include "tests/models/im2sp_forced.h"
#include "tests/models/im2sp_made.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char map_name[] = "git.visual_projection.visual_projection.0.weight";

static float **make_pictures(const struct im2sp *net)
{
    float **pictures = calloc(PICTURES, sizeof *pictures);
    for (size_t p = 0; p < PICTURES; p++)
        pictures[p] = calloc(im2sp_picture_count(net), sizeof **pictures);
    return pictures;
}

static void free_pictures(float **pictures)
{
    for (size_t p = 0; p < PICTURES; p++)
        free(pictures[p]);
    free(pictures);
}

static void encode(float *const *pictures, struct im2sp *net, const struct im2sp_forcing *forcing)
{
    if (forcing->config.input == IM2SP_EMBEDDINGS) {
        check_status(im2sp_encode_embeddings(pictures, net, forcing->embeddings, PICTURES),
                     STATUS_OK, NULL);
        return;
    }
    check_status(im2sp_set_codebook(net, forcing->codes, CODES, CHANNELS), STATUS_OK, NULL);
    check_status(im2sp_encode_units(pictures, net, forcing->image_units, PICTURES), STATUS_OK,
                 NULL);
}

/* Logits of all captions, id by id: [IDS][V]. */
static float *say(struct im2sp *net, const struct im2sp_forcing *forcing, float *const *pictures)
{
    const size_t V = im2sp_sizes(net)->vocabulary, length = im2sp_sizes(net)->length_max;
    float *cache = calloc(im2sp_cache_count(net, length), sizeof *cache);
    float *logits = calloc(IDS * V, sizeof *logits);
    for (size_t p = 0; p < PICTURES; p++)
        for (size_t i = forcing->starts[p]; i < forcing->starts[p + 1]; i++) {
            const struct im2sp_row row = { pictures[p], cache, i - forcing->starts[p],
                                           (uint16_t)forcing->ids[i] };
            im2sp_step(logits + i * V, net, &row, 1, length);
        }
    free(cache);
    return logits;
}

static void check_generation(struct im2sp_config config, float least_apart)
{
    struct im2sp_forcing forcing;
    im2sp_forcing_begin(&forcing, config);
    struct im2sp *net = im2sp_made(&forcing.table, &config);
    float **pictures = make_pictures(net);
    encode(pictures, net, &forcing);
    float *said = say(net, &forcing, pictures);
    const struct array *logits = im2sp_forcing_run(&forcing, false);
    float worst = 0.0f, largest = 0.0f, apart = 0.0f;
    for (size_t i = 0; i < IDS * logits->columns; i++) {
        const int32_t unit = unit_ids_to_unit(config.ids, (uint16_t)(i % logits->columns));
        if (unit >= UNITS) /* never said: only generation knows */
            continue;
        worst = fmaxf(worst, fabsf(logits->value[i] - said[i]));
        largest = fmaxf(largest, fabsf(logits->value[i]));
        if (i < logits->columns) /* first ids of two pictures */
            apart = fmaxf(apart, fabsf(said[i] - said[forcing.starts[1] * logits->columns + i]));
    }
    CU_ASSERT(worst <= 1e-4f * largest);
    CU_ASSERT(apart > least_apart * largest);
    free(said);
    free_pictures(pictures);
    im2sp_destroy(net);
    im2sp_forcing_end(&forcing);
}

static void what_is_trained_is_what_generates(void)
{
    check_generation(im2sp_forced_by_embeddings(), 0.05f);
    check_generation(im2sp_forced_by_units(), 0.01f);
    check_generation(im2sp_forced_by_similarities(), 0.01f);
}

static double loss_of(struct im2sp_forcing *forcing)
{
    return (double)tape_cross_entropy(forcing->tape, im2sp_forcing_run(forcing, false),
                                      forcing->targets, IDS)
        ->value[0];
}

/* Along the gradient itself: the slope there is its length. */
static void check_slope(struct im2sp_forcing *forcing, const char *name)
{
    struct parameter *parameter = parameter_set_find(forcing->set, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(parameter);
    const size_t bytes = parameter->count * sizeof(float);
    float *before = malloc(bytes);
    double square = 0.0, losses[2];
    memcpy(before, parameter->value, bytes);
    for (size_t i = 0; i < parameter->count; i++)
        square += (double)parameter->gradient[i] * (double)parameter->gradient[i];
    const double length = sqrt(square), stretch = 0.005 / length;
    CU_ASSERT(length > 1e-3);
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < parameter->count; i++)
            parameter->value[i] =
                before[i] + (float)(side == 0 ? stretch : -stretch) * parameter->gradient[i];
        losses[side] = loss_of(forcing);
    }
    CU_ASSERT_DOUBLE_EQUAL((losses[0] - losses[1]) / 0.01, length, 0.01 * length);
    memcpy(parameter->value, before, bytes);
    free(before);
}

static void check_slopes(struct im2sp_config config, const char *const *names)
{
    struct im2sp_forcing forcing;
    im2sp_forcing_begin(&forcing, config);
    parameter_set_clear_gradients(forcing.set);
    struct array *logits = im2sp_forcing_run(&forcing, true);
    check_status(
        tape_backward(forcing.tape, tape_cross_entropy(forcing.tape, logits, forcing.targets, IDS)),
        STATUS_OK, NULL);
    for (size_t n = 0; names[n] != NULL; n++)
        check_slope(&forcing, names[n]);
    im2sp_forcing_end(&forcing);
}

static void gradients_are_slopes(void)
{
    static const char *const of_embeddings[] = {
        map_name,
        "git.visual_projection.visual_projection.0.bias",
        "git.visual_projection.visual_projection.1.weight",
        "git.encoder.layer.0.attention.self.key.weight",
        NULL,
    };
    static const char *const of_units[] = {
        "git.image_encoder.vision_model.patch_embed.early.0.weight",
        "git.image_encoder.vision_model.patch_embed.early.0.bias",
        "git.image_encoder.vision_model.patch_embed.early.1.weight",
        "git.image_encoder.vision_model.patch_embed.early.1.norm.weight",
        "git.image_encoder.vision_model.patch_embed.proj.weight",
        NULL,
    };
    check_slopes(im2sp_forced_by_embeddings(), of_embeddings);
    check_slopes(im2sp_forced_by_units(), of_units);
    check_slopes(im2sp_forced_by_similarities(), of_units);
}

static void the_sizes_are_read_back(void)
{
    const struct im2sp_config config = im2sp_forced_by_embeddings();
    struct tensor_table table;
    struct im2sp *net = NULL;
    check_status(im2sp_untrained(&table, &config, 5), STATUS_OK, NULL);
    check_status(im2sp_create(&net, &table, NULL), STATUS_OK, NULL); /* without settings too */
    im2sp_destroy(net);
    net = im2sp_made(&table, &config);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->input, IM2SP_EMBEDDINGS);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->encoder.width, EMBEDDING);
    CU_ASSERT_EQUAL(im2sp_config_tokens(im2sp_sizes(net)), TOKENS);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->heads, config.heads);
    CU_ASSERT(im2sp_config_picture_flop(im2sp_sizes(net)) > 0.0);
    im2sp_destroy(net);
    struct im2sp_config other = config;
    other.prefix_tokens++;
    struct settings *settings = im2sp_made_settings(&other);
    check_status(im2sp_create(&net, &table, settings), STATUS_INVALID, "prefix_tokens");
    settings_destroy(settings);
    other = config; /* 96 rows of the map are no whole number of tokens of width 36 */
    tensor_table_end(&table);
    other.width = 36;
    check_status(im2sp_untrained(&table, &other, 5), STATUS_OK, NULL);
    for (size_t t = 0; t < table.count; t++)
        if (strcmp(table.tensors[t].name, map_name) == 0)
            table.tensors[t].shape[0] = 96;
    check_status(im2sp_create(&net, &table, NULL), STATUS_CORRUPT, map_name);
    CU_ASSERT_PTR_NULL(net);
    tensor_table_end(&table);
}

static void similarities_are_read_back(void)
{
    const struct im2sp_config config = im2sp_forced_by_similarities();
    struct tensor_table table;
    check_status(im2sp_untrained(&table, &config, 5), STATUS_OK, NULL);
    struct im2sp *net = im2sp_made(&table, &config);
    CU_ASSERT(im2sp_sizes(net)->encoder.sees_similarities);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->encoder.channels, CHANNELS);
    const struct im2sp_config blind = im2sp_forced_by_units();
    CU_ASSERT(im2sp_config_picture_flop(&config) > im2sp_config_picture_flop(&blind));
    im2sp_destroy(net);
    tensor_table_end(&table);
}

static void check_refused(struct im2sp_config config, const char *fragment)
{
    struct parameter_set *set;
    struct im2sp_trained *model;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(im2sp_trained_create(&model, set, &config, 0.0f), STATUS_INVALID, fragment);
    parameter_set_destroy(set);
}

static void convolutions_are_read_back(void)
{
    static const char first[] = "git.image_encoder.vision_model.patch_embed.early.0.weight";
    struct im2sp_config config = im2sp_forced_by_units();
    struct tensor_table table;
    struct im2sp *net = NULL;
    check_status(im2sp_untrained(&table, &config, 5), STATUS_OK, NULL);
    net = im2sp_made(&table, &config);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->encoder.side, SIDE);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->encoder.channels, CHANNELS);
    CU_ASSERT_EQUAL(im2sp_sizes(net)->encoder.convolution_channels, CONVOLVED);
    CU_ASSERT_EQUAL(im2sp_config_tokens(im2sp_sizes(net)), 1 + 4);
    struct im2sp_config without = config;
    without.encoder.convolution_channels = 0;
    CU_ASSERT(im2sp_config_picture_flop(&config) > 0.0);
    CU_ASSERT_EQUAL(im2sp_config_tokens(&without), 1 + 16);
    im2sp_destroy(net);
    struct im2sp_config other = config;
    other.encoder.sees_similarities = true; /* the weights have no channels of them */
    struct settings *settings = im2sp_made_settings(&other);
    check_status(im2sp_create(&net, &table, settings), STATUS_INVALID, "similarities");
    settings_destroy(settings);
    for (size_t t = 0; t < table.count; t++) /* as many values, but not those of the patches */
        if (strcmp(table.tensors[t].name, first) == 0) {
            table.tensors[t].shape[0] = CONVOLVED / 2;
            table.tensors[t].shape[1] = CHANNELS * 2;
        }
    check_status(im2sp_create(&net, &table, NULL), STATUS_CORRUPT, "does not fit the patches");
    tensor_table_end(&table);
    config = im2sp_forced_by_similarities();
    config.encoder.convolution_channels = 0;
    check_refused(config, "without early convolutions");
    config = im2sp_forced_by_units();
    config.encoder.side = SIDE + 1;
    check_refused(config, "an even side");
    config = im2sp_forced_by_units();
    config.encoder.side = 2;
    config.encoder.padding = 0;
    check_refused(config, "smaller than a patch");
}

/* Powers of two do not round. */
static void only_the_direction_counts(void)
{
    const struct im2sp_config config = im2sp_forced_by_embeddings();
    struct im2sp_forcing forcing;
    im2sp_forcing_begin(&forcing, config);
    struct im2sp *net = im2sp_made(&forcing.table, &config);
    float **pictures = make_pictures(net), **longer = make_pictures(net);
    const size_t bytes = im2sp_picture_count(net) * sizeof(float);
    check_status(im2sp_encode_embeddings(pictures, net, forcing.embeddings, PICTURES), STATUS_OK,
                 NULL);
    for (size_t i = 0; i < PICTURES * EMBEDDING; i++)
        forcing.embeddings[i] *= 4.0f;
    for (size_t p = 0; p < PICTURES; p++) /* and one by one */
        check_status(
            im2sp_encode_embeddings(longer + p, net, forcing.embeddings + p * EMBEDDING, 1),
            STATUS_OK, NULL);
    for (size_t p = 0; p < PICTURES; p++)
        CU_ASSERT_EQUAL(memcmp(pictures[p], longer[p], bytes), 0);
    memset(forcing.embeddings, 0, EMBEDDING * sizeof(float)); /* no direction: no failure */
    check_status(im2sp_encode_embeddings(pictures, net, forcing.embeddings, 1), STATUS_OK, NULL);
    CU_ASSERT(isfinite(pictures[0][0]));
    forcing.embeddings[3] = INFINITY;
    check_status(im2sp_encode_embeddings(pictures, net, forcing.embeddings, 1), STATUS_INVALID,
                 "not finite");
    free_pictures(pictures);
    free_pictures(longer);
    im2sp_destroy(net);
    im2sp_forcing_end(&forcing);
}

static void what_others_see_is_refused(void)
{
    struct im2sp_config config = im2sp_forced_by_embeddings();
    struct tensor_table table;
    const uint16_t unit = 0;
    const float value = 1.0f;
    float *picture = NULL;
    check_status(im2sp_untrained(&table, &config, 5), STATUS_OK, NULL);
    struct im2sp *net = im2sp_made(&table, &config);
    check_status(im2sp_set_codebook(net, &value, 1, 1), STATUS_INVALID, "not this model's");
    check_status(im2sp_encode_units(&picture, net, &unit, 1), STATUS_INVALID, "no image units");
    im2sp_destroy(net);
    tensor_table_end(&table);
    config = im2sp_config_compact(6, 5, UNITS);
    check_status(im2sp_untrained(&table, &config, 5), STATUS_OK, NULL);
    net = im2sp_made(&table, &config);
    check_status(im2sp_encode_embeddings(&picture, net, &value, 1), STATUS_INVALID,
                 "no image embeddings");
    im2sp_destroy(net);
    tensor_table_end(&table);
    config = im2sp_forced_by_embeddings();
    config.prefix_tokens = IM2SP_PREFIX_MAX + 1;
    check_refused(config, "1 to 64");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what is trained is what generates", what_is_trained_is_what_generates },
        { "gradients are slopes", gradients_are_slopes },
        { "the sizes are read back", the_sizes_are_read_back },
        { "convolutions are read back", convolutions_are_read_back },
        { "similarities are read back", similarities_are_read_back },
        { "only the direction counts", only_the_direction_counts },
        { "what others see is refused", what_others_see_is_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp_inputs", cases);
}
