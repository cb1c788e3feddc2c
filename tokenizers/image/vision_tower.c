#include "tokenizers/image/vision_tower.h"

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/matmul.h"
#include "nn/norm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The feed-forward part takes whole pictures up to about so many rows at a time, which bounds what
 * lies between its two products. Fewer would make BLAS repack the weights more often than a nearer
 * cache repays. */
enum { HIDDEN_ROWS = 1024 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Pictures that the feed-forward part takes at a time. */
static size_t hidden_pictures(size_t picture_count, size_t token_count)
{
    const size_t fitting = larger(HIDDEN_ROWS / token_count, 1);
    return fitting < picture_count ? fitting : picture_count;
}

enum status vision_workspace_begin(struct vision_workspace *workspace,
                                   const struct vision_tower *towers, size_t tower_count,
                                   size_t picture_count, size_t token_count)
{
    size_t dim = 0, inner = 0, head_width = 0, mlp = 0;
    for (size_t t = 0; t < tower_count; t++) {
        dim = larger(dim, towers[t].dim);
        inner = larger(inner, towers[t].heads * towers[t].head_width);
        head_width = larger(head_width, towers[t].head_width);
        mlp = larger(mlp, towers[t].mlp);
    }
    const size_t rows = picture_count * token_count;
    const size_t hidden_rows = hidden_pictures(picture_count, token_count) * token_count;
    *workspace = (struct vision_workspace){
        .stream = malloc(rows * dim * sizeof(float)),
        .normed = malloc(rows * larger(dim, inner) * sizeof(float)),
        .qkv = malloc(rows * 3 * inner * sizeof(float)),
        .hidden = malloc(hidden_rows * mlp * sizeof(float)),
        .scores = malloc(attention_scratch_count(token_count, head_width) * sizeof(float)),
    };
    if (workspace->stream != NULL && workspace->normed != NULL && workspace->qkv != NULL &&
        workspace->hidden != NULL && workspace->scores != NULL)
        return STATUS_OK;
    vision_workspace_end(workspace);
    return status_fail(STATUS_NO_MEMORY, "workspace of a picture net for %zu tokens", rows);
}

void vision_workspace_end(struct vision_workspace *workspace)
{
    free(workspace->stream);
    free(workspace->normed);
    free(workspace->qkv);
    free(workspace->hidden);
    free(workspace->scores);
    *workspace = (struct vision_workspace){ 0 };
}

void vision_pass_show(const struct vision_pass *pass, const char *name, const float *values,
                      size_t rows, size_t columns)
{
    if (pass->trace.put == NULL)
        return;
    for (size_t p = 0; p < pass->picture_count; p++)
        pass->trace.put(pass->trace.payload, pass->first_picture + p, name,
                        values + p * rows * columns, rows, columns);
}

/* What all blocks of a run share, and which of them is at work. */
struct block_run {
    const struct vision_tower *tower;
    struct vision_workspace *workspace;
    const struct vision_pass *pass;
    const char *prefix;
    size_t number; /* from 1 */
};

static void show(const struct block_run *run, const struct vision_pass *pass, const char *suffix,
                 const float *values, size_t columns)
{
    char name[64];
    snprintf(name, sizeof name, "%sblock%zu%s", run->prefix, run->number, suffix);
    vision_pass_show(pass, name, values, pass->token_count, columns);
}

static void add_attention(const struct block_run *run, const struct vision_block *block)
{
    const struct vision_tower *tower = run->tower;
    const struct vision_workspace *workspace = run->workspace;
    const size_t T = run->pass->token_count, rows = run->pass->picture_count * T;
    const size_t D = tower->dim, I = tower->heads * tower->head_width;
    layer_norm(workspace->normed, workspace->stream, NULL, block->attention_gain,
               block->attention_offset, tower->norm_eps, rows, D);
    matmul_linear(workspace->qkv, 3 * I, workspace->normed, D, block->qkv, block->qkv_bias, rows,
                  3 * I, D);
    for (size_t p = 0; p < run->pass->picture_count; p++) {
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

static void activate(enum vision_activation activation, float *values, size_t count)
{
    switch (activation) {
    case VISION_TANH:
        activation_tanh(values, count);
        break;
    case VISION_GELU:
        activation_gelu(values, count);
        break;
    case VISION_QUICK_GELU:
        activation_quick_gelu(values, count);
        break;
    }
}

static void add_mlp(const struct block_run *run, const struct vision_block *block)
{
    const struct vision_tower *tower = run->tower;
    const struct vision_workspace *workspace = run->workspace;
    const size_t T = run->pass->token_count, pictures = run->pass->picture_count;
    const size_t D = tower->dim, F = tower->mlp, at_a_time = hidden_pictures(pictures, T);
    layer_norm(workspace->normed, workspace->stream, NULL, block->mlp_gain, block->mlp_offset,
               tower->norm_eps, pictures * T, D);
    for (size_t first = 0; first < pictures; first += at_a_time) {
        struct vision_pass part = *run->pass;
        part.first_picture += first;
        part.picture_count = pictures - first < at_a_time ? pictures - first : at_a_time;
        const size_t rows = part.picture_count * T, at = first * T * D;
        matmul_linear(workspace->hidden, F, workspace->normed + at, D, block->expand,
                      block->expand_bias, rows, F, D);
        show(run, &part, "_fc1", workspace->hidden, F);
        activate(tower->activation, workspace->hidden, rows * F);
        matmul_linear_add(workspace->stream + at, D, workspace->hidden, F, block->shrink, rows, D,
                          F);
    }
    add_to_rows(workspace->stream, block->shrink_bias, pictures * T, D);
}

void vision_tower_run(const struct vision_tower *tower, const struct vision_block *blocks,
                      struct vision_workspace *workspace, const struct vision_pass *pass,
                      const char *prefix)
{
    struct block_run run = {
        .tower = tower, .workspace = workspace, .pass = pass, .prefix = prefix
    };
    for (size_t b = 0; b < tower->depth; b++) {
        run.number = b + 1;
        add_attention(&run, &blocks[b]);
        show(&run, pass, "_after_attn", workspace->stream, tower->dim);
        add_mlp(&run, &blocks[b]);
        show(&run, pass, "", workspace->stream, tower->dim);
    }
}
