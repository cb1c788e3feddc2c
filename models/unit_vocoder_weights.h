/** Weights of a unit vocoder: weight norm folded in, and packed for the products. Inside the net
 * only. */
#ifndef MODELS_UNIT_VOCODER_WEIGHTS_H
#define MODELS_UNIT_VOCODER_WEIGHTS_H

#include "models/unit_vocoder_config.h"
#include "nn/packed_matrix.h"

struct unit_convolution {
    struct packed_matrix matrix;
    float *bias; /* [N], owned */
    size_t dilation;
};

/** A transposed convolution as one of its phases sees it: row q * rate + phase of the output is a
 * product over `matrix.taps` rows of the input, the last of them q + last. */
struct unit_phase {
    struct packed_matrix matrix; /* no taps: the phase is its bias alone */
    ptrdiff_t last;
};

struct unit_upsampling {
    struct unit_phase phases[UNIT_VOCODER_RATE_MAX];
    float *bias; /* owned */
};

struct unit_residual {
    struct unit_convolution first[UNIT_VOCODER_DILATIONS_MAX]; /* with the dilations */
    struct unit_convolution second[UNIT_VOCODER_DILATIONS_MAX];
};

struct unit_duration_weights {
    struct unit_convolution convolutions[2];
    float *gains[2], *offsets[2]; /* [hidden], owned: layer norms */
    float *out;                   /* [hidden], owned */
    float out_bias;
};

struct unit_vocoder_weights {
    float *table; /* [codes][width], owned */
    struct unit_convolution pre, post;
    struct unit_upsampling ups[UNIT_VOCODER_STAGES_MAX];
    struct unit_residual blocks[UNIT_VOCODER_STAGES_MAX][UNIT_VOCODER_BLOCKS_MAX];
    struct unit_duration_weights durations; /* empty without a predictor */
};

/** Local. Takes the weights that `config` calls for; nothing is borrowed from the table. Tensors
 * that the vocoder does not know are ignored, as the checkpoints hold those of other parts.
 *
 * On failure `*weights` is empty. Errors: STATUS_CORRUPT, naming a tensor that is missing,
 * misshapen or not finite, or a norm of 0; STATUS_NO_MEMORY. */
enum status unit_vocoder_weights_take(struct unit_vocoder_weights *weights,
                                      const struct tensor_table *table, const char *prefix,
                                      const struct unit_vocoder_config *config);

/** Frees. An all-zero struct is allowed. */
void unit_vocoder_weights_end(struct unit_vocoder_weights *weights);

#endif
