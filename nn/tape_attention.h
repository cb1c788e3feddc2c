/** Multi-head attention on the tape. Local; see nn/tape.h. Golden: nn-ops/mha_*, within 1e-5
 * relative, gradients too. Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.
 *
 * Backward, the weights are made anew instead of kept, so memory does not grow with the square of
 * the length (Dao et al. 2022, arXiv:2205.14135, section 3.1). */
#ifndef NN_TAPE_ATTENTION_H
#define NN_TAPE_ATTENTION_H

#include "nn/tape.h"

/** Part of the columns of an array: queries, keys or values of a fused projection. */
struct array_part {
    struct array *array;
    size_t first_column;
};

struct attention_plan {
    struct array_part queries, keys, values;
    size_t heads, head_width; /* each part is heads * head_width columns wide */
    /* Segment s of the queries looks at segment s of the keys. */
    struct segments query_segments, key_segments;
    /* Row i of a segment's queries sees its keys 0 .. i, and in any case the first visible[s].
     * NULL: every query sees every key. */
    const size_t *visible;
    const uint8_t *ignored_keys; /* [rows of keys]: 1 hides that key from all. NULL for none */
    float *weights; /* out, for looking at: [segments][heads][queries][keys]; NULL for nobody */
};

/** For each segment and head softmax(queries keys^T / sqrt(head_width)) values.
 *
 *     returns [rows of queries][heads * head_width]
 *
 * What the plan points to is borrowed until tape_reset. Every query must see a key. */
struct array *tape_attention(struct tape *tape, const struct attention_plan *plan);

#endif
