#include "nn/packed_matrix.h"

#include "nn/narrow_matmul.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Columns of a panel: three of the widest vectors, or two where one would be left over. Rows of one
 * pass over all panels: what is read of A then stays in the second cache. */
enum { PANEL = 48, VECTOR = 16, PASS_ROWS = 256 };

static size_t panel_columns(size_t left)
{
    if (left == PANEL + VECTOR)
        return 2 * VECTOR;
    return left < PANEL ? left : PANEL;
}

enum status packed_matrix_make(struct packed_matrix *out, const struct packed_source *source,
                               size_t N, size_t taps, size_t K)
{
    *out = (struct packed_matrix){ .N = N, .taps = taps, .K = K };
    size_t count, bytes;
    if (!__builtin_mul_overflow(N, taps, &count) && !__builtin_mul_overflow(count, K, &count) &&
        !__builtin_mul_overflow(count, sizeof(float), &bytes))
        out->panels = malloc(bytes > 0 ? bytes : 1);
    if (out->panels == NULL) {
        *out = (struct packed_matrix){ 0 };
        return status_fail(STATUS_NO_MEMORY, "a matrix of %zu x %zu x %zu", N, taps, K);
    }
    float *at = out->panels;
    for (size_t n = 0, columns; n < N; n += columns) {
        columns = panel_columns(N - n);
        for (size_t t = 0; t < taps; t++)
            for (size_t k = 0; k < K; k++)
                for (size_t c = 0; c < columns; c++)
                    *at++ = source->values[(ptrdiff_t)(n + c) * source->row_step +
                                           (ptrdiff_t)t * source->tap_step +
                                           (ptrdiff_t)k * source->term_step];
    }
    return STATUS_OK;
}

enum status packed_matrix_make_linear(struct packed_matrix *out, const float *weight, size_t N,
                                      size_t K)
{
    const struct packed_source source = { .values = weight,
                                          .row_step = (ptrdiff_t)K,
                                          .term_step = 1 };
    return packed_matrix_make(out, &source, N, 1, K);
}

void packed_matrix_end(struct packed_matrix *matrix)
{
    free(matrix->panels);
    *matrix = (struct packed_matrix){ 0 };
}

static void multiply_rows(float *C, size_t C_stride, const struct narrow_rows *rows,
                          const struct packed_matrix *matrix, const float *bias, bool is_added,
                          size_t M)
{
    const float *panel = matrix->panels;
    for (size_t n = 0, columns; n < matrix->N; n += columns) {
        columns = panel_columns(matrix->N - n);
        narrow_matmul_runs(C + n, C_stride, rows, panel, columns, bias != NULL ? bias + n : NULL,
                           is_added, M, columns);
        panel += matrix->taps * matrix->K * columns;
    }
}

static void multiply(float *C, size_t C_stride, struct narrow_rows rows,
                     const struct packed_matrix *matrix, const float *bias, bool is_added, size_t M)
{
    rows.K = matrix->K;
    rows.runs = matrix->taps;
    if (rows.runs > 1 && rows.run_step == rows.K) { /* one stretch */
        rows.K *= rows.runs;
        rows.runs = 1;
    }
    for (size_t m = 0; m < M; m += PASS_ROWS) {
        multiply_rows(C + m * C_stride, C_stride, &rows, matrix, bias, is_added,
                      M - m < PASS_ROWS ? M - m : PASS_ROWS);
        rows.A += PASS_ROWS * rows.A_stride;
    }
}

void packed_multiply(float *C, size_t C_stride, const float *A, size_t A_stride, size_t tap_stride,
                     const struct packed_matrix *matrix, const float *bias, size_t M)
{
    const struct narrow_rows rows = { .A = A, .A_stride = A_stride, .run_step = tap_stride };
    multiply(C, C_stride, rows, matrix, bias, false, M);
}

void packed_multiply_add(float *C, size_t C_stride, const float *A, size_t A_stride,
                         size_t tap_stride, const struct packed_matrix *matrix, const float *bias,
                         size_t M)
{
    const struct narrow_rows rows = { .A = A, .A_stride = A_stride, .run_step = tap_stride };
    multiply(C, C_stride, rows, matrix, bias, true, M);
}

void packed_linear(float *C, const float *A, const struct packed_matrix *matrix, const float *bias,
                   size_t M)
{
    packed_multiply(C, matrix->N, A, matrix->K, 0, matrix, bias, M);
}

void packed_linear_add(float *C, const float *A, const struct packed_matrix *matrix,
                       const float *bias, size_t M)
{
    packed_multiply_add(C, matrix->N, A, matrix->K, 0, matrix, bias, M);
}
