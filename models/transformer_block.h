/** A transformer block that is trained: self-attention and a feed-forward part, each with a
 * residual connection and a layer norm after it (post-norm, Vaswani et al. 2017, arXiv:1706.03762)
 * or before it (pre-norm). Its parameters have the names of PyTorch's TransformerEncoderLayer.
 * Local. */
#ifndef MODELS_TRANSFORMER_BLOCK_H
#define MODELS_TRANSFORMER_BLOCK_H

#include "nn/parameters.h"
#include "nn/tape.h"

struct transformer_sizes {
    size_t width, heads, feed_forward; /* heads divides width */
    float layer_norm_eps;
    bool is_norm_first;
    float dropout; /* after attention, inside the feed-forward part, and after it */
};

struct transformer_block {
    struct parameter *in_weight, *in_bias, *out_weight, *out_bias;
    struct parameter *linear1_weight, *linear1_bias, *linear2_weight, *linear2_bias;
    struct parameter *norm1_gain, *norm1_offset, *norm2_gain, *norm2_offset;
};

/** What a block does in one run. */
struct transformer_run {
    struct segments segments; /* of x; a row sees its own segment */
    const size_t *visible;    /* as in struct attention_plan; NULL: every row sees all */
    bool is_first_row_only;   /* only each segment's first row is wanted: the result has a row a
                                 segment, and the rest is not computed */
    uint64_t seed, step;      /* of dropout */
    uint32_t layer; /* tells this block's dropouts from others'; takes 3 numbers from it */
    const uint64_t *row_names; /* [rows of x], for dropout; NULL where there is none */
};

/** What lies between, for looking at; arrays of the tape. */
struct transformer_trace {
    struct array *attention, *norm1, *linear1;
};

/** Adds a block's parameters, named PREFIX + "self_attn.in_proj_weight", ... */
void transformer_block_add(struct transformer_block *block, struct parameter_set *set,
                           const char *prefix, const struct transformer_sizes *sizes);

/** Draws first values: Xavier's uniform for the attention's projections, uniform within
 * 1 / sqrt(inputs) for the other two, zero biases, norms that change nothing. */
void transformer_block_draw(struct transformer_block *block, uint64_t seed);

/** Runs the block.
 *
 *     x       [rows][width]
 *     trace   out; NULL for nobody
 *     returns [rows][width], or [segments][width] where is_first_row_only */
struct array *transformer_block_run(struct tape *tape, const struct transformer_block *block,
                                    struct array *x, const struct transformer_sizes *sizes,
                                    const struct transformer_run *run,
                                    struct transformer_trace *trace);

#endif
