/* The speech encoder beyond what the goldens have: several blocks, units, early convolutions over
 * them, half precision layers, dropout; a batch gives what its parts give, CLS alone what all rows
 * give, and the gradients are the slopes. */
#include "core/random.h"
#include "models/speech_encoder.h"
#include "nn/half.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UTTERANCES = 4, FRAMES = 16, WIDTH = 8, EMBEDDING = 5, LAYERS = 3, MERGED = 16, UNITS = 9 };

static const size_t ragged[UTTERANCES + 1] = { 0, 3, 4, 11, 13 };
static const size_t squares[UTTERANCES + 1] = { 0, 4, 8, 12, FRAMES }; /* of 8 x 8 units */
static const uint64_t records[UTTERANCES] = { 12, 3, 700, 5 };

struct trainee {
    struct speech_encoder_config config;
    struct parameter_set *set;
    struct speech_encoder *encoder;
    struct tape *tape;
    uint16_t halves[LAYERS][FRAMES * WIDTH];
    float floats[LAYERS][FRAMES * WIDTH];
    int32_t units[FRAMES * MERGED];
};

static struct speech_encoder_config config_of(size_t layers, size_t merged_units, size_t blocks)
{
    struct speech_encoder_config config = speech_encoder_default(WIDTH, EMBEDDING);
    config.feature_layers = layers;
    config.units = layers == 0 ? UNITS : 0;
    config.merged_units = merged_units;
    config.unit_width = merged_units > 1 ? 3 : WIDTH;
    config.blocks = blocks;
    config.sizes.heads = 2;
    config.sizes.feed_forward = 12;
    config.sizes.dropout = 0.3f;
    return config;
}

static const size_t *starts_of(const struct trainee *trainee)
{
    return trainee->config.convolution_channels > 0 ? squares : ragged;
}

static void give_codes(struct trainee *trainee, struct random_stream *stream)
{
    float rows[UNITS * WIDTH];
    const struct unit_codes codes = { rows, UNITS, trainee->config.unit_width };
    for (size_t i = 0; i < codes.count * codes.width; i++)
        rows[i] = 3.0f + (float)random_normal(stream);
    unit_codes_standardise(rows, codes.count, codes.width);
    check_status(speech_encoder_set_codes(trainee->encoder, &codes), STATUS_OK, NULL);
}

static void trainee_begin(struct trainee *trainee, struct speech_encoder_config config)
{
    struct random_stream stream = random_stream_numbered(8, 1, "inputs");
    *trainee = (struct trainee){ .config = config };
    check_status(parameter_set_create(&trainee->set), STATUS_OK, NULL);
    check_status(speech_encoder_create(&trainee->encoder, trainee->set, "a.", &config), STATUS_OK,
                 NULL);
    if (config.convolution_channels > 0)
        give_codes(trainee, &stream);
    check_status(parameter_set_lay_out(trainee->set), STATUS_OK, NULL);
    speech_encoder_draw(trainee->encoder, 6);
    check_status(tape_create(&trainee->tape, (size_t)8 << 20), STATUS_OK, NULL);
    for (size_t l = 0; l < LAYERS; l++) {
        for (size_t i = 0; i < (size_t)FRAMES * WIDTH; i++)
            trainee->floats[l][i] = (float)random_normal(&stream);
        half_from_float(trainee->halves[l], trainee->floats[l], (size_t)FRAMES * WIDTH);
        half_to_float(trainee->floats[l], trainee->halves[l], (size_t)FRAMES * WIDTH);
    }
    for (size_t i = 0; i < (size_t)FRAMES * MERGED; i++)
        trainee->units[i] = (int32_t)random_below(&stream, UNITS);
}

static void trainee_end(struct trainee *trainee)
{
    tape_destroy(trainee->tape);
    speech_encoder_destroy(trainee->encoder);
    parameter_set_destroy(trainee->set);
}

/* How a batch is run. */
struct manner {
    size_t first, count; /* utterances */
    bool has_dropout, by_floats, wants_all_rows;
};

/* Embeddings [count][EMBEDDING] of some utterances, on a fresh tape. */
static struct array *encode(struct trainee *trainee, struct manner manner)
{
    struct tape *tape = trainee->tape;
    const uint16_t *halves[LAYERS];
    struct array *floats[LAYERS];
    const size_t *starts = starts_of(trainee), frame = starts[manner.first];
    tape_reset(tape);
    size_t *own_starts = tape_take(tape, UTTERANCES + 1, sizeof *own_starts);
    const uint16_t **layers = tape_take(tape, LAYERS, sizeof *layers);
    for (size_t s = 0; s <= manner.count; s++)
        own_starts[s] = starts[manner.first + s] - frame;
    for (size_t l = 0; l < trainee->config.feature_layers; l++) {
        halves[l] = trainee->halves[l] + frame * WIDTH;
        floats[l] = tape_constant(tape, trainee->floats[l] + frame * WIDTH,
                                  own_starts[manner.count], WIDTH);
    }
    memcpy(layers, halves, trainee->config.feature_layers * sizeof *layers);
    const struct speech_batch batch = {
        .frames = { manner.count, own_starts },
        .half_layers = manner.by_floats ? NULL : layers,
        .layers = manner.by_floats ? floats : NULL,
        .units = trainee->units + frame * trainee->config.merged_units,
        .records = manner.has_dropout ? records + manner.first : NULL,
        .seed = 4,
        .step = 9,
    };
    struct array *embedding =
        speech_encoder_run(trainee->encoder, tape, &batch, manner.wants_all_rows).embedding;
    check_status(tape_status(tape), STATUS_OK, NULL);
    CU_ASSERT_FATAL(embedding->rows == manner.count && embedding->columns == EMBEDDING);
    return embedding;
}

static double distance(const float *a, const float *b, size_t count)
{
    double worst = 0.0;
    for (size_t i = 0; i < count; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return worst;
}

static const struct {
    size_t layers, merged_units, blocks;
    bool is_norm_first;
    size_t convolution_channels;
} kinds[] = { { 1, 1, 1, false, 0 },
              { 3, 1, 3, false, 0 },
              { 0, 1, 2, false, 0 },
              { 0, 4, 2, true, 0 },
              { 0, 16, 2, true, 6 } };

enum { KINDS = sizeof kinds / sizeof kinds[0], ALL_FLOATS = UTTERANCES * EMBEDDING };

static void begin_kind(struct trainee *trainee, size_t kind)
{
    struct speech_encoder_config config =
        config_of(kinds[kind].layers, kinds[kind].merged_units, kinds[kind].blocks);
    config.sizes.is_norm_first = kinds[kind].is_norm_first;
    config.convolution_channels = kinds[kind].convolution_channels;
    trainee_begin(trainee, config);
}

static const struct manner whole = { .count = UTTERANCES, .has_dropout = true };

static void a_batch_gives_what_its_parts_give(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee trainee;
        float all[ALL_FLOATS], parts[ALL_FLOATS];
        begin_kind(&trainee, k);
        memcpy(all, encode(&trainee, whole)->value, sizeof all);
        for (size_t cut = 1; cut < UTTERANCES; cut++) {
            struct manner left = whole, right = whole;
            left.count = right.first = cut;
            right.count = UTTERANCES - cut;
            memcpy(parts, encode(&trainee, left)->value, cut * EMBEDDING * sizeof *parts);
            memcpy(parts + cut * EMBEDDING, encode(&trainee, right)->value,
                   right.count * EMBEDDING * sizeof *parts);
            CU_ASSERT(distance(all, parts, ALL_FLOATS) <= 1e-5);
        }
        trainee_end(&trainee);
    }
}

static void dropout_is_there_and_is_asked_for(void)
{
    struct manner without = whole;
    without.has_dropout = false;
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee trainee;
        float all[ALL_FLOATS];
        begin_kind(&trainee, k);
        memcpy(all, encode(&trainee, whole)->value, sizeof all);
        CU_ASSERT(distance(all, encode(&trainee, without)->value, ALL_FLOATS) > 0.01);
        trainee_end(&trainee);
    }
}

static void cls_alone_is_what_all_rows_give(void)
{
    for (size_t k = 0; k < KINDS; k++)
        for (int has_dropout = 0; has_dropout < 2; has_dropout++) {
            struct trainee trainee;
            struct manner manner = whole;
            float all[ALL_FLOATS];
            begin_kind(&trainee, k);
            manner.has_dropout = has_dropout == 1;
            memcpy(all, encode(&trainee, manner)->value, sizeof all);
            manner.wants_all_rows = true;
            CU_ASSERT(distance(all, encode(&trainee, manner)->value, ALL_FLOATS) <= 1e-5);
            trainee_end(&trainee);
        }
}

static void half_layers_are_as_good_as_float_layers(void)
{
    for (size_t k = 0; k < 2; k++) {
        struct trainee trainee;
        struct manner floats = whole;
        float all[ALL_FLOATS];
        floats.by_floats = true;
        begin_kind(&trainee, k);
        memcpy(all, encode(&trainee, whole)->value, sizeof all);
        CU_ASSERT(distance(all, encode(&trainee, floats)->value, ALL_FLOATS) <= 1e-5);
        trainee_end(&trainee);
    }
}

/* A scalar to differentiate: the embeddings, weighted. */
static double weighted(const struct array *embedding, const float *weights)
{
    double sum = 0.0;
    for (size_t i = 0; i < ALL_FLOATS; i++)
        sum += (double)weights[i] * (double)embedding->value[i];
    return sum;
}

static double slope_at(struct trainee *trainee, const float *weights, float *value)
{
    const float here = *value, h = 4e-3f;
    double results[4];
    const float steps[] = { -2.0f * h, -h, h, 2.0f * h };
    for (size_t s = 0; s < 4; s++) {
        *value = here + steps[s];
        results[s] = weighted(encode(trainee, whole), weights);
    }
    *value = here;
    return (8.0 * (results[2] - results[1]) - (results[3] - results[0])) / (12.0 * (double)h);
}

/* Every parameter, a few values of each, dropout included. */
static void gradients_are_the_slopes(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee trainee;
        struct random_stream stream = random_stream_numbered(2, k, "weights");
        float weights[ALL_FLOATS];
        begin_kind(&trainee, k);
        for (size_t i = 0; i < ALL_FLOATS; i++)
            weights[i] = (float)random_normal(&stream);
        tape_seed(trainee.tape, encode(&trainee, whole), weights);
        check_status(tape_run_backward(trainee.tape), STATUS_OK, NULL);
        for (size_t p = 0; p < parameter_set_count(trainee.set); p++) {
            const struct parameter *parameter = parameter_set_at(trainee.set, p);
            for (size_t i = p % 3; i < parameter->count; i += 1 + parameter->count / 9) {
                const double slope = slope_at(&trainee, weights, &parameter->value[i]);
                const double error = fabs(slope - (double)parameter->gradient[i]);
                CU_ASSERT(error <= 2e-3 * (1.0 + fabs(slope)));
                if (error > 2e-3 * (1.0 + fabs(slope)))
                    fprintf(stderr, "kind %zu, %s[%zu]: %g, by differences %g\n", k,
                            parameter->name, i, (double)parameter->gradient[i], slope);
            }
        }
        trainee_end(&trainee);
    }
}

static void check_refused(struct speech_encoder_config config, const char *fragment)
{
    struct parameter_set *set;
    struct speech_encoder *encoder;
    check_status(parameter_set_create(&set), STATUS_OK, NULL);
    check_status(speech_encoder_create(&encoder, set, "", &config), STATUS_INVALID, fragment);
    CU_ASSERT_PTR_NULL(encoder);
    parameter_set_destroy(set);
}

static void sizes_that_do_not_fit_are_refused(void)
{
    struct speech_encoder_config config = config_of(1, 1, 1);
    config.sizes.heads = 3;
    check_refused(config, "3 heads");
    config = config_of(1, 1, 0);
    check_refused(config, "0 blocks");
    config = config_of(1, 1, SPEECH_ENCODER_BLOCKS_MAX + 1);
    check_refused(config, "25 blocks");
    config = config_of(0, 1, 1);
    config.units = 0;
    check_refused(config, "units");
    config = config_of(0, 1, 1);
    config.unit_width = 0;
    check_refused(config, "units of width 0");
    config = config_of(33, 1, 1);
    check_refused(config, "33 layers");
    config = config_of(0, 9, 1);
    config.convolution_channels = 6;
    check_refused(config, "patches are of 4 x 4 units, not of 9 in all");
    speech_encoder_destroy(NULL);
}

static void codes_of_others_are_refused(void)
{
    const float rows[UNITS * WIDTH] = { 0 };
    const struct unit_codes more = { rows, UNITS + 1, 3 }, wider = { rows, UNITS, 4 },
                            none = { NULL, UNITS, 3 }, fitting = { rows, UNITS, 3 };
    struct trainee trainee;
    begin_kind(&trainee, KINDS - 1);
    check_status(speech_encoder_set_codes(trainee.encoder, &more), STATUS_INVALID,
                 "9 codes of 3 values; here are 10 of 3");
    check_status(speech_encoder_set_codes(trainee.encoder, &wider), STATUS_INVALID, "9 of 4");
    check_status(speech_encoder_set_codes(trainee.encoder, &none), STATUS_INVALID, "codes");
    trainee_end(&trainee);
    begin_kind(&trainee, KINDS - 2); /* it has a table */
    check_status(speech_encoder_set_codes(trainee.encoder, &fitting), STATUS_INVALID, "codes");
    trainee_end(&trainee);
}

static void codes_are_brought_to_a_standard(void)
{
    float rows[4][3] = { { 1, 5, 2 }, { 2, 5, 2 }, { 3, 5, 4 }, { 4, 5, 4 } }, same[2] = { 7, 7 };
    double energy = 0.0;
    unit_codes_standardise(rows[0], 4, 3);
    for (size_t c = 0; c < 3; c++)
        CU_ASSERT_DOUBLE_EQUAL(rows[0][c] + rows[1][c] + rows[2][c] + rows[3][c], 0.0, 1e-5);
    for (size_t i = 0; i < 12; i++)
        energy += (double)rows[i / 3][i % 3] * (double)rows[i / 3][i % 3];
    CU_ASSERT_DOUBLE_EQUAL(energy, 12.0, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL((rows[3][0] - rows[0][0]) / (rows[2][2] - rows[0][2]), 1.5, 1e-5);
    unit_codes_standardise(same, 2, 1);
    CU_ASSERT(same[0] == 0.0f && same[1] == 0.0f);
}

static void settings_are_read_as_they_were_written(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        struct speech_encoder_config written =
            config_of(kinds[k].layers, kinds[k].merged_units, kinds[k].blocks);
        struct speech_encoder_config read = speech_encoder_default(1, 1);
        struct settings *settings = settings_create("model");
        written.sizes.is_norm_first = kinds[k].is_norm_first;
        written.has_final_norm = k % 2 == 0;
        written.convolution_channels = kinds[k].convolution_channels;
        written.unit_width = written.units > 0 ? written.unit_width : 0;
        check_status(speech_encoder_config_write(settings, "speech.", &written), STATUS_OK, NULL);
        check_status(speech_encoder_config_read(&read, settings, "speech."), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(read.feature_layers, written.feature_layers);
        CU_ASSERT_EQUAL(read.units, written.units);
        CU_ASSERT_EQUAL(read.merged_units, written.merged_units);
        CU_ASSERT_EQUAL(read.unit_width, written.unit_width);
        CU_ASSERT_EQUAL(read.convolution_channels, written.convolution_channels);
        CU_ASSERT_EQUAL(read.blocks, written.blocks);
        CU_ASSERT_EQUAL(read.embedding, written.embedding);
        CU_ASSERT_EQUAL(read.has_final_norm, written.has_final_norm);
        CU_ASSERT_EQUAL(read.sizes.width, written.sizes.width);
        CU_ASSERT_EQUAL(read.sizes.heads, written.sizes.heads);
        CU_ASSERT_EQUAL(read.sizes.feed_forward, written.sizes.feed_forward);
        CU_ASSERT_EQUAL(read.sizes.is_norm_first, written.sizes.is_norm_first);
        CU_ASSERT_EQUAL(read.sizes.layer_norm_eps, written.sizes.layer_norm_eps);
        CU_ASSERT_EQUAL(read.sizes.dropout, written.sizes.dropout);
        settings_destroy(settings);
    }
}

/* A tape too small is told, at every size. */
static void a_tape_that_is_too_small_is_told(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        struct trainee trainee;
        begin_kind(&trainee, k);
        encode(&trainee, whole);
        const size_t enough = tape_peak_bytes(trainee.tape);
        tape_destroy(trainee.tape);
        for (size_t part = 1; part < 24; part++) {
            const struct speech_batch batch = {
                .frames = { UTTERANCES, starts_of(&trainee) },
                .half_layers = (const uint16_t *const[]){ trainee.halves[0], trainee.halves[1],
                                                          trainee.halves[2] },
                .units = trainee.units,
                .records = records,
            };
            check_status(tape_create(&trainee.tape, enough * part / 24), STATUS_OK, NULL);
            speech_encoder_run(trainee.encoder, trainee.tape, &batch, false);
            check_status(tape_status(trainee.tape), STATUS_NO_MEMORY, "memory_mib");
            tape_destroy(trainee.tape);
        }
        trainee.tape = NULL;
        trainee_end(&trainee);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a batch gives what its parts give", a_batch_gives_what_its_parts_give },
        { "dropout is there and is asked for", dropout_is_there_and_is_asked_for },
        { "CLS alone is what all rows give", cls_alone_is_what_all_rows_give },
        { "half layers are as good as float layers", half_layers_are_as_good_as_float_layers },
        { "gradients are the slopes", gradients_are_the_slopes },
        { "sizes that do not fit are refused", sizes_that_do_not_fit_are_refused },
        { "codes of others are refused", codes_of_others_are_refused },
        { "codes are brought to a standard", codes_are_brought_to_a_standard },
        { "settings are read as they were written", settings_are_read_as_they_were_written },
        { "a tape that is too small is told", a_tape_that_is_too_small_is_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "speech encoder", cases);
}
