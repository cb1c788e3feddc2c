/** Normalisation on the tape. Local; see nn/tape.h and nn/norm.h. Golden: nn-ops/layer_norm_*,
 * group_norm_*, l2_normalize, softmax, within 1e-5 relative, gradients too. */
#ifndef NN_TAPE_NORM_H
#define NN_TAPE_NORM_H

#include "nn/tape.h"

/** Layer norm of each row.
 *
 *     x            [T][D]
 *     gain, offset [1][D]  NULL for none
 *     returns      [T][D] */
struct array *tape_layer_norm(struct tape *tape, struct array *x, struct array *gain,
                              struct array *offset, float eps);

/** Scales each row to length 1: x / max(|x|, eps). */
struct array *tape_l2_normalise(struct tape *tape, struct array *x, float eps);

/** Softmax of each row. */
struct array *tape_softmax(struct tape *tape, struct array *x);

/** Group norm, channels last: the columns of a segment are cut into `groups` of equal size, and
 * each is normalised by its own mean and variance over the rows of the segment. With as many groups
 * as columns the statistics are each channel's over time. Source: Wu and He 2018
 * (arXiv:1803.08494).
 *
 *     x            [T][C]
 *     gain, offset [1][C] */
struct array *tape_group_norm(struct tape *tape, struct array *x, const struct segments *segments,
                              size_t groups, struct array *gain, struct array *offset, float eps);

#endif
