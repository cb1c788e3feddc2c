/** Losses on the tape. Local; see nn/tape.h. All return a scalar (1 x 1). */
#ifndef NN_TAPE_LOSS_H
#define NN_TAPE_LOSS_H

#include "nn/tape.h"

enum { IGNORED_TARGET = -100 };

/** Cross entropy of each row's softmax: the sum over rows of -log p[target], divided by `divisor`.
 * Golden: nn-ops/cross_entropy, within 1e-5 relative.
 *
 *     logits  [T][N]
 *     targets [T]     0 .. N - 1, or IGNORED_TARGET for rows that count nothing; borrowed
 *     divisor         0: the number of rows that count (and the loss is 0 where none does) */
struct array *tape_cross_entropy(struct tape *tape, struct array *logits, const int32_t *targets,
                                 double divisor);

/** The sum of (x - y)^2 over all elements, divided by `divisor` (0: their number). */
struct array *tape_squared_error(struct tape *tape, struct array *x, struct array *y,
                                 double divisor);

/** The sum of |x - y|, likewise. */
struct array *tape_absolute_error(struct tape *tape, struct array *x, struct array *y,
                                  double divisor);

#endif
