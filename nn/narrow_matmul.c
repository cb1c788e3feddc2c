#include "nn/narrow_matmul.h"

#include "nn/multiversion.h"

#include <string.h>

/* Terms of one pass over C: what a tile reads of B (at most 48 KiB) then stays in the first cache
 * from tile to tile. */
enum { TERMS = 192 };

/* Cache lines asked for with each tile: about as many as a core can wait for at a time. */
enum { AHEAD_LINES = 20, LINE_FLOATS = 16 };

/* What is left to ask for. */
struct narrow_ahead {
    const float *values;
    size_t count;
};

ALWAYS_INLINE void narrow_ahead_fetch(struct narrow_ahead *ahead)
{
    for (size_t line = 0; line < AHEAD_LINES && ahead->count > 0; line++) {
        const size_t taken = ahead->count < LINE_FLOATS ? ahead->count : LINE_FLOATS;
        __builtin_prefetch(ahead->values, 0, 2);
        ahead->values += taken;
        ahead->count -= taken;
    }
}

/* C = start + bias + A B: [M][N] = [M][N] + [N] + [M][runs K] [runs K][N]. `start` is C itself, or
 * one row of zeros for all. A row of A is `runs` stretches of K floats, run_step apart. */
struct narrow_product {
    float *C;
    const float *A, *B, *start, *bias;
    size_t C_stride, A_stride, B_stride, start_stride, M, N, K, runs, run_step;
    size_t start_step, bias_step; /* 1; 0 where one number serves all columns of a tile: zeros */
    struct narrow_ahead *ahead;
};

/* The product without its first rows. */
ALWAYS_INLINE struct narrow_product narrow_product_below(struct narrow_product p, size_t rows)
{
    p.C += rows * p.C_stride;
    p.A += rows * p.A_stride;
    p.start += rows * p.start_stride;
    p.M -= rows;
    return p;
}

/* The product without its first columns. */
ALWAYS_INLINE struct narrow_product narrow_product_right(struct narrow_product p, size_t columns)
{
    p.C += columns;
    p.B += columns;
    p.start += columns * p.start_step;
    p.bias += columns * p.bias_step;
    p.N -= columns;
    return p;
}

#define VECTOR 4
#define VECTOR_TYPE vector_of_4
#define KERNEL(name) name##_by_4
#define KERNEL_TARGET
#define TALL 4
#include "nn/narrow_matmul_kernel.h"

#if defined(__x86_64__)
#define VECTOR 8
#define VECTOR_TYPE vector_of_8
#define KERNEL(name) name##_by_8
#define KERNEL_TARGET __attribute__((target("avx2,fma")))
#define TALL 4
#include "nn/narrow_matmul_kernel.h"

#define VECTOR 16
#define VECTOR_TYPE vector_of_16
#define KERNEL(name) name##_by_16
#define KERNEL_TARGET __attribute__((target("avx512f")))
#define TALL 8
#include "nn/narrow_matmul_kernel.h"

static void add(struct narrow_product product)
{
    if (__builtin_cpu_supports("avx512f"))
        add_by_16(product);
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        add_by_8(product);
    else
        add_by_4(product);
}
#else
static void add(struct narrow_product product)
{
    add_by_4(product);
}
#endif

static const float zeros[64]; /* more than the widest tile has columns */

/* What a pass over C leaves is where the next begins. */
static void add_pass(struct narrow_product *product)
{
    add(*product);
    product->start = product->C;
    product->start_stride = product->C_stride;
    product->start_step = 1;
    product->bias = zeros;
    product->bias_step = 0;
}

/* Runs that are long are cut into equal parts, and short ones taken together. */
static void add_passes(struct narrow_product product, size_t runs, size_t K)
{
    const float *A = product.A, *B = product.B;
    const size_t parts = K > TERMS ? (K + TERMS - 1) / TERMS : 1;
    const size_t part = K > 0 ? (K + parts - 1) / parts : 1;
    const size_t together = K > 0 && K < TERMS ? TERMS / K : 1;
    for (size_t run = 0; run < runs; run += together)
        for (size_t k = 0; k == 0 || k < K; k += part) {
            product.A = A + run * product.run_step + k;
            product.B = B + (run * K + k) * product.B_stride;
            product.K = K - k < part ? K - k : part;
            product.runs = runs - run < together ? runs - run : together;
            add_pass(&product);
        }
}

void narrow_matmul_ahead(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                         size_t B_stride, const float *bias, size_t M, size_t N, size_t K,
                         const float *next, size_t next_count)
{
    struct narrow_ahead ahead = { next, next_count };
    const struct narrow_product product = { .C = C,
                                            .A = A,
                                            .B = B,
                                            .start = zeros,
                                            .bias = bias != NULL ? bias : zeros,
                                            .bias_step = bias != NULL,
                                            .C_stride = C_stride,
                                            .A_stride = A_stride,
                                            .B_stride = B_stride,
                                            .M = M,
                                            .N = N,
                                            .ahead = &ahead };
    add_passes(product, 1, K);
}

void narrow_matmul_runs(float *C, size_t C_stride, const struct narrow_rows *rows, const float *B,
                        size_t B_stride, const float *bias, bool is_added, size_t M, size_t N)
{
    struct narrow_ahead nothing = { NULL, 0 };
    const struct narrow_product product = { .C = C,
                                            .A = rows->A,
                                            .B = B,
                                            .start = is_added ? C : zeros,
                                            .start_stride = is_added ? C_stride : 0,
                                            .start_step = is_added,
                                            .bias = bias != NULL ? bias : zeros,
                                            .bias_step = bias != NULL,
                                            .C_stride = C_stride,
                                            .A_stride = rows->A_stride,
                                            .B_stride = B_stride,
                                            .run_step = rows->run_step,
                                            .ahead = &nothing,
                                            .M = M,
                                            .N = N };
    add_passes(product, rows->runs, rows->K);
}

void narrow_matmul(float *C, size_t C_stride, const float *A, size_t A_stride, const float *B,
                   size_t B_stride, const float *bias, size_t M, size_t N, size_t K)
{
    narrow_matmul_ahead(C, C_stride, A, A_stride, B, B_stride, bias, M, N, K, NULL, 0);
}
