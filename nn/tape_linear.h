/** Products on the tape. Local; see nn/tape.h. Golden: nn-ops/linear, linear_nobias,
 * batched_matmul, within 1e-5 relative, gradients too. */
#ifndef NN_TAPE_LINEAR_H
#define NN_TAPE_LINEAR_H

#include "nn/tape.h"

/** y = x weight^T + bias.
 *
 *     x      [T][K]
 *     weight [N][K]  a PyTorch Linear's
 *     bias   [1][N]  NULL for none
 *     returns [T][N] */
struct array *tape_linear(struct tape *tape, struct array *x, struct array *weight,
                          struct array *bias);

/** `batch` products at once: y_b = a_b b_b.
 *
 *     a [batch * M][K]
 *     b [batch * K][N]
 *     returns [batch * M][N] */
struct array *tape_batched_matmul(struct tape *tape, struct array *a, struct array *b,
                                  size_t batch);

#endif
