/** Weight norm on the tape. Local; see nn/tape.h. Source: Salimans and Kingma 2016
 * (arXiv:1602.07868). Golden: nn-ops/weight_norm_*, within 1e-5 relative, gradients too. */
#ifndef NN_TAPE_WEIGHT_NORM_H
#define NN_TAPE_WEIGHT_NORM_H

#include "nn/tape.h"

/** w = g v / |v|, each slice by its own length. A slice is what one index of the kept dimension
 * selects from v seen as [slices before][kept][slices after].
 *
 *     g [kept floats]; v of any shape, `kept` * `after` dividing its size
 *
 * PyTorch's dim 0 of [N][C][k] is kept N, after C k; dim 2 is kept k, after 1.
 * Returns an array of v's shape. */
struct array *tape_weight_norm(struct tape *tape, struct array *g, struct array *v, size_t kept,
                               size_t after);

#endif
