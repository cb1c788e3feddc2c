#include "models/im2sp_weights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct taking {
    const struct tensor_table *table;
};

static size_t part_values(const struct im2sp_entry *entry)
{
    size_t count = 1;
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    return count;
}

static const char *name_in(const struct tensor_table *table, const struct im2sp_entry *entry,
                           size_t part)
{
    const char *name = entry->names[part];
    if (tensor_table_find(table, name) == NULL && entry->other_name[0] != '\0' &&
        tensor_table_find(table, entry->other_name) != NULL)
        return entry->other_name;
    return name;
}

/* The size is checked against the table before memory of that size is taken. */
static enum status read_parts(float **values, const struct tensor_table *table,
                              const struct im2sp_entry *entry)
{
    const size_t count = part_values(entry);
    enum status outcome = STATUS_OK;
    for (size_t p = 0; p < entry->part_count && outcome == STATUS_OK; p++) {
        const char *name = name_in(table, entry, p);
        const struct tensor *tensor = tensor_table_find(table, name);
        if (tensor == NULL || tensor->count != count)
            return status_fail(STATUS_CORRUPT, "%s: tensor %s is missing, or not of %zu values",
                               table->source, name, count);
        if (*values == NULL)
            *values = malloc(entry->part_count * count * sizeof **values);
        if (*values == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s: %s", table->source, name);
        outcome = tensor_table_read(*values + p * count, table, name, entry->dimension_count,
                                    entry->shape);
    }
    return outcome;
}

static enum status take_one(void *payload, const struct im2sp_entry *entry)
{
    const struct taking *taking = payload;
    const size_t rows = entry->part_count * entry->shape[0];
    float *values = NULL;
    enum status outcome = read_parts(&values, taking->table, entry);
    if (outcome == STATUS_OK && entry->matrix != NULL)
        outcome = packed_matrix_make_linear(entry->matrix, values, rows,
                                            part_values(entry) / entry->shape[0]);
    if (outcome == STATUS_OK && entry->row != NULL) {
        *entry->row = values;
        return STATUS_OK;
    }
    free(values);
    return outcome;
}

enum status im2sp_weights_begin(struct im2sp_weights *weights, const struct im2sp_config *config)
{
    *weights = (struct im2sp_weights){ 0 };
    weights->encoder.layers = calloc(config->encoder.layers + 1, sizeof *weights->encoder.layers);
    weights->layers = calloc(config->layers + 1, sizeof *weights->layers);
    if (weights->encoder.layers != NULL && weights->layers != NULL)
        return STATUS_OK;
    im2sp_weights_end(weights, config);
    return status_fail(STATUS_NO_MEMORY, "layers of an image-to-speech model");
}

enum status im2sp_weights_take(struct im2sp_weights *weights, const struct tensor_table *table,
                               const struct im2sp_config *config, const char *prefix)
{
    struct taking taking = { table };
    enum status outcome = im2sp_weights_begin(weights, config);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = im2sp_weights_visit(weights, config, prefix, take_one, &taking);
    if (outcome != STATUS_OK)
        im2sp_weights_end(weights, config);
    return outcome;
}

static void end_layers(struct im2sp_layer *layers, size_t count)
{
    for (size_t l = 0; l < count && layers != NULL; l++) {
        struct im2sp_layer *layer = &layers[l];
        packed_matrix_end(&layer->qkv);
        packed_matrix_end(&layer->out);
        packed_matrix_end(&layer->expand);
        packed_matrix_end(&layer->shrink);
        float *const rows[] = { layer->qkv_bias,    layer->out_bias,       layer->expand_bias,
                                layer->shrink_bias, layer->attention_gain, layer->attention_offset,
                                layer->mlp_gain,    layer->mlp_offset };
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            free(rows[r]);
    }
    free(layers);
}

void im2sp_weights_end(struct im2sp_weights *weights, const struct im2sp_config *config)
{
    float *const rows[] = {
        weights->encoder.patch_bias,
        weights->encoder.class_token,
        weights->encoder.position,
        weights->encoder.pre_gain,
        weights->encoder.pre_offset,
        weights->encoder.post_gain,
        weights->encoder.post_offset,
        weights->projection_bias,
        weights->projection_gain,
        weights->projection_offset,
        weights->words,
        weights->positions,
        weights->word_gain,
        weights->word_offset,
        weights->output_bias,
    };
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
        free(rows[r]);
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        struct im2sp_early *early = &weights->encoder.early[c];
        packed_matrix_end(&early->weight);
        free(early->bias);
        free(early->gain);
        free(early->offset);
    }
    packed_matrix_end(&weights->encoder.patch);
    packed_matrix_end(&weights->projection);
    packed_matrix_end(&weights->output);
    end_layers(weights->encoder.layers, config->encoder.layers);
    end_layers(weights->layers, config->layers);
    *weights = (struct im2sp_weights){ 0 };
}
