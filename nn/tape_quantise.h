/** Vector quantisation on the tape. Local; see nn/tape.h. Sources: van den Oord et al. 2017
 * (arXiv:1711.00937), section 3; Yu et al. 2021 (arXiv:2110.04627), section 3.2, for the cosine
 * form. Golden: nn-ops/vq_straight_through_*: ids exactly, the rest within 1e-5 relative. */
#ifndef NN_TAPE_QUANTISE_H
#define NN_TAPE_QUANTISE_H

#include "nn/tape.h"

struct quantised {
    struct array *codes; /* [T][D]: the nearest codes; their gradient goes straight to z */
    struct array *loss; /* 1 x 1: commitment beta mean |code - z|^2 plus codebook mean |code - z|^2,
                           each with the other side held fixed */
    const int32_t *ids; /* [T], valid until tape_reset; NULL where the tape is spent */
};

/** Replaces each row by the nearest row of the codebook; of equally near ones the first.
 *
 *     z         [T][D]
 *     codebook  [N][D]
 *     is_cosine both are first scaled to length 1: nearest and loss are between those, `codes` are
 *               the scaled codes, and the straight-through gradient goes to z as it was given */
struct quantised tape_quantise(struct tape *tape, struct array *z, struct array *codebook,
                               bool is_cosine, float beta);

/** x's values with y's gradient: of x's shape, and x itself gets none. */
struct array *tape_straight_through(struct tape *tape, struct array *x, struct array *y);

#endif
