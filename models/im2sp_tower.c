#include "models/im2sp_tower.h"

#include "models/im2sp_trained_inside.h"
#include "models/speech_encoder.h"
#include "models/unit_codes.h"
#include "nn/norm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char cls_name[] = "image_tower.parallel_branch.cls";
static const char table_name[] = "image_tower.audio_encoder.unit_embedding.weight";
static const char merge_weight_name[] = "image_tower.audio_encoder.unit_merge.weight";
static const char merge_bias_name[] = "image_tower.audio_encoder.unit_merge.bias";
static const char early_place[] = "image_tower.audio_encoder.";
static const char layer_place[] = "image_tower.parallel_branch.self_att.model.layers.";

bool im2sp_tower_is_in(const struct tensor_table *table)
{
    return tensor_table_find(table, cls_name) != NULL;
}

enum status im2sp_tower_sizes(struct im2sp_encoder_config *encoder, const struct settings *settings)
{
    struct speech_encoder_config tower = speech_encoder_default(encoder->width, 1);
    const enum status outcome = speech_encoder_config_read(&tower, settings, "images.");
    if (outcome != STATUS_OK)
        return outcome;
    const size_t side = (size_t)lround(sqrt((double)tower.merged_units));
    if (side * side != tower.merged_units || tower.unit_width != encoder->channels ||
        encoder->side % side != 0 || !tower.sizes.is_norm_first)
        return status_fail(STATUS_INVALID,
                           "%s: an image tower over patches of %zu units of %zu values; the grid "
                           "has %zu x %zu of %zu",
                           settings_source(settings), tower.merged_units, tower.unit_width,
                           encoder->side, encoder->side, encoder->channels);
    const struct convolution_2d overlapping = speech_encoder_patch(0, 0);
    const bool is_convolved = tower.convolution_channels > 0;
    encoder->convolution_channels = tower.convolution_channels;
    encoder->sees_similarities = false;
    encoder->kernel = is_convolved ? overlapping.kernel : side;
    encoder->stride = is_convolved ? overlapping.stride : side;
    encoder->padding = is_convolved ? overlapping.padding : 0;
    encoder->width = tower.sizes.width;
    encoder->layers = tower.blocks;
    encoder->heads = tower.sizes.heads;
    encoder->mlp = tower.sizes.feed_forward;
    encoder->norm_eps = tower.sizes.layer_norm_eps;
    return STATUS_OK;
}

static struct parameter *parameter_of(const struct im2sp_trained *model, const void *place)
{
    return im2sp_slot_at(model, place)->parts[0];
}

/* What the tower's table made of the codebook, as scale * code + shift. */
struct relation {
    double scale;
    double *shift; /* [channels], owned */
};

static void relate(struct relation *relation, const float *rows, const float *codes, size_t count,
                   size_t C)
{
    double product = 0.0, square = 0.0;
    for (size_t c = 0; c < C; c++) {
        double row_sum = 0.0, code_sum = 0.0;
        for (size_t i = 0; i < count; i++) {
            row_sum += (double)rows[i * C + c];
            code_sum += (double)codes[i * C + c];
        }
        for (size_t i = 0; i < count; i++) {
            const double apart = (double)codes[i * C + c] - code_sum / (double)count;
            product += apart * (double)rows[i * C + c];
            square += apart * apart;
        }
        relation->shift[c] = row_sum / (double)count;
    }
    relation->scale = square > 0.0 ? product / square : 1.0;
    for (size_t c = 0; c < C; c++)
        for (size_t i = 0; i < count; i++)
            relation->shift[c] -= relation->scale * (double)codes[i * C + c] / (double)count;
}

/* What the tower saw of the codes: its table, or, with convolutions, the codes of length 1,
 * standardised. */
static enum status read_codes(float *rows, const struct im2sp_trained *model,
                              const struct tensor_table *table)
{
    const size_t shape[] = { model->codebook.count, model->config.encoder.channels };
    if (model->config.encoder.convolution_channels == 0)
        return tensor_table_read(rows, table, table_name, 2, shape);
    l2_normalise(rows, model->codebook.rows, 1e-12f, shape[0], shape[1]);
    unit_codes_standardise(rows, shape[0], shape[1]);
    return STATUS_OK;
}

/* The best such relation, by least squares. */
static enum status find_relation(struct relation *relation, const struct im2sp_trained *model,
                                 const struct tensor_table *table)
{
    const size_t shape[] = { model->codebook.count, model->config.encoder.channels };
    float *rows = malloc(shape[0] * shape[1] * sizeof *rows);
    *relation = (struct relation){ .shift = calloc(shape[1] + 1, sizeof *relation->shift) };
    enum status outcome = STATUS_OK;
    if (rows == NULL || relation->shift == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %s", table->source, table_name);
    if (outcome == STATUS_OK)
        outcome = read_codes(rows, model, table);
    if (outcome == STATUS_OK)
        relate(relation, rows, model->codebook.rows, shape[0], shape[1]);
    free(rows);
    return outcome;
}

/* What the shift of all vectors comes to, for the convolution that sees them: its weight
 * [rows][C][taps], and none of its windows reaches outside. */
static void relate_convolution(struct parameter *weight, struct parameter *bias,
                               const struct relation *relation, size_t C)
{
    const size_t taps = weight->columns / C;
    for (size_t row = 0; row < weight->rows; row++)
        for (size_t i = 0; i < weight->columns; i++) {
            float *value = &weight->value[row * weight->columns + i];
            bias->value[row] += (float)(relation->shift[i / taps] * (double)*value);
            *value = (float)(relation->scale * (double)*value);
        }
}

/* merge [D][k * k][C] to the convolution's [D][C][k * k]; shifts go to the bias. */
static void put_patch(const struct im2sp_trained *model, const float *merge,
                      const struct relation *relation)
{
    const struct im2sp_encoder_config *encoder = &model->config.encoder;
    const size_t places = encoder->kernel * encoder->kernel, C = encoder->channels;
    float *patch = parameter_of(model, &model->places.encoder.patch)->value;
    float *bias = parameter_of(model, &model->places.encoder.patch_bias)->value;
    for (size_t d = 0; d < encoder->width; d++)
        for (size_t p = 0; p < places; p++)
            for (size_t c = 0; c < C; c++) {
                const double weight = (double)merge[(d * places + p) * C + c];
                patch[(d * C + c) * places + p] = (float)(relation->scale * weight);
                bias[d] += (float)(relation->shift[c] * weight);
            }
}

static enum status read_as_is(const struct im2sp_trained *model, const void *place,
                              const struct tensor_table *table, const char *name)
{
    const struct parameter *parameter = parameter_of(model, place);
    return tensor_table_read(parameter->value, table, name, parameter->dimension_count,
                             parameter->shape);
}

/* Of a tower with early convolutions, these and the patches behind them. */
static enum status fill_convolutions(const struct im2sp_trained *model,
                                     const struct tensor_table *table)
{
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        const struct im2sp_early *early = &model->places.encoder.early[c];
        const void *const places[] = { &early->weight, &early->bias, &early->gain, &early->offset };
        for (size_t t = 0; t < EARLY_TENSORS && outcome == STATUS_OK; t++) {
            char name[128];
            early_convolution_name(name, sizeof name, early_place, c, (enum early_tensor)t);
            outcome = read_as_is(model, places[t], table, name);
        }
    }
    if (outcome == STATUS_OK)
        outcome = read_as_is(model, &model->places.encoder.patch, table, merge_weight_name);
    return outcome == STATUS_OK
               ? read_as_is(model, &model->places.encoder.patch_bias, table, merge_bias_name)
               : outcome;
}

static enum status fill_convolved(const struct im2sp_trained *model,
                                  const struct tensor_table *table)
{
    const struct im2sp_early *first = &model->places.encoder.early[0];
    struct relation relation;
    enum status outcome = find_relation(&relation, model, table);
    if (outcome == STATUS_OK)
        outcome = fill_convolutions(model, table);
    if (outcome == STATUS_OK)
        relate_convolution(parameter_of(model, &first->weight), parameter_of(model, &first->bias),
                           &relation, model->config.encoder.channels);
    free(relation.shift);
    return outcome;
}

static enum status fill_patch(const struct im2sp_trained *model, const struct tensor_table *table)
{
    const struct im2sp_encoder_config *encoder = &model->config.encoder;
    const size_t shape[] = { encoder->width,
                             encoder->kernel * encoder->kernel * encoder->channels };
    struct relation relation;
    float *merge = malloc(shape[0] * shape[1] * sizeof *merge);
    if (merge == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %s", table->source, merge_weight_name);
    enum status outcome = find_relation(&relation, model, table);
    if (outcome == STATUS_OK)
        outcome = tensor_table_read(merge, table, merge_weight_name, 2, shape);
    if (outcome == STATUS_OK)
        outcome = tensor_table_read(parameter_of(model, &model->places.encoder.patch_bias)->value,
                                    table, merge_bias_name, 1, shape);
    if (outcome == STATUS_OK)
        put_patch(model, merge, &relation);
    free(relation.shift);
    free(merge);
    return outcome;
}

/* The class token has no place; patches have the tower's sines and cosines. */
static enum status fill_tokens(const struct im2sp_trained *model, const struct tensor_table *table)
{
    const size_t D = model->config.encoder.width, T = im2sp_config_tokens(&model->config);
    const size_t shape[] = { 1, 1, D };
    struct parameter *position = parameter_of(model, &model->places.encoder.position);
    memset(position->value, 0, D * sizeof *position->value);
    for (size_t t = 1; t < T; t++)
        speech_encoder_place(position->value + t * D, t - 1, D);
    return tensor_table_read(parameter_of(model, &model->places.encoder.class_token)->value, table,
                             cls_name, 3, shape);
}

static enum status fill_layer(const struct im2sp_trained *model, const struct tensor_table *table,
                              size_t number)
{
    const struct im2sp_layer *layer = &model->places.encoder.layers[number];
    const struct {
        const void *place;
        const char *name;
    } entries[] = {
        { &layer->attention_gain, "norm1.weight" },
        { &layer->attention_offset, "norm1.bias" },
        { &layer->qkv, "self_attn.in_proj_weight" },
        { &layer->qkv_bias, "self_attn.in_proj_bias" },
        { &layer->out, "self_attn.out_proj.weight" },
        { &layer->out_bias, "self_attn.out_proj.bias" },
        { &layer->mlp_gain, "norm2.weight" },
        { &layer->mlp_offset, "norm2.bias" },
        { &layer->expand, "linear1.weight" },
        { &layer->expand_bias, "linear1.bias" },
        { &layer->shrink, "linear2.weight" },
        { &layer->shrink_bias, "linear2.bias" },
    };
    enum status outcome = STATUS_OK;
    for (size_t e = 0; e < sizeof entries / sizeof entries[0] && outcome == STATUS_OK; e++) {
        char name[128];
        snprintf(name, sizeof name, "%s%zu.%s", layer_place, number, entries[e].name);
        outcome = read_as_is(model, entries[e].place, table, name);
    }
    return outcome;
}

enum status im2sp_tower_fill(struct im2sp_trained *model, const struct tensor_table *table)
{
    enum status outcome = model->config.encoder.convolution_channels > 0
                              ? fill_convolved(model, table)
                              : fill_patch(model, table);
    if (outcome == STATUS_OK)
        outcome = fill_tokens(model, table);
    for (size_t l = 0; l < model->config.encoder.layers && outcome == STATUS_OK; l++)
        outcome = fill_layer(model, table, l);
    if (outcome == STATUS_OK)
        im2sp_take_to_whitened(model);
    return outcome;
}
