/** Normalisation of rows: layer norm, unit length, softmax.
 *
 * Rows are contiguous, D floats each. Local; nothing is allocated and nothing can fail. A row's
 * result depends on that row alone. Sums run in float over short stretches and in double over
 * those, so rows may be as long as a whole recording. */
#ifndef NN_NORM_H
#define NN_NORM_H

#include <stddef.h>

/** Layer norm: y = (z - mean z) / sqrt(var z + eps) * gain + offset, with z = x + addend.
 *
 *     y      [T][D]  out  may be x itself
 *     x      [T][D]  in
 *     addend [D]     in   NULL for none: the bias that matmul_linear_add left out
 *     gain   [D]     in   NULL for ones
 *     offset [D]     in   NULL for zeros
 *
 * The variance is the mean of squared differences from the mean (divided by D, not D - 1).
 * Source: Ba et al. 2016 (arXiv:1607.06450); within 2e-6 relative of double. */
void layer_norm(float *y, const float *x, const float *addend, const float *gain,
                const float *offset, float eps, size_t T, size_t D);

/** Scales each row to length 1: y = x / max(|x|, eps). PyTorch's F.normalize has eps 1e-12.
 *
 *     y [T][D]  out  may be x itself
 *     x [T][D]  in */
void l2_normalise(float *y, const float *x, float eps, size_t T, size_t D);

/** Softmax of each row, in place: e^(x - max) / sum. Minus infinity gives 0; a row needs at least
 * one finite value.
 *
 *     x [T][D]  in/out  rows `stride` apart */
void softmax(float *x, size_t stride, size_t T, size_t D);

/** Adds the same row to every row: x += addend.
 *
 *     x      [T][D]  in/out
 *     addend [D]     in */
void add_to_rows(float *x, const float *addend, size_t T, size_t D);

#endif
