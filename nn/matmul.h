/** Matrix products in single precision. The door to BLAS.
 *
 * Matrices are row-major parts of larger arrays: element (r, c) of A is A[r * A_stride + c]. A
 * stride may be smaller than a row is long (rows then overlap) where the matrix is only read. That
 * makes a convolution over time, with channels last and without padding, a plain product: input
 * [T][C], kernel k, step s is M = (T - k) / s + 1 rows of K = k C floats with A_stride = s C, and
 * the weights are repacked once from PyTorch's [N][C][k] to [N][k][C]. (BLAS itself refuses such
 * strides; here the product is then made in parts.)
 *
 * Local; nothing is allocated here and nothing can fail. Extents and strides must fit in an int (a
 * programmer's error otherwise). Results depend on the extents and on the BLAS kernel, never on
 * earlier calls. Zero extents are allowed. Outputs must not overlap inputs. */
#ifndef NN_MATMUL_H
#define NN_MATMUL_H

#include <stddef.h>

/** Makes BLAS use the calling thread only: a rank is a core. Call once, at the start of a program;
 * the setting is the library's own and holds for the process. */
void matmul_use_one_thread(void);

/** The value of OPENBLAS_CORETYPE that would make OpenBLAS use this processor's vectors, or NULL
 * where it does so already, where it cannot, or where the variable is set.
 *
 * OpenBLAS picks its kernels by a list of processor models when it is loaded; on a model newer than
 * the library it falls back to SSE, four times slower (0.3.21 on Intel Emerald Rapids: 41 instead
 * of 185 GFLOP/s a core). A program should ask before anything else and, given a name, set the
 * variable and execute itself anew. */
const char *matmul_core_advice(void);

/** A linear layer: C = A B^T + bias.
 *
 *     C    [M][N]  out  rows C_stride apart, C_stride >= N
 *     A    [M][K]  in   rows A_stride apart
 *     B    [N][K]  in   contiguous: a PyTorch Linear's weight
 *     bias [N]     in   NULL for none
 *
 * A bias costs nothing: it takes the place of the zeros that BLAS would write first. */
void matmul_linear(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                   const float *bias, size_t M, size_t N, size_t K);

/** A linear layer added to what is there: C += A B^T. A residual connection costs nothing this way;
 * its bias can be added by the norm that follows (layer_norm's addend). */
void matmul_linear_add(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                       size_t M, size_t N, size_t K);

/** C = scale A B^T + keep C, with B [N][K] of rows B_stride apart: scores of queries and keys.
 * keep 0 ignores what C holds. */
void matmul_transposed(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                       size_t B_stride, size_t M, size_t N, size_t K, float scale, float keep);

/** C = scale A B + keep C, with A [M][K] and B [K][N]: weighted sums of values. */
void matmul(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
            size_t B_stride, size_t M, size_t N, size_t K, float scale, float keep);

/** C = scale A^T B + keep C, with A [K][M] and B [K][N]: gradients of weights. */
void matmul_of_transposed(float *C, size_t C_stride, const float *A, size_t A_stride,
                          const float *B, size_t B_stride, size_t M, size_t N, size_t K,
                          float scale, float keep);

#endif
