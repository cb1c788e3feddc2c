/** Functions of single elements, on the tape. Local; see nn/tape.h and nn/activation.h. Golden:
 * nn-ops of the same names, within 1e-5 relative, gradients too. */
#ifndef NN_TAPE_ACTIVATION_H
#define NN_TAPE_ACTIVATION_H

#include "nn/tape.h"

/** Each returns an array of x's shape. */
struct array *tape_gelu(struct tape *tape, struct array *x);
struct array *tape_quick_gelu(struct tape *tape, struct array *x);
struct array *tape_tanh(struct tape *tape, struct array *x);
struct array *tape_silu(struct tape *tape, struct array *x);
struct array *tape_leaky_relu(struct tape *tape, struct array *x, float slope);

/** x + y, of one shape. */
struct array *tape_add(struct tape *tape, struct array *x, struct array *y);

/** factor x. */
struct array *tape_scale(struct tape *tape, struct array *x, float factor);

/** Which elements a dropout takes: a pure function of these, so the same for any batch and any
 * number of ranks. */
struct dropout {
    float probability;         /* 0 <= p < 1; 0 changes nothing */
    uint64_t seed, step;       /* of the run; the number of the update */
    uint32_t layer;            /* tells the dropouts of a net apart */
    const uint64_t *row_names; /* [rows] of x: what each row is, e.g. record and position; borrowed
                                  until tape_reset */
};

/** Sets elements to 0 with the given probability and scales the others by 1 / (1 - p). Source:
 * Srivastava et al. 2014 (JMLR 15), in its inverted form. */
struct array *tape_dropout(struct tape *tape, struct array *x, const struct dropout *dropout);

#endif
