#include "nn/attention.h"

#include "nn/narrow_matmul.h"
#include "nn/norm.h"

#include <math.h>
#include <string.h>

/* A row of scores is padded to whole vectors, with keys that get no weight. */
enum { SCORE_FLOATS = 1 << 15, TILE_ROWS_MIN = 64, VECTOR = 16 };

static size_t padded(size_t key_count)
{
    return (key_count + VECTOR - 1) / VECTOR * VECTOR;
}

static size_t tile_rows(size_t key_count)
{
    const size_t rows = SCORE_FLOATS / padded(key_count);
    return rows > TILE_ROWS_MIN ? rows : TILE_ROWS_MIN;
}

size_t attention_scratch_count(size_t key_count, size_t head_width)
{
    const size_t fewest = TILE_ROWS_MIN * padded(key_count);
    return 2 * head_width * padded(key_count) + (fewest > SCORE_FLOATS ? fewest : SCORE_FLOATS);
}

/* The keys of one head times the scale, transposed and padded with zeros:
 * [head_width][padded(key_count)]. A few keys at a time, because their rows, far apart, would push
 * each other out of the cache. */
static void transpose_keys(float *transposed, const struct attention_inputs *in, size_t column)
{
    const size_t stride = padded(in->key_count);
    for (size_t start = 0; start < stride; start += VECTOR) {
        const float *keys = in->keys + start * in->key_stride + column;
        const size_t left = in->key_count - start, count = left < VECTOR ? left : VECTOR;
        for (size_t d = 0; d < in->head_width; d++) {
            float *out = transposed + d * stride + start;
            for (size_t k = 0; k < count; k++)
                out[k] = in->scale * keys[k * in->key_stride + d];
            for (size_t k = count; k < VECTOR; k++)
                out[k] = 0.0f;
        }
    }
}

/* The values of one head, rows back to back: [key_count][head_width]. */
static void gather_values(float *gathered, const struct attention_inputs *in, size_t column)
{
    for (size_t k = 0; k < in->key_count; k++)
        memcpy(gathered + k * in->head_width, in->values + k * in->value_stride + column,
               in->head_width * sizeof *gathered);
}

/* Weights of `rows` queries over the keys: [rows][padded(key_count)]. */
static void weigh(float *weights, const float *queries, const float *transposed,
                  const struct attention_inputs *in, size_t rows)
{
    const size_t stride = padded(in->key_count);
    narrow_matmul(weights, stride, queries, in->query_stride, transposed, stride, NULL, rows,
                  stride, in->head_width);
    for (size_t r = 0; r < rows; r++)
        for (size_t k = in->key_count; k < stride; k++)
            weights[r * stride + k] = -INFINITY;
    softmax(weights, stride, rows, stride);
}

void attention(float *out, size_t out_stride, const struct attention_inputs *in, float *scratch)
{
    const size_t stride = padded(in->key_count), tile = tile_rows(in->key_count);
    float *transposed = scratch, *values = transposed + in->head_width * stride;
    float *weights = values + in->head_width * stride;
    for (size_t h = 0; h < in->heads; h++) {
        const size_t column = h * in->head_width;
        transpose_keys(transposed, in, column);
        gather_values(values, in, column);
        for (size_t start = 0; start < in->query_count; start += tile) {
            const size_t left = in->query_count - start, rows = left < tile ? left : tile;
            weigh(weights, in->queries + start * in->query_stride + column, transposed, in, rows);
            narrow_matmul(out + start * out_stride + column, out_stride, weights, stride, values,
                          in->head_width, NULL, rows, in->head_width, in->key_count);
        }
    }
}
