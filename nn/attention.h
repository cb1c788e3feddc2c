/** Multi-head attention over one sequence, forward only.
 *
 * Every head sees every key: sequences of a batch are separate calls, so that none sees another's
 * frames or padding. Queries are taken a tile of rows at a time, so that the scores never need more
 * than a bounded scratch. Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.2. */
#ifndef NN_ATTENTION_H
#define NN_ATTENTION_H

#include <stddef.h>

struct attention_inputs {
    const float *queries; /* [query_count][heads][head_width], rows query_stride apart */
    const float *keys;    /* [key_count][heads][head_width], rows key_stride apart */
    const float *values;  /* as keys, rows value_stride apart */
    size_t query_stride, key_stride, value_stride; /* of a fused q|k|v buffer: its row length */
    size_t query_count, key_count;                 /* key_count >= 1 */
    size_t heads, head_width;
    float scale; /* of the scores; usually 1 / sqrt(head_width) */
};

/** Floats of scratch that `attention` needs: keys and values of one head, and 2^15 (128 KiB) or 64
 * rows of scores, whichever is more. It does not fall when key_count grows, nor when head_width
 * does. */
size_t attention_scratch_count(size_t key_count, size_t head_width);

/** Local. For each head: out = softmax(scale queries keys^T) values.
 *
 *     out     [query_count][heads][head_width]  out  rows out_stride apart
 *     in                                        in   not overlapping `out`
 *     scratch [attention_scratch_count]         scratch
 *
 * Allocates nothing and cannot fail. Within 2e-6 of double for inputs of unit scale. */
void attention(float *out, size_t out_stride, const struct attention_inputs *in, float *scratch);

#endif
