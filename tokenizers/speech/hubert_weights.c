#include "tokenizers/speech/hubert_weights.h"

#include <math.h>
#include <stdlib.h>

struct taking {
    struct hubert_weights *weights;
    const struct tensor_table *table;
    const struct hubert_names *names;
    size_t capacity; /* of weights->owned */
};

static struct hubert_pair *pair_of(struct hubert_weights *weights, const struct hubert_entry *entry)
{
    struct hubert_block_weights *block =
        &weights->blocks[entry->part >= HUBERT_QUERY ? entry->index : 0];
    switch (entry->part) {
    case HUBERT_CONVOLUTION:
        return &weights->convolutions[entry->index];
    case HUBERT_CONVOLUTION_NORM:
        return &weights->convolution_norms[entry->index];
    case HUBERT_FEATURE_NORM:
        return &weights->feature_norm;
    case HUBERT_PROJECTION:
        return &weights->projection;
    case HUBERT_POSITION:
        return &weights->position;
    case HUBERT_ENCODER_NORM:
        return &weights->encoder_norm;
    case HUBERT_QUERY:
        return &block->query;
    case HUBERT_KEY:
        return &block->key;
    case HUBERT_VALUE:
        return &block->value;
    case HUBERT_ATTENTION_OUT:
        return &block->attention_out;
    case HUBERT_ATTENTION_NORM:
        return &block->attention_norm;
    case HUBERT_EXPAND:
        return &block->expand;
    case HUBERT_CONTRACT:
        return &block->contract;
    case HUBERT_FINAL_NORM:
        return &block->final_norm;
    case HUBERT_PART_COUNT:
        break;
    }
    return NULL;
}

static const float **place_of(struct hubert_weights *weights, const struct hubert_entry *entry)
{
    struct hubert_pair *pair = pair_of(weights, entry);
    switch (entry->role) {
    case HUBERT_WEIGHT:
    case HUBERT_DIRECTION:
        return &pair->weight;
    case HUBERT_BIAS:
        return &pair->bias;
    case HUBERT_GAIN:
        return &weights->position_gain;
    }
    return NULL;
}

static enum status keep(struct taking *taking, float *owned)
{
    struct hubert_weights *weights = taking->weights;
    if (weights->owned_count == taking->capacity) {
        const size_t capacity = taking->capacity * 2 + 16;
        float **grown = realloc(weights->owned, capacity * sizeof *grown);
        if (grown == NULL) {
            free(owned);
            return status_fail(STATUS_NO_MEMORY, "%s: HuBERT's weights", taking->table->source);
        }
        weights->owned = grown;
        taking->capacity = capacity;
    }
    weights->owned[weights->owned_count++] = owned;
    return STATUS_OK;
}

static enum status take(void *payload, const struct hubert_entry *entry)
{
    struct taking *taking = payload;
    char name[HUBERT_NAME_BYTES];
    float *owned = NULL;
    hubert_names_write(name, taking->names, entry->part, entry->role, entry->index);
    const enum status outcome =
        tensor_table_borrow(place_of(taking->weights, entry), &owned, taking->table, name,
                            entry->dimension_count, entry->shape);
    if (owned != NULL) {
        const enum status kept = keep(taking, owned);
        return outcome != STATUS_OK ? outcome : kept;
    }
    return outcome;
}

/* [out][in][k] to [out][k][in]. */
static void move_channels_last(float *moved, const float *weight, size_t out, size_t in,
                               size_t kernel)
{
    for (size_t o = 0; o < out; o++)
        for (size_t i = 0; i < in; i++)
            for (size_t k = 0; k < kernel; k++)
                moved[(o * kernel + k) * in + i] = weight[(o * in + i) * kernel + k];
}

static enum status repack_convolutions(struct hubert_weights *weights,
                                       const struct hubert_config *config)
{
    const struct hubert_convolution *layers = config->convolutions;
    weights->first = malloc(layers[0].channels * layers[0].kernel * sizeof *weights->first);
    if (weights->first == NULL)
        return status_fail(STATUS_NO_MEMORY, "HuBERT's convolutions");
    for (size_t o = 0; o < layers[0].channels; o++)
        for (size_t k = 0; k < layers[0].kernel; k++)
            weights->first[k * layers[0].channels + o] =
                weights->convolutions[0].weight[o * layers[0].kernel + k];
    for (size_t c = 1; c < config->convolution_count; c++) {
        const size_t in = layers[c - 1].channels, out = layers[c].channels;
        float *moved = malloc(out * in * layers[c].kernel * sizeof *moved);
        if (moved == NULL)
            return status_fail(STATUS_NO_MEMORY, "HuBERT's convolutions");
        weights->convolved[c] = moved;
        move_channels_last(moved, weights->convolutions[c].weight, out, in, layers[c].kernel);
    }
    return STATUS_OK;
}

/* gain / |direction| for tap k, over all channels (PyTorch's weight_norm with dim 2). */
static double tap_scale(const struct hubert_weights *weights, size_t channels, size_t kernel,
                        size_t k)
{
    double squares = 0.0;
    for (size_t i = 0; i < channels; i++) {
        const double value = (double)weights->position.weight[i * kernel + k];
        squares += value * value;
    }
    return (double)weights->position_gain[k] / sqrt(squares);
}

static enum status repack_position(struct hubert_weights *weights,
                                   const struct hubert_config *config, const char *source)
{
    const size_t kernel = config->position_kernel, D = config->width;
    const size_t width = D / config->position_groups; /* of a group, in and out */
    weights->positional = malloc(D * width * kernel * sizeof *weights->positional);
    if (weights->positional == NULL)
        return status_fail(STATUS_NO_MEMORY, "HuBERT's positional convolution");
    for (size_t k = 0; k < kernel; k++) {
        const double scale = tap_scale(weights, D * width, kernel, k);
        if (!isfinite(scale))
            return status_fail(STATUS_CORRUPT,
                               "%s: tap %zu of the positional convolution has no direction", source,
                               k);
        for (size_t o = 0; o < D; o++)
            for (size_t i = 0; i < width; i++) {
                const size_t group = o / width;
                weights->positional[((group * kernel + k) * width + i) * width + o % width] =
                    (float)(scale * (double)weights->position.weight[(o * width + i) * kernel + k]);
            }
    }
    return STATUS_OK;
}

enum status hubert_weights_take(struct hubert_weights *out, const struct tensor_table *table,
                                const struct hubert_config *config)
{
    struct hubert_names names;
    *out = (struct hubert_weights){ 0 };
    enum status outcome = hubert_names_detect(&names, table);
    if (outcome != STATUS_OK)
        return outcome;
    out->blocks = calloc(config->layers, sizeof *out->blocks);
    if (out->blocks == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: HuBERT's weights", table->source);
    struct taking taking = { .weights = out, .table = table, .names = &names };
    outcome = hubert_names_visit(config, take, &taking);
    if (outcome == STATUS_OK)
        outcome = hubert_names_check(&names, table, config);
    if (outcome == STATUS_OK)
        outcome = repack_convolutions(out, config);
    if (outcome == STATUS_OK)
        outcome = repack_position(out, config, table->source);
    if (outcome != STATUS_OK)
        hubert_weights_end(out);
    return outcome;
}

void hubert_weights_end(struct hubert_weights *weights)
{
    for (size_t i = 0; i < weights->owned_count; i++)
        free(weights->owned[i]);
    free(weights->owned);
    for (size_t c = 0; c < HUBERT_CONVOLUTIONS_MAX; c++)
        free(weights->convolved[c]);
    free(weights->first);
    free(weights->positional);
    free(weights->blocks);
    *weights = (struct hubert_weights){ 0 };
}
