/** Matrix products of a shape that BLAS does badly: few columns or few terms, rows of A that
 * overlap.
 *
 * BLAS copies both operands into its own layout first, which costs as much as the product where it
 * has only tens of columns or terms, and refuses rows that overlap. Here nothing is copied: B comes
 * in the layout that the kernel reads, and A is read in place. HuBERT's first convolution (10
 * terms) and its positional one (groups of 48 channels, 128 taps) are such products. */
#ifndef NN_NARROW_MATMUL_H
#define NN_NARROW_MATMUL_H

#include <stdbool.h>
#include <stddef.h>

/** Local. C = A B + bias.
 *
 *     C    [M][N]  out  rows C_stride apart, C_stride >= N
 *     A    [M][K]  in   rows A_stride apart; A_stride < K is meant: row m begins at m * A_stride
 *     B    [K][N]  in   rows B_stride apart: the transpose of a PyTorch weight
 *     bias [N]     in   NULL for none
 *
 * Allocates nothing and cannot fail. Each sum begins with the bias and runs in order of k, so a
 * row's result depends on that row alone, not on M. Outputs must not overlap inputs. */
void narrow_matmul(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                   size_t B_stride, const float *bias, size_t M, size_t N, size_t K);

/** Local. narrow_matmul, which meanwhile asks for the values next [next_count] to be brought from
 * memory, as far as there is time; they are not read. */
void narrow_matmul_ahead(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                         size_t B_stride, const float *bias, size_t M, size_t N, size_t K,
                         const float *next, size_t next_count);
/** Rows of A that are not one stretch of memory: `runs` stretches of K floats each, their
 * beginnings run_step apart. A convolution with a dilation reads such rows: a run a tap. */
struct narrow_rows {
    const float *A;
    size_t A_stride; /* between rows */
    size_t runs, run_step, K;
};

/** Local. C = A B + bias, or C += A B + bias where `is_added`; B [runs * K][N]. Otherwise as
 * narrow_matmul: each sum runs in order of run and k. */
void narrow_matmul_runs(float *C, size_t C_stride, const struct narrow_rows *rows, const float *B,
                        size_t B_stride, const float *bias, bool is_added, size_t M, size_t N);

#endif
