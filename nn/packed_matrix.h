/** Packed matrix: weights in the layout that the product reads, for nets whose results must not
 * depend on how many rows go through together.
 *
 * BLAS chooses its way by the number of rows, so a row's last bits may depend on its company. Here
 * each row's sums run in one order (nn/narrow_matmul.h), and since the weights are laid out once,
 * when a net is made, products of any number of rows are as fast as those of BLAS.
 *
 * A matrix may have several taps: the row that it multiplies is then `taps` stretches of K floats,
 * and the product over all rows of a signal is a convolution, channels last. */
#ifndef NN_PACKED_MATRIX_H
#define NN_PACKED_MATRIX_H

#include "core/status.h"

#include <stddef.h>

struct packed_matrix {
    float *panels; /* owned: panels of columns, one after the other, each [taps * K][columns] */
    size_t N, taps, K;
};

/** Where the weights lie: that of output n, tap t and term k at values[n * row_step + t * tap_step
 * + k * term_step]. */
struct packed_source {
    const float *values;
    ptrdiff_t row_step, tap_step, term_step;
};

/** Local. Packs [N][taps][K]. The caller ends it with packed_matrix_end; on failure it is empty.
 * Errors: STATUS_NO_MEMORY. */
enum status packed_matrix_make(struct packed_matrix *out, const struct packed_source *source,
                               size_t N, size_t taps, size_t K);

/** Local. Packs a PyTorch Linear's weight [N][K]. Errors: STATUS_NO_MEMORY. */
enum status packed_matrix_make_linear(struct packed_matrix *out, const float *weight, size_t N,
                                      size_t K);

/** Frees. An all-zero matrix is allowed. */
void packed_matrix_end(struct packed_matrix *matrix);

/** Local. C = A B^T + bias.
 *
 *     C    [M][N]        out  rows C_stride apart, C_stride >= N
 *     A    [M][taps][K]  in   rows A_stride apart, taps tap_stride apart; rows may overlap
 *     bias [N]           in   NULL for none
 *
 * Allocates nothing and cannot fail. A row's result depends on that row alone. `C` must not overlap
 * `A`. */
void packed_multiply(float *C, size_t C_stride, const float *A, size_t A_stride, size_t tap_stride,
                     const struct packed_matrix *matrix, const float *bias, size_t M);

/** As packed_multiply, added to what is there: C += A B^T + bias. */
void packed_multiply_add(float *C, size_t C_stride, const float *A, size_t A_stride,
                         size_t tap_stride, const struct packed_matrix *matrix, const float *bias,
                         size_t M);

/** A linear layer: C [M][N] = A [M][K] B^T + bias, rows back to back; one tap. */
void packed_linear(float *C, const float *A, const struct packed_matrix *matrix, const float *bias,
                   size_t M);

/** A linear layer added to what is there: C += A B^T + bias. */
void packed_linear_add(float *C, const float *A, const struct packed_matrix *matrix,
                       const float *bias, size_t M);

#endif
