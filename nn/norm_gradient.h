/** Gradients of nn/norm.h, and sums over rows. Local; nothing is allocated and nothing can fail.
 * What depends on a row's statistics takes them anew from x, which is cheaper than keeping them.
 * Gradients of inputs come out as dx = keep dx + ..., with keep 0 (dx may then hold anything) or 1.
 * Checked against the recorded gradients in golden/nn-ops, within 1e-5 relative. */
#ifndef NN_NORM_GRADIENT_H
#define NN_NORM_GRADIENT_H

#include <stddef.h>

/** Adds the sum over rows to `sums`: the gradient of a bias.
 *
 *     sums [D]     in/out
 *     x    [T][D]  in */
void add_column_sums(float *sums, const float *x, size_t T, size_t D);

/** Layer norm.
 *
 *     dx      [T][D]  in/out  NULL where not wanted
 *     dgain   [D]     in/out  added to; NULL where not wanted
 *     doffset [D]     in/out  added to; NULL where not wanted
 *     dy      [T][D]  in
 *     x       [T][D]  in      what layer_norm was given
 *     gain    [D]     in      NULL for ones */
void layer_norm_gradient(float *dx, float keep, float *dgain, float *doffset, const float *dy,
                         const float *x, const float *gain, float eps, size_t T, size_t D);

/** Scaling to length 1. Shapes as above. */
void l2_normalise_gradient(float *dx, float keep, const float *dy, const float *x, float eps,
                           size_t T, size_t D);

/** Softmax, from its result y: dx = keep dx + y (dy - sum y dy).
 *
 *     dx, dy, y [T][D]  rows `stride` apart; dx may be dy where keep is 0 */
void softmax_gradient(float *dx, float keep, const float *dy, const float *y, size_t stride,
                      size_t T, size_t D);

#endif
