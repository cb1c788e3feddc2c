#include "bench/sgemm_peak.h"

#include "bench/bench_clock.h"
#include "nn/matmul.h"

#include <stdbool.h>
#include <stdlib.h>

static const struct shape {
    size_t M, N, K;
    bool is_transposed;
} shapes[SGEMM_PEAK_SHAPES] = {
    { 1024, 1024, 1024, false },
    { 1024, 1024, 1024, true },
    { 2048, 768, 768, false },
    { 2048, 768, 768, true },
};

enum { OPERAND_MAX = 2048 * 1024 };

struct sgemm_peak {
    float A[OPERAND_MAX], B[OPERAND_MAX], C[OPERAND_MAX];
};

enum status sgemm_peak_create(struct sgemm_peak **out)
{
    struct sgemm_peak *peak = malloc(sizeof *peak);
    *out = peak;
    if (peak == NULL)
        return status_fail(STATUS_NO_MEMORY, "operands of %zu bytes", sizeof *peak);
    for (size_t i = 0; i < OPERAND_MAX; i++) {
        peak->A[i] = (float)(i % 251) * 0.01f - 1.0f;
        peak->B[i] = (float)(i % 241) * 0.01f - 1.0f;
        peak->C[i] = 0.0f;
    }
    return STATUS_OK;
}

void sgemm_peak_destroy(struct sgemm_peak *peak)
{
    free(peak);
}

double sgemm_peak_run(struct sgemm_peak *peak, size_t shape, double seconds)
{
    const struct shape *s = &shapes[shape];
    const double start = bench_clock_seconds();
    double products = 0.0;
    while (products < 1.0 || bench_clock_seconds() - start < seconds) {
        if (s->is_transposed)
            matmul_transposed(peak->C, s->N, peak->A, s->K, peak->B, s->K, s->M, s->N, s->K, 1.0f,
                              0.0f);
        else
            matmul(peak->C, s->N, peak->A, s->K, peak->B, s->N, s->M, s->N, s->K, 1.0f, 0.0f);
        products += 1.0;
    }
    return 2e-9 * (double)s->M * (double)s->N * (double)s->K * products;
}
