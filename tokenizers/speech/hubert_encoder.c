#include "tokenizers/speech/hubert_encoder.h"

#include "nn/activation.h"
#include "nn/attention.h"
#include "nn/matmul.h"
#include "nn/narrow_matmul.h"
#include "nn/norm.h"

#include <math.h>
#include <string.h>

struct encoding {
    const struct hubert_config *config;
    const struct hubert_weights *weights;
    const struct hubert_encoder_buffers *buffers;
    const struct hubert_trace *trace; /* NULL: none */
    const size_t *frame_counts;       /* [count] */
    size_t count, F, D;
    float epsilon;
};

size_t hubert_encoder_mixed_width(const struct hubert_config *config)
{
    const size_t channels = config->convolutions[config->convolution_count - 1].channels;
    size_t width = 4 * config->width;
    width = width > config->feed_forward_width ? width : config->feed_forward_width;
    return width > channels ? width : channels;
}

static void project(float *x, const struct encoding *run, float *convolved)
{
    const struct hubert_weights *weights = run->weights;
    const size_t C = run->config->convolutions[run->config->convolution_count - 1].channels;
    layer_norm(convolved, convolved, NULL, weights->feature_norm.weight, weights->feature_norm.bias,
               run->epsilon, run->F, C);
    hubert_trace_put(run->trace, "conv_ln", convolved, run->F, C);
    matmul_linear(x, run->D, convolved, C, weights->projection.weight, weights->projection.bias,
                  run->F, run->D, C);
    hubert_trace_put(run->trace, "proj", x, run->F, run->D);
}

/* The positional convolution of one utterance's T frames: `out` and `x` are [T][D]. Padded with
 * kernel / 2 zeros at both ends, an even kernel would give a frame too many, which is not made. */
static void convolve_position(float *out, const float *x, const struct encoding *run, size_t T)
{
    const size_t kernel = run->config->position_kernel, D = run->D;
    const size_t width = D / run->config->position_groups, before = kernel / 2;
    float *gathered = run->buffers->gathered; /* [T + kernel - 1][width] */
    memset(gathered, 0, before * width * sizeof *gathered);
    memset(gathered + (before + T) * width, 0, (kernel - 1 - before) * width * sizeof *gathered);
    for (size_t column = 0; column < D; column += width) {
        for (size_t t = 0; t < T; t++)
            memcpy(gathered + (before + t) * width, x + t * D + column, width * sizeof *gathered);
        narrow_matmul(out + column, D, gathered, width,
                      run->weights->positional + column * kernel * width, width,
                      run->weights->position.bias + column, T, width, kernel * width);
    }
}

static void add_position(float *x, const struct encoding *run)
{
    float *position = run->buffers->aside;
    size_t start = 0;
    for (size_t u = 0; u < run->count; u++) {
        convolve_position(position + start * run->D, x + start * run->D, run, run->frame_counts[u]);
        start += run->frame_counts[u];
    }
    activation_gelu(position, run->F * run->D);
    hubert_trace_put(run->trace, "pos_conv", position, run->F, run->D);
    for (size_t i = 0; i < run->F * run->D; i++)
        x[i] += position[i];
}

static void norm(float *y, const float *x, const float *addend, const struct hubert_pair *pair,
                 const struct encoding *run)
{
    layer_norm(y, x, addend, pair->weight, pair->bias, run->epsilon, run->F, run->D);
}

/* Queries, keys and values of `x` to mixed [F][3 D]. */
static void make_heads(const float *x, const struct hubert_block_weights *block,
                       const struct encoding *run, size_t number)
{
    const size_t D = run->D;
    float *mixed = run->buffers->mixed;
    const struct hubert_pair *const pairs[] = { &block->query, &block->key, &block->value };
    const char *const names[] = { ".q_proj", ".k_proj", ".v_proj" };
    for (size_t p = 0; p < 3; p++) {
        if (run->trace != NULL) {
            matmul_linear(mixed, D, x, D, pairs[p]->weight, pairs[p]->bias, run->F, D, D);
            hubert_trace_put_numbered(run->trace, "block", number, names[p], mixed, run->F, D);
        }
    }
    for (size_t p = 0; p < 3; p++)
        matmul_linear(mixed + p * D, 3 * D, x, D, pairs[p]->weight, pairs[p]->bias, run->F, D, D);
}

/* x += attention of `read` (which may be x), without the bias. */
static void attend(float *x, const float *read, const struct hubert_block_weights *block,
                   const struct encoding *run, size_t number)
{
    const size_t D = run->D, head_width = D / run->config->heads;
    float *heads = run->buffers->mixed, *attended = heads + run->F * 3 * D;
    make_heads(read, block, run, number);
    size_t start = 0;
    for (size_t u = 0; u < run->count; u++) {
        const float *rows = heads + start * 3 * D;
        const struct attention_inputs in = { .queries = rows,
                                             .keys = rows + D,
                                             .values = rows + 2 * D,
                                             .query_stride = 3 * D,
                                             .key_stride = 3 * D,
                                             .value_stride = 3 * D,
                                             .query_count = run->frame_counts[u],
                                             .key_count = run->frame_counts[u],
                                             .heads = run->config->heads,
                                             .head_width = head_width,
                                             .scale = 1.0f / sqrtf((float)head_width) };
        attention(attended + start * D, D, &in, run->buffers->attention);
        start += run->frame_counts[u];
    }
    const struct hubert_pair *out = &block->attention_out;
    if (run->trace != NULL) {
        matmul_linear(heads, D, attended, D, out->weight, out->bias, run->F, D, D);
        hubert_trace_put_numbered(run->trace, "block", number, ".attn", heads, run->F, D);
    }
    matmul_linear_add(x, D, attended, D, out->weight, run->F, D, D);
}

/* x += feed-forward of `read` (which may be x), without the last bias. */
static void feed_forward(float *x, const float *read, const struct hubert_block_weights *block,
                         const struct encoding *run, size_t number)
{
    const size_t D = run->D, width = run->config->feed_forward_width;
    float *wide = run->buffers->mixed;
    hubert_trace_put_numbered(run->trace, "block", number, ".norm1", read, run->F, D);
    matmul_linear(wide, width, read, D, block->expand.weight, block->expand.bias, run->F, width, D);
    activation_gelu(wide, run->F * width);
    if (run->trace != NULL) {
        float *aside = run->buffers->aside;
        matmul_linear(aside, D, wide, width, block->contract.weight, block->contract.bias, run->F,
                      D, width);
        hubert_trace_put_numbered(run->trace, "block", number, ".ffn", aside, run->F, D);
    }
    matmul_linear_add(x, D, wide, width, block->contract.weight, run->F, D, width);
}

/* The biases that the products left out are added by the norms that follow. */
static void run_block(float *x, const struct hubert_block_weights *block,
                      const struct encoding *run, size_t number)
{
    if (run->config->norm_first) {
        float *read = run->buffers->aside;
        norm(read, x, NULL, &block->attention_norm, run);
        attend(x, read, block, run, number);
        add_to_rows(x, block->attention_out.bias, run->F, run->D);
        norm(read, x, NULL, &block->final_norm, run);
        feed_forward(x, read, block, run, number);
        add_to_rows(x, block->contract.bias, run->F, run->D);
    } else {
        attend(x, x, block, run, number);
        norm(x, x, block->attention_out.bias, &block->attention_norm, run);
        feed_forward(x, x, block, run, number);
        norm(x, x, block->contract.bias, &block->final_norm, run);
    }
}

void hubert_encode(float *x, const struct hubert_config *config,
                   const struct hubert_weights *weights, float *convolved,
                   const size_t *frame_counts, size_t count, size_t layer,
                   const struct hubert_encoder_buffers *buffers, const struct hubert_trace *trace)
{
    struct encoding run = { .config = config,
                            .weights = weights,
                            .buffers = buffers,
                            .trace = trace != NULL && !trace->is_layers_only ? trace : NULL,
                            .frame_counts = frame_counts,
                            .count = count,
                            .D = config->width,
                            .epsilon = (float)config->epsilon };
    for (size_t u = 0; u < count; u++)
        run.F += frame_counts[u];
    project(x, &run, convolved);
    add_position(x, &run);
    if (!config->norm_first)
        norm(x, x, NULL, &weights->encoder_norm, &run);
    hubert_trace_put(trace, "layer0", x, run.F, run.D);
    for (size_t l = 0; l < layer; l++) {
        run_block(x, &weights->blocks[l], &run, l + 1);
        if (config->norm_first && l + 1 == config->layers)
            norm(x, x, NULL, &weights->encoder_norm, &run);
        hubert_trace_put_numbered(trace, "layer", l + 1, "", x, run.F, run.D);
    }
}
