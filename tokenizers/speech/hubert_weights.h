/** HuBERT's weights, ready for its kernels. Inside the net only. */
#ifndef TOKENIZERS_SPEECH_HUBERT_WEIGHTS_H
#define TOKENIZERS_SPEECH_HUBERT_WEIGHTS_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/speech/hubert_config.h"
#include "tokenizers/speech/hubert_names.h"

#include <stddef.h>

/** A linear layer's or a norm's two tensors; no bias is NULL. */
struct hubert_pair {
    const float *weight, *bias;
};

struct hubert_block_weights {
    struct hubert_pair query, key, value, attention_out, attention_norm; /* [D][D] and [D] */
    struct hubert_pair expand, contract; /* [feed_forward_width][D], [D][feed_forward_width] */
    struct hubert_pair final_norm;
};

struct hubert_weights {
    struct hubert_pair convolutions[HUBERT_CONVOLUTIONS_MAX]; /* as in the file: [out][in][k] */
    struct hubert_pair convolution_norms[HUBERT_CONVOLUTIONS_MAX];
    struct hubert_pair feature_norm, projection, encoder_norm;
    struct hubert_pair position; /* weight: the directions */
    const float *position_gain;
    struct hubert_block_weights *blocks; /* [layers] */

    float *first;                              /* [k][out]: for narrow_matmul */
    float *convolved[HUBERT_CONVOLUTIONS_MAX]; /* [out][k][in], from 1 on: for matmul_linear */
    float *positional;                         /* [groups][k][in][out]: for narrow_matmul */
    float **owned;                             /* [owned_count]: what could not be borrowed */
    size_t owned_count;
};

/** Takes the tensors of a net of this config from `table`, which must outlive the weights: what is
 * F32 there is not copied, but for the convolutions (36 MB in the base model).
 *
 * On success the weights are the caller's, ended with hubert_weights_end; on failure they are
 * empty. Errors: STATUS_CORRUPT    a tensor is missing, misshapen, not finite or unknown
 *         STATUS_INVALID    as hubert_names_detect
 *         STATUS_NO_MEMORY */
enum status hubert_weights_take(struct hubert_weights *out, const struct tensor_table *table,
                                const struct hubert_config *config);

/** Empty weights are allowed. */
void hubert_weights_end(struct hubert_weights *weights);

#endif
