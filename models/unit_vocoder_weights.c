#include "models/unit_vocoder_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct taking {
    const struct tensor_table *table;
    const char *prefix;
};

enum { NAME_BYTES = 160 };

/* A convolution as a file has it: [rows][columns][kernel]; of a transposed one the rows are its
 * inputs. */
struct filed {
    size_t rows, columns, kernel;
};

static enum status take(float **values, const struct taking *taking, const char *place,
                        const char *ending, size_t dimension_count, const size_t *shape)
{
    char name[NAME_BYTES];
    size_t count = 1;
    for (size_t d = 0; d < dimension_count; d++)
        count *= shape[d];
    snprintf(name, sizeof name, "%s%s%s", taking->prefix, place, ending);
    const struct tensor *tensor = tensor_table_find(taking->table, name);
    if (tensor == NULL || tensor->count != count)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s is missing, or not of %zu values",
                           taking->table->source, name, count);
    *values = malloc(count * sizeof **values);
    if (*values == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %s", taking->table->source, name);
    return tensor_table_read(*values, taking->table, name, dimension_count, shape);
}

static enum status take_row(float **values, const struct taking *taking, const char *place,
                            const char *ending, size_t count)
{
    return take(values, taking, place, ending, 1, &count);
}

/* Weight norm: each row times its gain over its length. */
static enum status fold_norm(float *weight, const float *gains, const struct taking *taking,
                             const char *place, const struct filed *filed)
{
    const size_t length = filed->columns * filed->kernel;
    for (size_t row = 0; row < filed->rows; row++) {
        double squares = 0.0;
        float *values = weight + row * length;
        for (size_t i = 0; i < length; i++)
            squares += (double)values[i] * (double)values[i];
        if (squares <= 0.0)
            return status_fail(STATUS_CORRUPT, "%s: %s%s.weight_v: row %zu has no length",
                               taking->table->source, taking->prefix, place, row);
        const double scale = (double)gains[row] / sqrt(squares);
        for (size_t i = 0; i < length; i++)
            values[i] = (float)((double)values[i] * scale);
    }
    return STATUS_OK;
}

/* The weight of a convolution, with norm in the file or without. */
static enum status take_weight(float **weight, const struct taking *taking, const char *place,
                               const struct filed *filed)
{
    char name[NAME_BYTES];
    const size_t shape[3] = { filed->rows, filed->columns, filed->kernel };
    const size_t gain_shape[3] = { filed->rows, 1, 1 };
    float *gains = NULL;
    snprintf(name, sizeof name, "%s%s.weight", taking->prefix, place);
    if (tensor_table_find(taking->table, name) != NULL)
        return take(weight, taking, place, ".weight", 3, shape);
    enum status outcome = take(weight, taking, place, ".weight_v", 3, shape);
    if (outcome == STATUS_OK)
        outcome = take(&gains, taking, place, ".weight_g", 3, gain_shape);
    if (outcome == STATUS_OK)
        outcome = fold_norm(*weight, gains, taking, place, filed);
    free(gains);
    return outcome;
}

static enum status take_convolution(struct unit_convolution *out, const struct taking *taking,
                                    const char *place, struct filed filed, size_t dilation)
{
    float *weight = NULL;
    const size_t kernel = filed.kernel;
    out->dilation = dilation;
    enum status outcome = take_weight(&weight, taking, place, &filed);
    if (outcome == STATUS_OK) {
        const struct packed_source source = { weight, (ptrdiff_t)(filed.columns * kernel), 1,
                                              (ptrdiff_t)kernel };
        outcome = packed_matrix_make(&out->matrix, &source, filed.rows, kernel, filed.columns);
    }
    if (outcome == STATUS_OK)
        outcome = take_row(&out->bias, taking, place, ".bias", filed.rows);
    free(weight);
    return outcome;
}

/* Input row i reaches output row i * rate - padding + tap. So phase r of the output takes the taps
 * first, first + rate, ..., where first = (r + padding) % rate, the largest tap with the earliest
 * row. */
static enum status pack_phase(struct unit_phase *out, const float *weight,
                              const struct filed *filed, size_t rate, size_t phase)
{
    const size_t padding = (filed->kernel - rate) / 2, first = (phase + padding) % rate;
    const size_t taps = (filed->kernel - first + rate - 1) / rate;
    const struct packed_source source = {
        .values = weight + first + (taps - 1) * rate,
        .row_step = (ptrdiff_t)filed->kernel,
        .tap_step = -(ptrdiff_t)rate,
        .term_step = (ptrdiff_t)(filed->columns * filed->kernel),
    };
    out->last = (ptrdiff_t)((phase + padding) / rate);
    return packed_matrix_make(&out->matrix, &source, filed->columns, taps, filed->rows);
}

static enum status take_upsampling(struct unit_upsampling *out, const struct taking *taking,
                                   const char *place, struct filed filed, size_t rate)
{
    float *weight = NULL;
    enum status outcome = take_weight(&weight, taking, place, &filed);
    for (size_t r = 0; r < rate && outcome == STATUS_OK; r++)
        outcome = pack_phase(&out->phases[r], weight, &filed, rate, r);
    if (outcome == STATUS_OK)
        outcome = take_row(&out->bias, taking, place, ".bias", filed.columns);
    free(weight);
    return outcome;
}

static enum status take_block(struct unit_residual *out, const struct taking *taking,
                              const struct unit_vocoder_block *block, size_t number,
                              size_t channels)
{
    const struct filed filed = { channels, channels, block->kernel };
    enum status outcome = STATUS_OK;
    char place[64];
    for (size_t d = 0; d < block->dilation_count && outcome == STATUS_OK; d++) {
        snprintf(place, sizeof place, "resblocks.%zu.convs1.%zu", number, d);
        outcome = take_convolution(&out->first[d], taking, place, filed, block->dilations[d]);
        snprintf(place, sizeof place, "resblocks.%zu.convs2.%zu", number, d);
        if (outcome == STATUS_OK)
            outcome = take_convolution(&out->second[d], taking, place, filed, 1);
    }
    return outcome;
}

static enum status take_stage(struct unit_vocoder_weights *weights, const struct taking *taking,
                              const struct unit_vocoder_config *config, size_t s)
{
    char place[64];
    const size_t C = unit_vocoder_config_channels(config, s);
    const struct filed filed = { 2 * C, C, config->stages[s].kernel };
    snprintf(place, sizeof place, "ups.%zu", s);
    enum status outcome =
        take_upsampling(&weights->ups[s], taking, place, filed, config->stages[s].rate);
    for (size_t b = 0; b < config->block_count && outcome == STATUS_OK; b++)
        outcome = take_block(&weights->blocks[s][b], taking, &config->blocks[b],
                             s * config->block_count + b, C);
    return outcome;
}

static enum status take_durations(struct unit_duration_weights *out, const struct taking *taking,
                                  const struct unit_vocoder_config *config)
{
    static const char *const convolutions[] = { "dur_predictor.conv1.0", "dur_predictor.conv2.0" };
    static const char *const norms[] = { "dur_predictor.ln1", "dur_predictor.ln2" };
    const size_t H = config->duration_hidden, proj_shape[2] = { 1, H };
    float *bias = NULL;
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < 2 && outcome == STATUS_OK; c++) {
        const struct filed filed = { H, c == 0 ? config->width : H, 3 };
        outcome = take_convolution(&out->convolutions[c], taking, convolutions[c], filed, 1);
        if (outcome == STATUS_OK)
            outcome = take_row(&out->gains[c], taking, norms[c], ".weight", H);
        if (outcome == STATUS_OK)
            outcome = take_row(&out->offsets[c], taking, norms[c], ".bias", H);
    }
    if (outcome == STATUS_OK)
        outcome = take(&out->out, taking, "dur_predictor.proj", ".weight", 2, proj_shape);
    if (outcome == STATUS_OK)
        outcome = take_row(&bias, taking, "dur_predictor.proj", ".bias", 1);
    if (outcome == STATUS_OK)
        out->out_bias = bias[0];
    free(bias);
    return outcome;
}

enum status unit_vocoder_weights_take(struct unit_vocoder_weights *weights,
                                      const struct tensor_table *table, const char *prefix,
                                      const struct unit_vocoder_config *config)
{
    const struct taking taking = { table, prefix };
    const size_t last = unit_vocoder_config_channels(config, config->stage_count - 1);
    const size_t table_shape[2] = { config->codes, config->width };
    *weights = (struct unit_vocoder_weights){ 0 };
    enum status outcome = take(&weights->table, &taking, "dict", ".weight", 2, table_shape);
    if (outcome == STATUS_OK)
        outcome = take_convolution(
            &weights->pre, &taking, "conv_pre",
            (struct filed){ config->channels, config->width, config->pre_kernel }, 1);
    for (size_t s = 0; s < config->stage_count && outcome == STATUS_OK; s++)
        outcome = take_stage(weights, &taking, config, s);
    if (outcome == STATUS_OK)
        outcome = take_convolution(&weights->post, &taking, "conv_post",
                                   (struct filed){ 1, last, config->post_kernel }, 1);
    if (outcome == STATUS_OK && config->duration_hidden > 0)
        outcome = take_durations(&weights->durations, &taking, config);
    if (outcome != STATUS_OK)
        unit_vocoder_weights_end(weights);
    return outcome;
}

static void end_convolution(struct unit_convolution *convolution)
{
    packed_matrix_end(&convolution->matrix);
    free(convolution->bias);
}

static void end_block(struct unit_residual *block)
{
    for (size_t d = 0; d < UNIT_VOCODER_DILATIONS_MAX; d++) {
        end_convolution(&block->first[d]);
        end_convolution(&block->second[d]);
    }
}

void unit_vocoder_weights_end(struct unit_vocoder_weights *weights)
{
    free(weights->table);
    end_convolution(&weights->pre);
    end_convolution(&weights->post);
    for (size_t s = 0; s < UNIT_VOCODER_STAGES_MAX; s++) {
        for (size_t r = 0; r < UNIT_VOCODER_RATE_MAX; r++)
            packed_matrix_end(&weights->ups[s].phases[r].matrix);
        free(weights->ups[s].bias);
        for (size_t b = 0; b < UNIT_VOCODER_BLOCKS_MAX; b++)
            end_block(&weights->blocks[s][b]);
    }
    for (size_t c = 0; c < 2; c++) {
        end_convolution(&weights->durations.convolutions[c]);
        free(weights->durations.gains[c]);
        free(weights->durations.offsets[c]);
    }
    free(weights->durations.out);
    *weights = (struct unit_vocoder_weights){ 0 };
}
