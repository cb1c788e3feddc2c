#include "models/speech_encoder.h"

#include "models/early_convolutions.h"
#include "nn/tape_activation.h"
#include "nn/tape_convolution.h"
#include "nn/tape_linear.h"
#include "nn/tape_norm.h"
#include "nn/tape_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct speech_encoder {
    struct speech_encoder_config config;
    struct parameter *mixing, *units, *merge_weight, *merge_bias, *cls;
    struct early_convolutions convolutions; /* with convolution_channels, and instead of `units`: */
    float *codes;                           /* [units][unit_width], owned; NULL before they come */
    struct transformer_block blocks[SPEECH_ENCODER_BLOCKS_MAX];
    struct parameter *norm_gain, *norm_offset, *projection_weight, *projection_bias;
};

static enum status check_config(const struct speech_encoder_config *config)
{
    const struct transformer_sizes *sizes = &config->sizes;
    if ((config->feature_layers == 0) == (config->units == 0))
        return status_fail(STATUS_INVALID,
                           "speech encoder: it takes either layers of features or units");
    if (sizes->heads == 0 || sizes->width % sizes->heads != 0)
        return status_fail(STATUS_INVALID, "speech encoder: %zu heads do not divide a width of %zu",
                           sizes->heads, sizes->width);
    if (config->feature_layers > TAPE_LAYERS_MAX)
        return status_fail(STATUS_INVALID, "speech encoder: %zu layers of features; at most %d",
                           config->feature_layers, TAPE_LAYERS_MAX);
    if (config->units > 0 && (config->unit_width == 0 || config->merged_units == 0))
        return status_fail(STATUS_INVALID, "speech encoder: units of width %zu, %zu to a frame",
                           config->unit_width, config->merged_units);
    if (config->convolution_channels > 0 &&
        config->merged_units != SPEECH_ENCODER_CONVOLVED_SIDE * SPEECH_ENCODER_CONVOLVED_SIDE)
        return status_fail(STATUS_INVALID,
                           "image tower: behind convolutions patches are of %d x %d units, not of "
                           "%zu in all",
                           SPEECH_ENCODER_CONVOLVED_SIDE, SPEECH_ENCODER_CONVOLVED_SIDE,
                           config->merged_units);
    if (config->blocks == 0 || config->blocks > SPEECH_ENCODER_BLOCKS_MAX)
        return status_fail(STATUS_INVALID, "speech encoder: %zu blocks; 1 to %d are possible",
                           config->blocks, SPEECH_ENCODER_BLOCKS_MAX);
    return STATUS_OK;
}

/* Where parameters go, and what stands before their names. */
struct place {
    struct parameter_set *set;
    const char *prefix;
};

static struct parameter *add(const struct place *place, const char *name, size_t dimension_count,
                             const size_t *shape)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s", place->prefix, name);
    return parameter_set_add(place->set, full, dimension_count, shape);
}

/* Whether the table's rows are frames as they are. */
static bool is_merged(const struct speech_encoder_config *config)
{
    return config->merged_units > 1 || config->unit_width != config->sizes.width;
}

struct convolution_2d speech_encoder_patch(size_t images, size_t side)
{
    const size_t stride = SPEECH_ENCODER_CONVOLVED_SIDE / EARLY_SHRINK, kernel = 2 * stride;
    return (struct convolution_2d){ images, side, side, kernel, stride, (kernel - stride) / 2 };
}

static void add_convolutions(struct speech_encoder *encoder, const struct place *place)
{
    const struct speech_encoder_config *config = &encoder->config;
    const size_t D = config->sizes.width, channels = config->convolution_channels;
    const size_t kernel = speech_encoder_patch(0, 0).kernel;
    const size_t patch[] = { D, channels, kernel, kernel };
    char prefix[256];
    snprintf(prefix, sizeof prefix, "%saudio_encoder.", place->prefix);
    early_convolutions_add(&encoder->convolutions, place->set, prefix, config->unit_width,
                           channels);
    encoder->merge_weight = add(place, "audio_encoder.unit_merge.weight", 4, patch);
    encoder->merge_bias = add(place, "audio_encoder.unit_merge.bias", 1, &D);
}

static void add_inputs(struct speech_encoder *encoder, const struct place *place)
{
    const struct speech_encoder_config *config = &encoder->config;
    const size_t D = config->sizes.width, units[] = { config->units, config->unit_width };
    const size_t merge[] = { D, config->merged_units * config->unit_width };
    if (config->units == 0) {
        encoder->mixing =
            add(place, "audio_encoder.weightedsum_layer.weights", 1, &config->feature_layers);
        return;
    }
    if (config->convolution_channels > 0) {
        add_convolutions(encoder, place);
        return;
    }
    encoder->units = add(place, "audio_encoder.unit_embedding.weight", 2, units);
    if (is_merged(config)) {
        encoder->merge_weight = add(place, "audio_encoder.unit_merge.weight", 2, merge);
        encoder->merge_bias = add(place, "audio_encoder.unit_merge.bias", 1, merge);
    }
}

static void add_parameters(struct speech_encoder *encoder, const struct place *place)
{
    const struct speech_encoder_config *config = &encoder->config;
    const size_t D = config->sizes.width, cls[] = { 1, 1, D };
    const size_t projection[] = { config->embedding, D };
    add_inputs(encoder, place);
    encoder->cls = add(place, "parallel_branch.cls", 3, cls);
    for (size_t b = 0; b < config->blocks; b++) {
        char prefix[256];
        snprintf(prefix, sizeof prefix, "%sparallel_branch.self_att.model.layers.%zu.",
                 place->prefix, b);
        transformer_block_add(&encoder->blocks[b], place->set, prefix, &config->sizes);
    }
    if (config->has_final_norm) {
        encoder->norm_gain = add(place, "parallel_branch.self_att.model.norm.weight", 1, &D);
        encoder->norm_offset = add(place, "parallel_branch.self_att.model.norm.bias", 1, &D);
    }
    encoder->projection_weight = add(place, "parallel_branch.linear_proj.weight", 2, projection);
    encoder->projection_bias = add(place, "parallel_branch.linear_proj.bias", 1, projection);
    if (encoder->cls != NULL) /* a row like a bias, not a matrix */
        encoder->cls->is_decayed = false;
}

enum status speech_encoder_create(struct speech_encoder **encoder, struct parameter_set *set,
                                  const char *prefix, const struct speech_encoder_config *config)
{
    const struct place place = { set, prefix };
    *encoder = NULL;
    const enum status status = check_config(config);
    if (status != STATUS_OK)
        return status;
    *encoder = calloc(1, sizeof **encoder);
    if (*encoder == NULL)
        return status_fail(STATUS_NO_MEMORY, "speech encoder: no memory");
    (*encoder)->config = *config;
    add_parameters(*encoder, &place);
    return STATUS_OK;
}

enum status speech_encoder_set_codes(struct speech_encoder *encoder, const struct unit_codes *codes)
{
    const struct speech_encoder_config *config = &encoder->config;
    const size_t count = config->units * config->unit_width;
    if (config->convolution_channels == 0 || codes->rows == NULL || codes->count != config->units ||
        codes->width != config->unit_width)
        return status_fail(STATUS_INVALID,
                           "image tower: it sees %zu codes of %zu values; here are %zu of %zu",
                           config->units, config->unit_width, codes->count, codes->width);
    free(encoder->codes);
    encoder->codes = malloc(count * sizeof *encoder->codes);
    if (encoder->codes == NULL)
        return status_fail(STATUS_NO_MEMORY, "image tower: %zu codes", config->units);
    memcpy(encoder->codes, codes->rows, count * sizeof *encoder->codes);
    return STATUS_OK;
}

void speech_encoder_draw(struct speech_encoder *encoder, uint64_t seed)
{
    const struct speech_encoder_config *config = &encoder->config;
    parameter_draw_normal(encoder->cls, seed, 1.0f);
    if (encoder->units != NULL)
        parameter_draw_normal(encoder->units, seed, 1.0f);
    if (config->convolution_channels > 0)
        early_convolutions_draw(&encoder->convolutions, seed);
    if (encoder->merge_weight != NULL)
        parameter_draw_uniform(encoder->merge_weight, seed,
                               1.0f / sqrtf((float)encoder->merge_weight->columns));
    for (size_t b = 0; b < config->blocks; b++)
        transformer_block_draw(&encoder->blocks[b], seed);
    if (encoder->norm_gain != NULL)
        parameter_fill(encoder->norm_gain, 1.0f);
    parameter_draw_uniform(encoder->projection_weight, seed,
                           1.0f / sqrtf((float)config->sizes.width));
}

void speech_encoder_place(float *row, size_t place, size_t width)
{
    for (size_t d = 0; d < width; d++) {
        const float rate = expf(-9.2103404f * (float)(d / 2 * 2) / (float)width);
        const float angle = (float)place * rate;
        row[d] = d % 2 == 0 ? sinf(angle) : cosf(angle);
    }
}

/* Of each frame, its place in the utterance. */
static struct array *positions(struct tape *tape, const struct segments *frames, size_t D)
{
    const size_t count = frames->starts[frames->count];
    struct array *rows = tape_output(tape, count, D, false);
    if (!tape_has_room(tape))
        return rows;
    for (size_t s = 0; s < frames->count; s++)
        for (size_t t = frames->starts[s]; t < frames->starts[s + 1]; t++)
            speech_encoder_place(rows->value + t * D, t - frames->starts[s], D);
    return rows;
}

/* What units stand for. */
static struct array *look_up(const struct speech_encoder *encoder, struct tape *tape,
                             const int32_t *units, size_t count)
{
    const size_t width = encoder->config.unit_width;
    struct array *rows = tape_output(tape, count, width, false);
    for (size_t i = 0; i < count && tape_has_room(tape); i++)
        memcpy(rows->value + i * width, encoder->codes + (size_t)units[i] * width,
               width * sizeof *rows->value);
    return rows;
}

/* Squares of units to patches: [count][width]. */
static struct array *convolved_frames(struct speech_encoder *encoder, struct tape *tape,
                                      const struct speech_batch *batch, size_t count)
{
    const struct speech_encoder_config *config = &encoder->config;
    const size_t pictures = batch->frames.count, units = count * config->merged_units;
    const size_t side = (size_t)lround(sqrt((double)(units / pictures)));
    const struct convolution_2d patch = speech_encoder_patch(pictures, side / EARLY_SHRINK);
    struct array *rows = look_up(encoder, tape, batch->units, units);
    if (!tape_has_room(tape))
        return rows;
    rows = early_convolutions_run(tape, &encoder->convolutions, rows, pictures, side,
                                  config->sizes.layer_norm_eps);
    return tape_convolution_2d(tape, rows, tape_parameter(tape, encoder->merge_weight),
                               tape_parameter(tape, encoder->merge_bias), &patch);
}

static struct array *unit_frames(struct speech_encoder *encoder, struct tape *tape,
                                 const struct speech_batch *batch, size_t count)
{
    const struct speech_encoder_config *config = &encoder->config;
    const int32_t *units = batch->units;
    if (config->convolution_channels > 0)
        return convolved_frames(encoder, tape, batch, count);
    struct array *rows = tape_embedding(tape, tape_parameter(tape, encoder->units), units,
                                        count * config->merged_units, NO_PADDING_ID);
    if (encoder->merge_weight == NULL)
        return rows;
    struct array *merged =
        tape_reshape(tape, rows, count, config->merged_units * config->unit_width);
    return tape_linear(tape, merged, tape_parameter(tape, encoder->merge_weight),
                       tape_parameter(tape, encoder->merge_bias));
}

static struct array *frames_of(struct speech_encoder *encoder, struct tape *tape,
                               const struct speech_batch *batch)
{
    const size_t D = encoder->config.sizes.width, layers = encoder->config.feature_layers;
    const size_t count = batch->frames.starts[batch->frames.count];
    if (encoder->config.units > 0)
        return tape_add(tape, unit_frames(encoder, tape, batch, count),
                        positions(tape, &batch->frames, D));
    struct array *weights = tape_softmax(tape, tape_parameter(tape, encoder->mixing));
    if (batch->layers != NULL)
        return tape_mix_layers(tape, batch->layers, layers, weights);
    return tape_mix_half_layers(tape, batch->half_layers, layers, count, D, weights);
}

/* The batch with a CLS row before each utterance. */
struct rows {
    size_t *starts;
    struct row_source *sources;
    uint64_t *names;
};

static struct rows place_rows(struct tape *tape, const struct speech_batch *batch)
{
    const struct segments *frames = &batch->frames;
    const size_t count = frames->starts[frames->count] + frames->count;
    struct rows rows = { .starts = tape_take(tape, frames->count + 1, sizeof(size_t)),
                         .sources = tape_take(tape, count, sizeof(struct row_source)),
                         .names = tape_take(tape, count, sizeof(uint64_t)) };
    for (size_t s = 0; s < frames->count && tape_has_room(tape); s++) {
        size_t at = frames->starts[s] + s;
        const uint64_t record = batch->records != NULL ? batch->records[s] : 0;
        rows.starts[s] = at;
        rows.names[at] = record << 20;
        rows.sources[at++] = (struct row_source){ .part = 0, .row = 0 };
        for (size_t t = frames->starts[s]; t < frames->starts[s + 1]; t++, at++) {
            rows.names[at] = (record << 20) + (t - frames->starts[s]) + 1;
            rows.sources[at] = (struct row_source){ .part = 1, .row = (uint32_t)t };
        }
    }
    if (tape_has_room(tape))
        rows.starts[frames->count] = count;
    return rows;
}

static struct array *run_blocks(struct speech_encoder *encoder, struct tape *tape, struct array *x,
                                const struct transformer_run *run, bool wants_all_rows,
                                struct speech_encoding *encoding)
{
    const struct speech_encoder_config *config = &encoder->config;
    for (size_t b = 0; b < config->blocks && tape_has_room(tape); b++) {
        struct transformer_run block = *run;
        block.layer += (uint32_t)(3 * b);
        block.is_first_row_only = b + 1 == config->blocks && !wants_all_rows;
        x = transformer_block_run(tape, &encoder->blocks[b], x, &config->sizes, &block,
                                  b == 0 ? &encoding->first_block : NULL);
        if (b == 0)
            encoding->first_output = x;
    }
    if (encoder->norm_gain != NULL)
        x = tape_layer_norm(tape, x, tape_parameter(tape, encoder->norm_gain),
                            tape_parameter(tape, encoder->norm_offset),
                            config->sizes.layer_norm_eps);
    return x;
}

/* CLS rows of all rows. */
static struct array *take_cls(struct tape *tape, struct array *x, const struct rows *rows,
                              size_t count)
{
    struct row_source *sources = tape_take(tape, count, sizeof *sources);
    if (!tape_has_room(tape))
        return x;
    for (size_t s = 0; s < count; s++)
        sources[s] = (struct row_source){ .row = (uint32_t)rows->starts[s] };
    return tape_collect_rows(tape, &x, 1, sources, count);
}

struct speech_encoding speech_encoder_run(struct speech_encoder *encoder, struct tape *tape,
                                          const struct speech_batch *batch, bool wants_all_rows)
{
    struct speech_encoding encoding = { .frames = frames_of(encoder, tape, batch) };
    const struct rows rows = place_rows(tape, batch);
    if (!tape_has_room(tape)) {
        encoding.states = encoding.projected = encoding.embedding = encoding.frames;
        return encoding;
    }
    struct array *const parts[] = { tape_parameter(tape, encoder->cls), encoding.frames };
    const size_t count = batch->frames.count;
    const struct transformer_run run = {
        .segments = { count, rows.starts },
        .seed = batch->seed,
        .step = batch->step,
        .layer = batch->first_dropout,
        .row_names = batch->records != NULL ? rows.names : NULL,
    };
    struct array *x = tape_collect_rows(tape, parts, 2, rows.sources, rows.starts[count]);
    encoding.states = run_blocks(encoder, tape, x, &run, wants_all_rows, &encoding);
    struct array *cls =
        wants_all_rows ? take_cls(tape, encoding.states, &rows, count) : encoding.states;
    encoding.projected = tape_linear(tape, cls, tape_parameter(tape, encoder->projection_weight),
                                     tape_parameter(tape, encoder->projection_bias));
    encoding.embedding = tape_l2_normalise(tape, encoding.projected, 1e-12f);
    return encoding;
}

void speech_encoder_destroy(struct speech_encoder *encoder)
{
    if (encoder != NULL)
        free(encoder->codes);
    free(encoder);
}
