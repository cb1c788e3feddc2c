#include "nn/matmul.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void matmul_use_one_thread(void)
{
    openblas_set_num_threads(1);
}

static bool has_wide_kernels(const char *core)
{
    const char *const wide[] = { "Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids" };
    for (size_t w = 0; w < sizeof wide / sizeof wide[0]; w++)
        if (strcasecmp(core, wide[w]) == 0)
            return true;
    return false;
}

const char *matmul_core_advice(void)
{
    if (getenv("OPENBLAS_CORETYPE") != NULL || has_wide_kernels(openblas_get_corename()))
        return NULL;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "Haswell";
#endif
    return NULL;
}

static int as_int(size_t extent)
{
    assert(extent <= INT_MAX);
    return (int)extent;
}

/* BLAS refuses a row stride below the row's length. Where rows overlap, the product is therefore
 * the sum of products of shorter rows, which do not. */
static void multiply_by_transposed(float *C, size_t C_stride, const float *A, size_t A_stride,
                                   const float *B, size_t B_stride, size_t M, size_t N, size_t K,
                                   float scale, float keep)
{
    if (M == 0 || N == 0)
        return;
    if (M == 1)
        A_stride = K > 0 ? K : 1;
    assert(A_stride > 0);
    for (size_t k = 0; k == 0 || k < K; k += A_stride) {
        const size_t part = K - k < A_stride ? K - k : A_stride;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, as_int(M), as_int(N), as_int(part),
                    scale, A + k, as_int(A_stride), B + k, as_int(B_stride), k == 0 ? keep : 1.0f,
                    C, as_int(C_stride));
    }
}

void matmul_linear(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                   const float *bias, size_t M, size_t N, size_t K)
{
    for (size_t m = 0; m < M && bias != NULL; m++)
        memcpy(C + m * C_stride, bias, N * sizeof *C);
    multiply_by_transposed(C, C_stride, A, A_stride, B, K > 0 ? K : 1, M, N, K, 1.0f,
                           bias != NULL ? 1.0f : 0.0f);
}

void matmul_linear_add(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                       size_t M, size_t N, size_t K)
{
    multiply_by_transposed(C, C_stride, A, A_stride, B, K > 0 ? K : 1, M, N, K, 1.0f, 1.0f);
}

void matmul_transposed(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                       size_t B_stride, size_t M, size_t N, size_t K, float scale, float keep)
{
    multiply_by_transposed(C, C_stride, A, A_stride, B, B_stride, M, N, K, scale, keep);
}

void matmul(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
            size_t B_stride, size_t M, size_t N, size_t K, float scale, float keep)
{
    if (M == 0 || N == 0)
        return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, as_int(M), as_int(N), as_int(K), scale,
                A, as_int(A_stride), B, as_int(B_stride), keep, C, as_int(C_stride));
}

void matmul_of_transposed(float *C, size_t C_stride, const float *A, size_t A_stride,
                          const float *B, size_t B_stride, size_t M, size_t N, size_t K,
                          float scale, float keep)
{
    if (M == 0 || N == 0)
        return;
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, as_int(M), as_int(N), as_int(K), scale, A,
                as_int(A_stride), B, as_int(B_stride), keep, C, as_int(C_stride));
}
