/* The image tower of a contrastive pair as image encoder: both see the same in a picture. */
#include "models/im2sp_tower.h"
#include "models/speech_encoder.h"
#include "nn/norm.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 8, CHANNELS = 3, CODES = 9, WIDTH = 16, TOKENS_MAX = 1 + 16, CONVOLVED = 6 };

/* Towers: over patches of 2 x 2 units, and of 4 x 4 behind early convolutions. */
struct tower_kind {
    size_t patch, convolution_channels, tokens;
};

static const struct tower_kind plain = { 2, 0, 1 + 16 }, convolved = { 4, CONVOLVED, 1 + 4 };

static float codes[CODES][CHANNELS] = {
    /* brought to length 1 before the first test */
    { 0.9f, 0.1f, 0.2f },  { 0.8f, -0.2f, 0.3f }, { 0.7f, 0.5f, 0.1f },
    { 0.9f, 0.0f, 0.0f },  { 0.6f, 0.4f, -0.6f }, { 0.8f, 0.3f, 0.3f },
    { 0.9f, -0.3f, 0.1f }, { 0.7f, 0.6f, 0.2f },  { 0.8f, 0.2f, -0.4f },
};

/* A pair's tower, with its settings and its weights. */
struct pair {
    struct tower_kind kind;
    struct speech_encoder *tower;
    struct parameter_set *set;
    struct settings *settings;
    struct tensor_table table;
};

static void give_codes(struct pair *pair)
{
    float rows[CODES][CHANNELS];
    const struct unit_codes standardised = { rows[0], CODES, CHANNELS };
    memcpy(rows, codes, sizeof rows);
    unit_codes_standardise(rows[0], CODES, CHANNELS);
    check_status(speech_encoder_set_codes(pair->tower, &standardised), STATUS_OK, NULL);
}

/* The codebook at another scale, and shifted. */
static void fill_table(struct pair *pair)
{
    const struct parameter *table =
        parameter_set_find(pair->set, "image_tower.audio_encoder.unit_embedding.weight");
    for (size_t i = 0; i < CODES; i++)
        for (size_t c = 0; c < CHANNELS; c++)
            table->value[i * CHANNELS + c] = 2.5f * codes[i][c] - 0.5f + 0.25f * (float)c;
}

static void pair_begin(struct pair *pair, struct tower_kind kind)
{
    *pair = (struct pair){ .kind = kind };
    struct speech_encoder_config config = speech_encoder_default(WIDTH, 5);
    config.feature_layers = 0;
    config.units = CODES;
    config.merged_units = kind.patch * kind.patch;
    config.convolution_channels = kind.convolution_channels;
    config.unit_width = CHANNELS;
    config.blocks = 2;
    config.sizes.heads = 4;
    config.sizes.feed_forward = 24;
    config.sizes.is_norm_first = true;
    check_status(parameter_set_create(&pair->set), STATUS_OK, NULL);
    check_status(speech_encoder_create(&pair->tower, pair->set, "image_tower.", &config), STATUS_OK,
                 NULL);
    check_status(parameter_set_lay_out(pair->set), STATUS_OK, NULL);
    speech_encoder_draw(pair->tower, 3);
    if (kind.convolution_channels > 0)
        give_codes(pair);
    else
        fill_table(pair);
    pair->settings = settings_create("pair");
    CU_ASSERT_PTR_NOT_NULL_FATAL(pair->settings);
    check_status(speech_encoder_config_write(pair->settings, "images.", &config), STATUS_OK, NULL);
    check_status(parameter_set_write(pair->set, &pair->table), STATUS_OK, NULL);
}

static void pair_end(struct pair *pair)
{
    speech_encoder_destroy(pair->tower);
    parameter_set_destroy(pair->set);
    settings_destroy(pair->settings);
    tensor_table_end(&pair->table);
}

static struct im2sp_config sizes_with(const struct pair *pair)
{
    struct im2sp_config config = im2sp_config_compact(SIDE, CHANNELS, 20);
    config.width = WIDTH;
    config.mlp = 24;
    config.heads = 4;
    config.length_max = 8;
    config.projection_eps = 1e-5f;
    check_status(im2sp_tower_sizes(&config.encoder, pair->settings), STATUS_OK, NULL);
    return config;
}

static uint16_t unit_at(size_t row, size_t column)
{
    return (uint16_t)((5 * row + 3 * column + row * column) % CODES);
}

/* What the tower makes of the picture: all rows, after its last norm. */
static void run_tower(float out[TOKENS_MAX][WIDTH], const struct pair *pair, struct tape *tape)
{
    int32_t units[SIDE * SIDE];
    const size_t P = pair->kind.convolution_channels > 0 ? 1 : pair->kind.patch;
    for (size_t row = 0; row < SIDE; row++)
        for (size_t column = 0; column < SIDE; column++) {
            const size_t patch = row / P * (SIDE / P) + column / P;
            units[patch * P * P + row % P * P + column % P] = unit_at(row, column);
        }
    const size_t starts[] = { 0, pair->kind.tokens - 1 };
    const struct speech_batch batch = { .frames = { 1, starts }, .units = units };
    tape_reset(tape);
    const struct speech_encoding seen = speech_encoder_run(pair->tower, tape, &batch, true);
    check_status(tape_status(tape), STATUS_OK, NULL);
    memcpy(out, seen.states->value, pair->kind.tokens * sizeof *out);
}

/* Nothing but a norm behind the encoder. */
static void pass_on(struct parameter_set *set)
{
    struct parameter *matrix =
        parameter_set_find(set, "git.visual_projection.visual_projection.0.weight");
    for (size_t i = 0; i < matrix->count; i++)
        matrix->value[i] = i / WIDTH == i % WIDTH ? 1.0f : 0.0f;
    parameter_fill(parameter_set_find(set, "git.visual_projection.visual_projection.0.bias"), 0.0f);
    parameter_fill(parameter_set_find(set, "git.visual_projection.visual_projection.1.weight"),
                   1.0f);
    parameter_fill(parameter_set_find(set, "git.visual_projection.visual_projection.1.bias"), 0.0f);
}

static void run_model(float out[TOKENS_MAX][WIDTH], const struct im2sp_trained *model,
                      struct tape *tape)
{
    static const int32_t ids[] = { 101, 4 };
    const size_t starts[] = { 0, 2 };
    uint16_t units[SIDE * SIDE];
    for (size_t i = 0; i < SIDE * SIDE; i++)
        units[i] = unit_at(i / SIDE, i % SIDE);
    const struct im2sp_trained_batch batch = {
        .count = 1, .image_units = units, .starts = starts, .ids = ids
    };
    tape_reset(tape);
    const struct im2sp_trained_run run = im2sp_trained_run(model, tape, &batch);
    check_status(tape_status(tape), STATUS_OK, NULL);
    memcpy(out, run.projected->value, run.projected->rows * sizeof *out);
}

static struct im2sp_trained *make(struct parameter_set **set, const struct im2sp_config *config)
{
    struct im2sp_trained *model;
    check_status(parameter_set_create(set), STATUS_OK, NULL);
    check_status(im2sp_trained_create(&model, *set, config, 0.0f), STATUS_OK, NULL);
    check_status(parameter_set_lay_out(*set), STATUS_OK, NULL);
    check_status(im2sp_trained_set_codebook(model, codes[0], CODES, CHANNELS), STATUS_OK, NULL);
    im2sp_trained_draw(model, 7);
    return model;
}

static void check_both(struct tower_kind kind, bool is_whitened)
{
    struct pair pair;
    struct parameter_set *set;
    struct tape *tape;
    float of_tower[TOKENS_MAX][WIDTH], of_model[TOKENS_MAX][WIDTH];
    check_status(tape_create(&tape, (size_t)8 << 20), STATUS_OK, NULL);
    pair_begin(&pair, kind);
    const struct im2sp_config config = sizes_with(&pair);
    CU_ASSERT_EQUAL_FATAL(im2sp_config_tokens(&config), kind.tokens);
    struct im2sp_trained *model = make(&set, &config);
    CU_ASSERT_TRUE(im2sp_tower_is_in(&pair.table));
    if (is_whitened)
        check_status(im2sp_trained_whiten_codes(model), STATUS_OK, NULL);
    check_status(im2sp_tower_fill(model, &pair.table), STATUS_OK, NULL);
    pass_on(set);
    run_tower(of_tower, &pair, tape);
    run_model(of_model, model, tape);
    float apart = 0.0f;
    for (size_t t = 0; t < kind.tokens; t++)
        for (size_t d = 0; d < WIDTH; d++)
            apart = fmaxf(apart, fabsf(of_tower[t][d] - of_model[t][d]));
    CU_ASSERT(apart < 1e-4f);
    im2sp_trained_destroy(model);
    parameter_set_destroy(set);
    pair_end(&pair);
    tape_destroy(tape);
}

static void both_see_the_same(void)
{
    check_both(plain, false);
    check_both(plain, true);
    check_both(convolved, false);
    check_both(convolved, true);
}

static void a_frozen_encoder_is_all_that_is_frozen(void)
{
    const struct im2sp_config config = im2sp_config_compact(SIDE, CHANNELS, 20);
    struct parameter_set *set;
    struct im2sp_trained *model = make(&set, &config);
    im2sp_trained_freeze_encoder(model);
    for (size_t p = 0; p < parameter_set_count(set); p++) {
        const struct parameter *parameter = parameter_set_at(set, p);
        CU_ASSERT_EQUAL(parameter->is_frozen, strstr(parameter->name, "image_encoder") != NULL);
    }
    im2sp_trained_destroy(model);
    parameter_set_destroy(set);
}

/* A picture of mean codes gives patches of nothing; others give patches of loudness 1. */
static void check_centred(size_t convolution_channels, const char *weight_name,
                          const char *bias_name)
{
    struct im2sp_config config = im2sp_config_compact(SIDE, CHANNELS, 20);
    struct parameter_set *set;
    config.width = config.encoder.width = 64;
    config.encoder.convolution_channels = convolution_channels;
    struct im2sp_trained *model = make(&set, &config);
    const struct parameter *patch = parameter_set_find(set, weight_name);
    const struct parameter *bias = parameter_set_find(set, bias_name);
    const size_t places = patch->columns / CHANNELS;
    double mean[CHANNELS] = { 0 }, largest = 0.0, square = 0.0;
    for (size_t i = 0; i < CODES * CHANNELS; i++)
        mean[i % CHANNELS] += (double)codes[i / CHANNELS][i % CHANNELS] / CODES;
    for (size_t d = 0; d < patch->rows; d++) {
        double of_mean = (double)bias->value[d], of_codes = (double)bias->value[d];
        for (size_t i = 0; i < patch->columns; i++) {
            const double weight = (double)patch->value[d * patch->columns + i];
            of_mean += weight * mean[i / places];
            of_codes += weight * (double)codes[i % places % CODES][i / places];
        }
        largest = fmax(largest, fabs(of_mean));
        square += of_codes * of_codes / (double)patch->rows;
    }
    CU_ASSERT(largest < 1e-4);
    CU_ASSERT(square > 0.4 && square < 2.5);
    im2sp_trained_destroy(model);
    parameter_set_destroy(set);
}

static void first_patches_are_centred(void)
{
    check_centred(0, "git.image_encoder.vision_model.patch_embed.proj.weight",
                  "git.image_encoder.vision_model.patch_embed.proj.bias");
    check_centred(64, "git.image_encoder.vision_model.patch_embed.early.0.weight",
                  "git.image_encoder.vision_model.patch_embed.early.0.bias");
}

static void what_does_not_fit_is_refused(void)
{
    struct pair pair;
    struct im2sp_config config = im2sp_config_compact(SIDE, CHANNELS + 1, 20);
    pair_begin(&pair, plain);
    check_status(im2sp_tower_sizes(&config.encoder, pair.settings), STATUS_INVALID,
                 "patches of 4 units of 3 values");
    config = sizes_with(&pair);
    config.encoder.layers = 3; /* the tower has two */
    struct parameter_set *set;
    struct im2sp_trained *model = make(&set, &config);
    check_status(im2sp_tower_fill(model, &pair.table), STATUS_CORRUPT, "layers.2.");
    im2sp_trained_destroy(model);
    parameter_set_destroy(set);
    pair_end(&pair);
    pair_begin(&pair, plain); /* patches side by side are no convolutions */
    config = sizes_with(&pair);
    config.encoder.convolution_channels = CONVOLVED;
    model = make(&set, &config);
    check_status(im2sp_tower_fill(model, &pair.table), STATUS_CORRUPT, "early.0.weight");
    im2sp_trained_destroy(model);
    parameter_set_destroy(set);
    pair_end(&pair);
}

int main(int argc, char **argv)
{
    l2_normalise(codes[0], codes[0], 1e-12f, CODES, CHANNELS);
    CU_TestInfo cases[] = {
        { "both see the same", both_see_the_same },
        { "a frozen encoder is all that is frozen", a_frozen_encoder_is_all_that_is_frozen },
        { "first patches are centred", first_patches_are_centred },
        { "what does not fit is refused", what_does_not_fit_is_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp_tower", cases);
}
