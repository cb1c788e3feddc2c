/** A transformer over the tokens of pictures, as ViT-VQGAN's encoder and decoder and CLIP's image
 * encoder have it: pre-norm blocks, every token sees every token of its picture. Part of those
 * nets; which norms stand before and after the blocks is theirs. */
#ifndef TOKENIZERS_IMAGE_VISION_TOWER_H
#define TOKENIZERS_IMAGE_VISION_TOWER_H

#include "core/status.h"
#include "tokenizers/image/picture_trace.h"

#include <stddef.h>

/** Between the two products of the feed-forward part. */
enum vision_activation { VISION_TANH, VISION_GELU, VISION_QUICK_GELU };

struct vision_tower {
    size_t dim, depth, heads, head_width, mlp; /* heads * head_width need not equal dim */
    enum vision_activation activation;
    float norm_eps;
};

/** Weights of a block. D: dim, I: heads * head_width, F: mlp. */
struct vision_block {
    const float *attention_gain, *attention_offset; /* [D] */
    const float *qkv, *qkv_bias; /* [3 I][D]: q, k, v, each head by head; [3 I], NULL for none */
    const float *out, *out_bias; /* [D][I], [D] */
    const float *mlp_gain, *mlp_offset; /* [D] */
    const float *expand, *expand_bias;  /* [F][D], [F] */
    const float *shrink, *shrink_bias;  /* [D][F], [D] */
};

/** Buffers; all owned. R: rows of a pass. */
struct vision_workspace {
    float *stream; /* [R][D]: what goes from block to block */
    float *normed; /* [R][D or I]: rows after a norm; what attention gives */
    float *qkv;    /* [R][3 I] */
    float *hidden; /* [rows of some pictures][F] */
    float *scores; /* attention's scratch */
};

/** Local. Buffers for passes of up to `picture_count` pictures of `token_count` tokens through any
 * of the towers [tower_count]. On failure `*workspace` is empty. Errors: STATUS_NO_MEMORY. */
enum status vision_workspace_begin(struct vision_workspace *workspace,
                                   const struct vision_tower *towers, size_t tower_count,
                                   size_t picture_count, size_t token_count);

/** Frees. An all-zero struct is allowed. */
void vision_workspace_end(struct vision_workspace *workspace);

/** A pass: the pictures that go through together, and who watches. */
struct vision_pass {
    struct picture_trace trace; /* put NULL: nobody */
    size_t first_picture;       /* of the call */
    size_t picture_count, token_count;
};

/** Shows `values` [picture_count][rows][columns] to the trace, picture by picture. */
void vision_pass_show(const struct vision_pass *pass, const char *name, const float *values,
                      size_t rows, size_t columns);

/** Local. Takes workspace->stream [picture_count * token_count][D] through all blocks
 * [tower->depth]. What is traced is called `prefix`block1_after_attn, block1_fc1 (before the
 * activation), block1, block2_after_attn, ... Allocates nothing, cannot fail. */
void vision_tower_run(const struct vision_tower *tower, const struct vision_block *blocks,
                      struct vision_workspace *workspace, const struct vision_pass *pass,
                      const char *prefix);

#endif
