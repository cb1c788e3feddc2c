#include "models/im2sp.h"

#include "models/im2sp_net.h"
#include "nn/attention.h"
#include "nn/narrow_matmul.h"
#include "nn/norm.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Pictures go through together until the products have about so many rows. Keys are padded to whole
 * vectors. */
enum { PASS_ROWS = 1024, VECTOR = 16 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

size_t im2sp_stride(size_t length)
{
    return (length + VECTOR - 1) / VECTOR * VECTOR;
}

size_t im2sp_layer_offset(const struct im2sp *net, size_t layer, size_t length)
{
    return layer * net->config.width * (im2sp_stride(length) + length);
}

size_t im2sp_picture_count(const struct im2sp *net)
{
    return im2sp_layer_offset(net, net->config.layers, im2sp_config_tokens(&net->config));
}

size_t im2sp_cache_count(const struct im2sp *net, size_t length)
{
    return im2sp_layer_offset(net, net->config.layers, length);
}

static enum status begin_workspace(struct im2sp *net)
{
    const struct im2sp_config *config = &net->config;
    const struct im2sp_encoder_config *encoder = &config->encoder;
    const size_t T = im2sp_config_tokens(config), pictures = T < PASS_ROWS ? PASS_ROWS / T : 1;
    const size_t rows = larger(pictures * T, IM2SP_STEP_ROWS);
    const size_t D = larger(config->width, encoder->width);
    const size_t head_width =
        larger(config->width / config->heads, encoder->width / encoder->heads);
    const size_t scores = larger(attention_scratch_count(T, head_width),
                                 im2sp_stride(T) + im2sp_stride(config->length_max));
    net->pass_pictures = pictures;
    net->patches = malloc((pictures * T * net->weights.encoder.patch.K + 1) * sizeof(float));
    net->stream = malloc(rows * D * sizeof(float));
    net->normed = malloc(rows * D * sizeof(float));
    net->qkv = malloc(rows * 3 * D * sizeof(float));
    net->hidden = malloc(IM2SP_STEP_ROWS * larger(config->mlp, encoder->mlp) * sizeof(float));
    net->scores = malloc(scores * sizeof(float));
    if (net->patches == NULL || net->stream == NULL || net->normed == NULL || net->qkv == NULL ||
        net->hidden == NULL || net->scores == NULL)
        return status_fail(STATUS_NO_MEMORY, "workspace of an image-to-speech model");
    return im2sp_convolutions_begin(net);
}

/* A model of a few units has ids to spare, below the special ones. */
static void forbid_other_units(struct im2sp *net)
{
    for (size_t id = 0; id < net->config.vocabulary; id++)
        if (unit_ids_to_unit(net->config.ids, (uint16_t)id) >= (int32_t)net->config.units)
            net->weights.output_bias[id] = -1e9f;
}

enum status im2sp_create(struct im2sp **out, const struct tensor_table *table,
                         const struct settings *settings)
{
    char prefix[IM2SP_PREFIX_BYTES];
    enum im2sp_naming naming;
    struct im2sp *net = calloc(1, sizeof *net);
    *out = NULL;
    if (net == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory for the net", table->source);
    enum status outcome = im2sp_prefix(&naming, prefix, table);
    if (outcome == STATUS_OK)
        outcome = im2sp_config_read(&net->config, table, naming, prefix, settings);
    if (outcome == STATUS_OK)
        outcome = im2sp_weights_take(&net->weights, table, &net->config, prefix);
    if (outcome == STATUS_OK)
        outcome = begin_workspace(net);
    if (outcome != STATUS_OK) {
        im2sp_destroy(net);
        return outcome;
    }
    forbid_other_units(net);
    *out = net;
    return STATUS_OK;
}

void im2sp_destroy(struct im2sp *net)
{
    if (net == NULL)
        return;
    im2sp_weights_end(&net->weights, &net->config);
    im2sp_codebook_end(&net->codebook);
    free(net->planes);
    free(net->windows);
    free(net->places);
    free(net->patches);
    free(net->stream);
    free(net->normed);
    free(net->qkv);
    free(net->hidden);
    free(net->scores);
    free(net);
}

const struct im2sp_config *im2sp_sizes(const struct im2sp *net)
{
    return &net->config;
}

void im2sp_set_trace(struct im2sp *net, const struct im2sp_trace *trace)
{
    net->trace = trace != NULL ? *trace : (struct im2sp_trace){ 0 };
}

enum status im2sp_set_codebook(struct im2sp *net, const float *codes, size_t code_count,
                               size_t width)
{
    return im2sp_codebook_set(&net->codebook, &net->config, codes, code_count, width);
}

static void embed(struct im2sp *net, const struct im2sp_row *rows, size_t count)
{
    const size_t D = net->config.width;
    for (size_t r = 0; r < count; r++) {
        const float *word = net->weights.words + rows[r].id * D;
        const float *position = net->weights.positions + rows[r].position * D;
        for (size_t d = 0; d < D; d++)
            net->stream[r * D + d] = word[d] + position[d];
    }
    layer_norm(net->stream, net->stream, NULL, net->weights.word_gain, net->weights.word_offset,
               net->config.norm_eps, count, D);
    im2sp_show(net, 0, "text_embedding", 0, net->stream, count, D);
}

/* Puts each row's keys and values beside those before it, and scales its queries. */
static void keep(struct im2sp *net, const struct im2sp_row *rows, size_t count, size_t layer,
                 size_t length)
{
    const size_t D = net->config.width, stride = im2sp_stride(length);
    const float scale = 1.0f / sqrtf((float)(D / net->config.heads));
    for (size_t r = 0; r < count; r++) {
        float *qkv = net->qkv + r * 3 * D;
        float *keys = rows[r].cache + im2sp_layer_offset(net, layer, length);
        for (size_t d = 0; d < D; d++) {
            keys[d * stride + rows[r].position] = qkv[D + d];
            qkv[d] *= scale;
        }
        memcpy(keys + D * stride + rows[r].position * D, qkv + 2 * D, D * sizeof *keys);
    }
}

/* Scores of one query with `count` keys [head_width][stride]; minus infinity behind them. Returns
 * how many floats that are. */
static size_t score(float *scores, const float *query, const float *keys, size_t stride,
                    size_t count, size_t head_width)
{
    const size_t padded = im2sp_stride(count);
    narrow_matmul(scores, padded, query, head_width, keys, stride, NULL, 1, padded, head_width);
    for (size_t k = count; k < padded; k++)
        scores[k] = -INFINITY;
    return padded;
}

/* out [head_width] (+)= weights [count] values, of rows D apart. */
static void add_values(float *out, const float *weights, const float *values, size_t D,
                       size_t count, size_t head_width, bool is_added)
{
    const struct narrow_rows row = { .A = weights, .A_stride = count, .runs = 1, .K = count };
    narrow_matmul_runs(out, head_width, &row, values, D, NULL, is_added, 1, head_width);
}

static void attend_row(float *out, struct im2sp *net, const struct im2sp_row *row,
                       const float *query, size_t layer, size_t length)
{
    const size_t D = net->config.width, heads = net->config.heads, width = D / heads;
    const size_t T = im2sp_config_tokens(&net->config), seen = row->position + 1;
    const size_t picture_stride = im2sp_stride(T), stride = im2sp_stride(length);
    const float *picture_keys = row->picture + im2sp_layer_offset(net, layer, T);
    const float *keys = row->cache + im2sp_layer_offset(net, layer, length);
    const float *picture_values = picture_keys + D * picture_stride, *values = keys + D * stride;
    for (size_t h = 0; h < heads; h++) {
        const size_t at = h * width;
        float *scores = net->scores;
        const size_t first =
            score(scores, query + at, picture_keys + at * picture_stride, picture_stride, T, width);
        const size_t second =
            score(scores + first, query + at, keys + at * stride, stride, seen, width);
        softmax(scores, first + second, 1, first + second);
        add_values(out + at, scores, picture_values + at, D, T, width, false);
        add_values(out + at, scores + first, values + at, D, seen, width, true);
    }
}

static void run_layer(struct im2sp *net, const struct im2sp_row *rows, size_t count, size_t l,
                      size_t length)
{
    const struct im2sp_layer *layer = &net->weights.layers[l];
    const size_t D = net->config.width;
    packed_linear(net->qkv, net->stream, &layer->qkv, layer->qkv_bias, count);
    keep(net, rows, count, l, length);
    for (size_t r = 0; r < count; r++)
        attend_row(net->normed + r * D, net, &rows[r], net->qkv + r * 3 * D, l, length);
    packed_linear_add(net->stream, net->normed, &layer->out, layer->out_bias, count);
    layer_norm(net->normed, net->stream, NULL, layer->attention_gain, layer->attention_offset,
               net->config.norm_eps, count, D);
    memcpy(net->stream, net->normed, count * D * sizeof *net->stream);
    im2sp_add_mlp(net, net->stream, net->normed, layer, IM2SP_GELU, count);
    layer_norm(net->stream, net->stream, NULL, layer->mlp_gain, layer->mlp_offset,
               net->config.norm_eps, count, D);
    im2sp_show(net, 0, "decoder.layer.%zu.units", l, net->stream, count, D);
}

void im2sp_step(float *logits, struct im2sp *net, const struct im2sp_row *rows, size_t count,
                size_t length)
{
    assert(length <= net->config.length_max);
    for (size_t first = 0; first < count; first += IM2SP_STEP_ROWS) {
        const size_t left = count - first, part = left < IM2SP_STEP_ROWS ? left : IM2SP_STEP_ROWS;
        embed(net, rows + first, part);
        for (size_t l = 0; l < net->config.layers; l++)
            run_layer(net, rows + first, part, l, length);
        packed_linear(logits + first * net->config.vocabulary, net->stream, &net->weights.output,
                      net->weights.output_bias, part);
    }
}

void im2sp_copy_cache(float *to, const float *from, const struct im2sp *net, size_t positions,
                      size_t length)
{
    const size_t D = net->config.width, stride = im2sp_stride(length);
    for (size_t l = 0; l < net->config.layers; l++) {
        const size_t offset = im2sp_layer_offset(net, l, length);
        for (size_t d = 0; d < D; d++)
            memcpy(to + offset + d * stride, from + offset + d * stride, positions * sizeof *to);
        memcpy(to + offset + D * stride, from + offset + D * stride, positions * D * sizeof *to);
    }
}
