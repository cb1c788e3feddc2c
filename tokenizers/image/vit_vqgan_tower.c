#include "tokenizers/image/vit_vqgan_tower.h"

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/matmul.h"
#include "nn/norm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The feed-forward part takes rows in stretches, which bounds what lies between its two products.
 * Shorter ones would make BLAS repack the weights more often than a nearer cache repays. */
enum { HIDDEN_ROWS = 1024 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum status vit_vqgan_workspace_begin(struct vit_vqgan_workspace *workspace,
                                      const struct vit_vqgan_config *config, size_t row_count,
                                      size_t token_count)
{
    const struct vit_vqgan_tower *encoder = &config->encoder, *decoder = &config->decoder;
    const size_t dim = larger(encoder->dim, decoder->dim);
    const size_t heads =
        larger(encoder->heads * encoder->head_width, decoder->heads * decoder->head_width);
    const size_t head_width = larger(encoder->head_width, decoder->head_width);
    const size_t hidden_rows = row_count < HIDDEN_ROWS ? row_count : HIDDEN_ROWS;
    *workspace = (struct vit_vqgan_workspace){
        .stream = malloc(row_count * dim * sizeof(float)),
        .normed = malloc(row_count * larger(dim, heads) * sizeof(float)),
        .qkv = malloc(row_count * 3 * heads * sizeof(float)),
        .hidden = malloc(hidden_rows * larger(encoder->mlp, decoder->mlp) * sizeof(float)),
        .scores = malloc(attention_scratch_count(token_count, head_width) * sizeof(float)),
    };
    if (workspace->stream != NULL && workspace->normed != NULL && workspace->qkv != NULL &&
        workspace->hidden != NULL && workspace->scores != NULL)
        return STATUS_OK;
    vit_vqgan_workspace_end(workspace);
    return status_fail(STATUS_NO_MEMORY, "workspace of a ViT-VQGAN for %zu tokens", row_count);
}

void vit_vqgan_workspace_end(struct vit_vqgan_workspace *workspace)
{
    free(workspace->stream);
    free(workspace->normed);
    free(workspace->qkv);
    free(workspace->hidden);
    free(workspace->scores);
    *workspace = (struct vit_vqgan_workspace){ 0 };
}

void vit_vqgan_pass_show(const struct vit_vqgan_pass *pass, const char *name, const float *values,
                         size_t columns)
{
    if (pass->trace.put == NULL)
        return;
    for (size_t p = 0; p < pass->picture_count; p++)
        pass->trace.put(pass->trace.payload, pass->first_picture + p, name,
                        values + p * pass->token_count * columns, pass->token_count, columns);
}

static void show_block(const struct vit_vqgan_pass *pass, const char *prefix, size_t number,
                       const char *suffix, const float *values, size_t columns)
{
    char name[64];
    snprintf(name, sizeof name, "%s_block%zu%s", prefix, number, suffix);
    vit_vqgan_pass_show(pass, name, values, columns);
}

static void add_attention(const struct vit_vqgan_tower *tower, const struct vit_vqgan_block *block,
                          struct vit_vqgan_workspace *workspace, const struct vit_vqgan_pass *pass)
{
    const size_t rows = pass->picture_count * pass->token_count, T = pass->token_count;
    const size_t D = tower->dim, I = tower->heads * tower->head_width;
    layer_norm(workspace->normed, workspace->stream, NULL, block->attention_gain,
               block->attention_offset, pass->norm_eps, rows, D);
    matmul_linear(workspace->qkv, 3 * I, workspace->normed, D, block->qkv, NULL, rows, 3 * I, D);
    for (size_t p = 0; p < pass->picture_count; p++) {
        const float *qkv = workspace->qkv + p * T * 3 * I; /* [T][3][heads][head_width] */
        const struct attention_inputs inputs = { .queries = qkv,
                                                 .keys = qkv + I,
                                                 .values = qkv + 2 * I,
                                                 .query_stride = 3 * I,
                                                 .key_stride = 3 * I,
                                                 .value_stride = 3 * I,
                                                 .query_count = T,
                                                 .key_count = T,
                                                 .heads = tower->heads,
                                                 .head_width = tower->head_width,
                                                 .scale = 1.0f / sqrtf((float)tower->head_width) };
        attention(workspace->normed + p * T * I, I, &inputs, workspace->scores);
    }
    matmul_linear_add(workspace->stream, D, workspace->normed, I, block->out, rows, D, I);
    add_to_rows(workspace->stream, block->out_bias, rows, D);
}

static void add_mlp(const struct vit_vqgan_tower *tower, const struct vit_vqgan_block *block,
                    struct vit_vqgan_workspace *workspace, const struct vit_vqgan_pass *pass)
{
    const size_t rows = pass->picture_count * pass->token_count, D = tower->dim, F = tower->mlp;
    layer_norm(workspace->normed, workspace->stream, NULL, block->mlp_gain, block->mlp_offset,
               pass->norm_eps, rows, D);
    for (size_t row = 0; row < rows; row += HIDDEN_ROWS) {
        const size_t count = rows - row < HIDDEN_ROWS ? rows - row : HIDDEN_ROWS;
        matmul_linear(workspace->hidden, F, workspace->normed + row * D, D, block->expand,
                      block->expand_bias, count, F, D);
        activation_tanh(workspace->hidden, count * F);
        matmul_linear_add(workspace->stream + row * D, D, workspace->hidden, F, block->shrink,
                          count, D, F);
    }
    add_to_rows(workspace->stream, block->shrink_bias, rows, D);
}

void vit_vqgan_tower_run(const struct vit_vqgan_tower *tower,
                         const struct vit_vqgan_tower_weights *weights,
                         struct vit_vqgan_workspace *workspace, const struct vit_vqgan_pass *pass,
                         const char *prefix)
{
    const size_t rows = pass->picture_count * pass->token_count, D = tower->dim;
    for (size_t b = 0; b < tower->depth; b++) {
        add_attention(tower, &weights->blocks[b], workspace, pass);
        show_block(pass, prefix, b + 1, "_after_attn", workspace->stream, D);
        add_mlp(tower, &weights->blocks[b], workspace, pass);
        show_block(pass, prefix, b + 1, "", workspace->stream, D);
    }
    layer_norm(workspace->normed, workspace->stream, NULL, weights->gain, weights->offset,
               pass->norm_eps, rows, D);
}
