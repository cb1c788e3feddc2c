#include "tokenizers/image/vit_vqgan_weights.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status vit_vqgan_weights_begin(struct vit_vqgan_weights *weights,
                                    const struct vit_vqgan_config *config)
{
    *weights = (struct vit_vqgan_weights){ 0 };
    weights->encoder.blocks = calloc(config->encoder.depth, sizeof *weights->encoder.blocks);
    weights->decoder.blocks = calloc(config->decoder.depth, sizeof *weights->decoder.blocks);
    if (weights->encoder.blocks != NULL && weights->decoder.blocks != NULL)
        return STATUS_OK;
    vit_vqgan_weights_end(weights);
    return status_fail(STATUS_NO_MEMORY, "blocks of a ViT-VQGAN");
}

void vit_vqgan_weights_end(struct vit_vqgan_weights *weights)
{
    for (size_t i = 0; i < weights->owned_count; i++)
        free(weights->owned[i]);
    free(weights->owned);
    free(weights->encoder.blocks);
    free(weights->decoder.blocks);
    *weights = (struct vit_vqgan_weights){ 0 };
}

struct walk {
    enum status (*visit)(void *payload, const struct vit_vqgan_entry *entry);
    void *payload;
    enum status outcome;
    char prefix[64];
};

struct shape {
    size_t count, extents[4];
};

static void visit_one(struct walk *walk, const float **values, enum vit_vqgan_role role,
                      const char *name, struct shape shape)
{
    struct vit_vqgan_entry entry = { .role = role,
                                     .dimension_count = shape.count,
                                     .values = values };
    memcpy(entry.shape, shape.extents, sizeof entry.shape);
    snprintf(entry.name, sizeof entry.name, "%s%s", walk->prefix, name);
    if (walk->outcome == STATUS_OK)
        walk->outcome = walk->visit(walk->payload, &entry);
}

static void visit_row(struct walk *walk, const float **values, enum vit_vqgan_role role,
                      const char *name, size_t columns)
{
    visit_one(walk, values, role, name, (struct shape){ 1, { columns } });
}

static void visit_matrix(struct walk *walk, const float **values, const char *name, size_t rows,
                         size_t columns)
{
    visit_one(walk, values, VIT_VQGAN_MATRIX, name, (struct shape){ 2, { rows, columns } });
}

static void visit_block(struct walk *walk, struct vision_block *block,
                        const struct vit_vqgan_tower *tower)
{
    const size_t D = tower->dim, I = tower->heads * tower->head_width, F = tower->mlp;
    visit_row(walk, &block->attention_gain, VIT_VQGAN_ONES, "0.norm.weight", D);
    visit_row(walk, &block->attention_offset, VIT_VQGAN_ZEROS, "0.norm.bias", D);
    visit_matrix(walk, &block->qkv, "0.fn.to_qkv.weight", 3 * I, D);
    visit_matrix(walk, &block->out, "0.fn.to_out.weight", D, I);
    visit_row(walk, &block->out_bias, VIT_VQGAN_ZEROS, "0.fn.to_out.bias", D);
    visit_row(walk, &block->mlp_gain, VIT_VQGAN_ONES, "1.norm.weight", D);
    visit_row(walk, &block->mlp_offset, VIT_VQGAN_ZEROS, "1.norm.bias", D);
    visit_matrix(walk, &block->expand, "1.fn.net.0.weight", F, D);
    visit_row(walk, &block->expand_bias, VIT_VQGAN_ZEROS, "1.fn.net.0.bias", F);
    visit_matrix(walk, &block->shrink, "1.fn.net.2.weight", D, F);
    visit_row(walk, &block->shrink_bias, VIT_VQGAN_ZEROS, "1.fn.net.2.bias", D);
}

static void visit_tower(struct walk *walk, struct vit_vqgan_tower_weights *weights,
                        const struct vit_vqgan_tower *tower, const char *name)
{
    for (size_t b = 0; b < tower->depth; b++) {
        snprintf(walk->prefix, sizeof walk->prefix, "%s.transformer.layers.%zu.", name, b);
        visit_block(walk, &weights->blocks[b], tower);
    }
    snprintf(walk->prefix, sizeof walk->prefix, "%s.transformer.norm.", name);
    visit_row(walk, &weights->gain, VIT_VQGAN_ONES, "weight", tower->dim);
    visit_row(walk, &weights->offset, VIT_VQGAN_ZEROS, "bias", tower->dim);
    walk->prefix[0] = '\0';
}

enum status
vit_vqgan_weights_visit(struct vit_vqgan_weights *weights, const struct vit_vqgan_config *config,
                        enum status (*visit)(void *payload, const struct vit_vqgan_entry *entry),
                        void *payload)
{
    struct walk walk = { .visit = visit, .payload = payload };
    const size_t E = config->encoder.dim, D = config->decoder.dim, C = config->code_width;
    const size_t T = vit_vqgan_config_tokens(config), p = config->patch;

    visit_one(&walk, &weights->patch, VIT_VQGAN_PATCH, "encoder.to_patch_embedding.0.weight",
              (struct shape){ 4, { E, 3, p, p } });
    visit_row(&walk, &weights->patch_bias, VIT_VQGAN_PATCH_BIAS,
              "encoder.to_patch_embedding.0.bias", E);
    visit_one(&walk, &weights->encoder.position, VIT_VQGAN_POSITION, "encoder.en_pos_embedding",
              (struct shape){ 3, { 1, T, E } });
    visit_tower(&walk, &weights->encoder, &config->encoder, "encoder");
    visit_matrix(&walk, &weights->pre_quant, "pre_quant.weight", C, E);
    visit_row(&walk, &weights->pre_quant_bias, VIT_VQGAN_ZEROS, "pre_quant.bias", C);
    visit_one(&walk, &weights->codes, VIT_VQGAN_CODES, "quantizer.embedding.weight",
              (struct shape){ 2, { config->code_count, C } });
    visit_matrix(&walk, &weights->post_quant, "post_quant.weight", D, C);
    visit_row(&walk, &weights->post_quant_bias, VIT_VQGAN_ZEROS, "post_quant.bias", D);
    visit_one(&walk, &weights->decoder.position, VIT_VQGAN_POSITION, "decoder.de_pos_embedding",
              (struct shape){ 3, { 1, T, D } });
    visit_tower(&walk, &weights->decoder, &config->decoder, "decoder");
    visit_one(&walk, &weights->to_pixel, VIT_VQGAN_MATRIX, "decoder.to_pixel.1.weight",
              (struct shape){ 4, { D, 3, p, p } });
    visit_row(&walk, &weights->to_pixel_bias, VIT_VQGAN_ZEROS, "decoder.to_pixel.1.bias", 3);
    return walk.outcome;
}

struct taking {
    struct vit_vqgan_weights *weights;
    const struct tensor_table *table;
    bool *is_taken; /* [table->count] */
};

static enum status take_one(void *payload, const struct vit_vqgan_entry *entry)
{
    struct taking *taking = payload;
    float *owned = NULL;
    const enum status outcome = tensor_table_borrow(
        entry->values, &owned, taking->table, entry->name, entry->dimension_count, entry->shape);
    if (owned != NULL)
        taking->weights->owned[taking->weights->owned_count++] = owned;
    if (outcome == STATUS_OK)
        taking->is_taken[tensor_table_find(taking->table, entry->name) - taking->table->tensors] =
            true;
    return outcome;
}

static enum status check_rest(const struct taking *taking)
{
    for (size_t t = 0; t < taking->table->count; t++) {
        const char *name = taking->table->tensors[t].name;
        if (!taking->is_taken[t] && strncmp(name, "loss.", 5) != 0)
            return status_fail(STATUS_CORRUPT, "%s: tensor %s is no part of a ViT-VQGAN",
                               taking->table->source, name);
    }
    return STATUS_OK;
}

enum status vit_vqgan_weights_take(struct vit_vqgan_weights *weights,
                                   const struct tensor_table *table,
                                   const struct vit_vqgan_config *config)
{
    enum status outcome = vit_vqgan_weights_begin(weights, config);
    if (outcome != STATUS_OK)
        return outcome;

    struct taking taking = { .weights = weights, .table = table };
    taking.is_taken = calloc(table->count, sizeof *taking.is_taken);
    weights->owned = calloc(table->count, sizeof *weights->owned);
    if (taking.is_taken == NULL || weights->owned == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu tensors", table->source, table->count);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_weights_visit(weights, config, take_one, &taking);
    if (outcome == STATUS_OK)
        outcome = check_rest(&taking);
    free(taking.is_taken);
    if (outcome != STATUS_OK)
        vit_vqgan_weights_end(weights);
    return outcome;
}
