#include "models/unit_vocoder_trained.h"

#include "nn/tape_activation.h"
#include "nn/tape_convolution.h"
#include "nn/tape_dilated_convolution.h"
#include "nn/tape_linear.h"
#include "nn/tape_norm.h"
#include "nn/tape_rows.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const float slope = 0.1f, last_slope = 0.01f;

/* Loudness behind a layer, of that before: with rectifiers, and a residual block's second
 * convolutions, which add to what is there. */
static const float plain_gain = 1.0f, rectified_gain = 1.3f, second_gain = 0.3f, post_gain = 0.1f;

struct layer {
    struct parameter *weight, *bias;
    float deviation; /* of first values */
};

struct residual {
    struct layer first[UNIT_VOCODER_DILATIONS_MAX], second[UNIT_VOCODER_DILATIONS_MAX];
};

struct norm {
    struct parameter *gain, *offset;
};

struct unit_vocoder_trained {
    struct unit_vocoder_config config;
    struct parameter *table;
    struct layer pre, post, ups[UNIT_VOCODER_STAGES_MAX];
    struct residual blocks[UNIT_VOCODER_STAGES_MAX][UNIT_VOCODER_BLOCKS_MAX];
    struct layer duration_convolutions[2], duration_out;
    struct norm duration_norms[2];
};

/* Adds [rows][columns][kernel], or [rows][columns] where kernel is 0, and a bias. `terms` products
 * make up an output. */
static void add_layer(struct layer *layer, struct parameter_set *set, const char *place,
                      const size_t shape[3], size_t outputs, float gain, double terms)
{
    char name[96];
    snprintf(name, sizeof name, "%s.weight", place);
    layer->weight = parameter_set_add(set, name, shape[2] > 0 ? 3 : 2, shape);
    snprintf(name, sizeof name, "%s.bias", place);
    layer->bias = parameter_set_add(set, name, 1, &outputs);
    layer->deviation = gain / (float)sqrt(terms);
}

static void add_convolution(struct layer *layer, struct parameter_set *set, const char *place,
                            size_t outputs, size_t inputs, size_t kernel, float gain)
{
    const size_t shape[3] = { outputs, inputs, kernel };
    add_layer(layer, set, place, shape, outputs, gain, (double)(inputs * kernel));
}

static void add_stage(struct unit_vocoder_trained *model, struct parameter_set *set, size_t s)
{
    char place[64];
    const struct unit_vocoder_config *config = &model->config;
    const struct unit_vocoder_stage *stage = &config->stages[s];
    const size_t C = unit_vocoder_config_channels(config, s);
    const size_t shape[3] = { 2 * C, C, stage->kernel };
    snprintf(place, sizeof place, "ups.%zu", s);
    add_layer(&model->ups[s], set, place, shape, C, rectified_gain,
              (double)(2 * C * stage->kernel) / (double)stage->rate);
    for (size_t b = 0; b < config->block_count; b++)
        for (size_t d = 0; d < config->blocks[b].dilation_count; d++) {
            const size_t kernel = config->blocks[b].kernel, number = s * config->block_count + b;
            snprintf(place, sizeof place, "resblocks.%zu.convs1.%zu", number, d);
            add_convolution(&model->blocks[s][b].first[d], set, place, C, C, kernel,
                            rectified_gain);
            snprintf(place, sizeof place, "resblocks.%zu.convs2.%zu", number, d);
            add_convolution(&model->blocks[s][b].second[d], set, place, C, C, kernel, second_gain);
        }
}

static void add_durations(struct unit_vocoder_trained *model, struct parameter_set *set)
{
    const size_t H = model->config.duration_hidden, out[3] = { 1, H, 0 };
    char place[64];
    for (size_t c = 0; c < 2; c++) {
        snprintf(place, sizeof place, "dur_predictor.conv%zu.0", c + 1);
        add_convolution(&model->duration_convolutions[c], set, place, H,
                        c == 0 ? model->config.width : H, 3, plain_gain);
        snprintf(place, sizeof place, "dur_predictor.ln%zu.weight", c + 1);
        model->duration_norms[c].gain = parameter_set_add(set, place, 1, &H);
        snprintf(place, sizeof place, "dur_predictor.ln%zu.bias", c + 1);
        model->duration_norms[c].offset = parameter_set_add(set, place, 1, &H);
    }
    add_layer(&model->duration_out, set, "dur_predictor.proj", out, 1, second_gain, (double)H);
}

static enum status check_sizes(const struct unit_vocoder_config *config)
{
    if (config->codes < 1 || config->codes > UNIT_VOCODER_CODES_MAX || config->width < 1 ||
        config->width > UNIT_VOCODER_CHANNELS_MAX || config->channels < 1 ||
        config->channels > UNIT_VOCODER_CHANNELS_MAX ||
        config->channels % ((size_t)1 << config->stage_count) != 0)
        return status_fail(STATUS_INVALID,
                           "vocoder: %zu codes of %zu values, %zu channels, to be halved %zu times",
                           config->codes, config->width, config->channels, config->stage_count);
    return STATUS_OK;
}

enum status unit_vocoder_trained_create(struct unit_vocoder_trained **out,
                                        struct parameter_set *set,
                                        const struct unit_vocoder_config *config)
{
    const size_t table[2] = { config->codes, config->width };
    const size_t last = unit_vocoder_config_channels(config, config->stage_count - 1);
    *out = NULL;
    const enum status outcome = check_sizes(config);
    if (outcome != STATUS_OK)
        return outcome;
    struct unit_vocoder_trained *model = calloc(1, sizeof *model);
    if (model == NULL)
        return status_fail(STATUS_NO_MEMORY, "vocoder: no memory");
    model->config = *config;
    model->table = parameter_set_add(set, "dict.weight", 2, table);
    add_convolution(&model->pre, set, "conv_pre", config->channels, config->width,
                    config->pre_kernel, plain_gain);
    for (size_t s = 0; s < config->stage_count; s++)
        add_stage(model, set, s);
    add_convolution(&model->post, set, "conv_post", 1, last, config->post_kernel, post_gain);
    if (config->duration_hidden > 0)
        add_durations(model, set);
    *out = model;
    return STATUS_OK;
}

void unit_vocoder_trained_destroy(struct unit_vocoder_trained *model)
{
    free(model);
}

const struct unit_vocoder_config *
unit_vocoder_trained_sizes(const struct unit_vocoder_trained *model)
{
    return &model->config;
}

static void draw_layer(const struct layer *layer, uint64_t seed)
{
    parameter_draw_normal(layer->weight, seed, layer->deviation);
    parameter_fill(layer->bias, 0.0f);
}

void unit_vocoder_trained_draw(struct unit_vocoder_trained *model, uint64_t seed)
{
    const struct unit_vocoder_config *config = &model->config;
    parameter_draw_normal(model->table, seed, 1.0f);
    draw_layer(&model->pre, seed);
    draw_layer(&model->post, seed);
    for (size_t s = 0; s < config->stage_count; s++) {
        draw_layer(&model->ups[s], seed);
        for (size_t b = 0; b < config->block_count; b++)
            for (size_t d = 0; d < config->blocks[b].dilation_count; d++) {
                draw_layer(&model->blocks[s][b].first[d], seed);
                draw_layer(&model->blocks[s][b].second[d], seed);
            }
    }
    for (size_t c = 0; c < 2 && config->duration_hidden > 0; c++) {
        draw_layer(&model->duration_convolutions[c], seed);
        parameter_fill(model->duration_norms[c].gain, 1.0f);
        parameter_fill(model->duration_norms[c].offset, 0.0f);
    }
    if (config->duration_hidden > 0) {
        draw_layer(&model->duration_out, seed);
        parameter_fill(model->duration_out.bias, 1.0f); /* about two codes */
    }
}

/* A net as it runs: where its rows begin changes from stage to stage. */
struct running {
    const struct unit_vocoder_trained *model;
    struct tape *tape;
    struct segments segments;
};

static struct array *convolve(const struct running *run, struct array *x, const struct layer *layer,
                              struct array *residual, struct dilated_convolution convolution)
{
    return tape_dilated_convolution(run->tape, x, &run->segments,
                                    tape_parameter(run->tape, layer->weight),
                                    tape_parameter(run->tape, layer->bias), residual, &convolution);
}

static struct segments lengthened(struct tape *tape, const struct segments *segments, size_t rate)
{
    size_t *starts = tape_take(tape, segments->count + 1, sizeof *starts);
    for (size_t s = 0; s <= segments->count && starts != NULL; s++)
        starts[s] = segments->starts[s] * rate;
    return (struct segments){ segments->count, starts };
}

static struct array *run_block(const struct running *run, struct array *state,
                               const struct residual *block, const struct unit_vocoder_block *sizes)
{
    for (size_t d = 0; d < sizes->dilation_count; d++) {
        const struct dilated_convolution first = { sizes->kernel, sizes->dilations[d], slope };
        const struct dilated_convolution second = { sizes->kernel, 1, slope };
        struct array *middle = convolve(run, state, &block->first[d], NULL, first);
        state = convolve(run, middle, &block->second[d], state, second);
    }
    return state;
}

/* The transposed convolution, then the mean of all residual blocks. */
static struct array *run_stage(struct running *run, struct array *x, size_t s)
{
    const struct unit_vocoder_config *config = &run->model->config;
    const struct unit_vocoder_stage *stage = &config->stages[s];
    const struct layer *ups = &run->model->ups[s];
    const struct convolution convolution = { .kernel = stage->kernel,
                                             .stride = stage->rate,
                                             .padding = (stage->kernel - stage->rate) / 2,
                                             .dilation = 1,
                                             .groups = 1 };
    const struct segments longer = lengthened(run->tape, &run->segments, stage->rate);
    if (!tape_has_room(run->tape))
        return x;
    struct array *state = tape_convolution_transposed(
        run->tape, tape_leaky_relu(run->tape, x, slope), &run->segments, &longer,
        tape_parameter(run->tape, ups->weight), tape_parameter(run->tape, ups->bias), &convolution);
    struct array *sum = NULL;
    run->segments = longer;
    for (size_t b = 0; b < config->block_count; b++) {
        struct array *block = run_block(run, state, &run->model->blocks[s][b], &config->blocks[b]);
        sum = b == 0 ? block : tape_add(run->tape, sum, block);
    }
    return config->block_count == 1 ? sum
                                    : tape_scale(run->tape, sum, 1.0f / (float)config->block_count);
}

struct array *unit_vocoder_trained_run(struct segments *samples,
                                       const struct unit_vocoder_trained *model, struct tape *tape,
                                       const int32_t *codes, const struct segments *segments)
{
    const struct unit_vocoder_config *config = &model->config;
    const struct dilated_convolution pre = { config->pre_kernel, 1, 1.0f };
    const struct dilated_convolution post = { config->post_kernel, 1, last_slope };
    struct running run = { model, tape, *segments };
    struct array *x = tape_embedding(tape, tape_parameter(tape, model->table), codes,
                                     segments->starts[segments->count], NO_PADDING_ID);
    x = convolve(&run, x, &model->pre, NULL, pre);
    for (size_t s = 0; s < config->stage_count; s++)
        x = run_stage(&run, x, s);
    *samples = run.segments;
    return tape_tanh(tape, convolve(&run, x, &model->post, NULL, post));
}

struct array *unit_vocoder_trained_durations(const struct unit_vocoder_trained *model,
                                             struct tape *tape, const int32_t *units,
                                             const struct segments *segments)
{
    const struct dilated_convolution plain = { 3, 1, 1.0f };
    const struct running run = { model, tape, *segments };
    assert(model->config.duration_hidden > 0);
    struct array *x = tape_embedding(tape, tape_parameter(tape, model->table), units,
                                     segments->starts[segments->count], NO_PADDING_ID);
    for (size_t c = 0; c < 2; c++) {
        const struct norm *norm = &model->duration_norms[c];
        x = convolve(&run, x, &model->duration_convolutions[c], NULL, plain);
        x = tape_layer_norm(tape, tape_leaky_relu(tape, x, 0.0f), tape_parameter(tape, norm->gain),
                            tape_parameter(tape, norm->offset), 1e-5f);
    }
    return tape_linear(tape, x, tape_parameter(tape, model->duration_out.weight),
                       tape_parameter(tape, model->duration_out.bias));
}
