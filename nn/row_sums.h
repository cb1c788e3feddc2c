/** Sums over a row of floats, for use inside MULTIVERSION functions: in float over short stretches,
 * in double over those, so that a row may be as long as a whole recording. The order of additions
 * depends on the length alone. */
#ifndef NN_ROW_SUMS_H
#define NN_ROW_SUMS_H

#include "nn/multiversion.h"

#include <stddef.h>

/* Partial sums that run side by side: four vectors of 16 floats, enough to hide an addition's
 * latency, and few enough for the registers. */
enum { VECTOR = 16, LANES = 4 * VECTOR, STRETCH = 64 * LANES };

ALWAYS_INLINE float sum_of_lanes(const float *lanes)
{
    float quarter[LANES / 4];
    for (size_t l = 0; l < LANES / 4; l++)
        quarter[l] =
            (lanes[l] + lanes[l + LANES / 4]) + (lanes[l + LANES / 2] + lanes[l + LANES / 4 * 3]);
    float sum = 0.0f;
    for (size_t l = 0; l < LANES / 4; l++)
        sum += quarter[l];
    return sum;
}

/** The sum of x[0 .. D - 1]. */
ALWAYS_INLINE double sum_of(const float *x, size_t D)
{
    double sum = 0.0;
    for (size_t start = 0; start < D; start += STRETCH) {
        const size_t end = D - start < STRETCH ? D : start + STRETCH;
        float lanes[LANES] = { 0 };
        size_t d = start;
        for (; d + LANES <= end; d += LANES)
            for (size_t l = 0; l < LANES; l++)
                lanes[l] += x[d + l];
        for (; d + VECTOR <= end; d += VECTOR)
            for (size_t l = 0; l < VECTOR; l++)
                lanes[l] += x[d + l];
        float rest = 0.0f;
        for (; d < end; d++)
            rest += x[d];
        sum += (double)(sum_of_lanes(lanes) + rest);
    }
    return sum;
}

/** The sum of (x - centre)^2. */
ALWAYS_INLINE double sum_of_squares(const float *x, float centre, size_t D)
{
    double sum = 0.0;
    for (size_t start = 0; start < D; start += STRETCH) {
        const size_t end = D - start < STRETCH ? D : start + STRETCH;
        float lanes[LANES] = { 0 };
        size_t d = start;
        for (; d + LANES <= end; d += LANES)
            for (size_t l = 0; l < LANES; l++)
                lanes[l] += (x[d + l] - centre) * (x[d + l] - centre);
        for (; d + VECTOR <= end; d += VECTOR)
            for (size_t l = 0; l < VECTOR; l++)
                lanes[l] += (x[d + l] - centre) * (x[d + l] - centre);
        float rest = 0.0f;
        for (; d < end; d++)
            rest += (x[d] - centre) * (x[d] - centre);
        sum += (double)(sum_of_lanes(lanes) + rest);
    }
    return sum;
}

/** The sum of x y. */
ALWAYS_INLINE double sum_of_products(const float *x, const float *y, size_t D)
{
    double sum = 0.0;
    for (size_t start = 0; start < D; start += STRETCH) {
        const size_t end = D - start < STRETCH ? D : start + STRETCH;
        float lanes[LANES] = { 0 };
        size_t d = start;
        for (; d + LANES <= end; d += LANES)
            for (size_t l = 0; l < LANES; l++)
                lanes[l] += x[d + l] * y[d + l];
        for (; d + VECTOR <= end; d += VECTOR)
            for (size_t l = 0; l < VECTOR; l++)
                lanes[l] += x[d + l] * y[d + l];
        float rest = 0.0f;
        for (; d < end; d++)
            rest += x[d] * y[d];
        sum += (double)(sum_of_lanes(lanes) + rest);
    }
    return sum;
}

#endif
