#include "nn/squared_distance.h"

#include "nn/multiversion.h"

/* Partial sums side by side, so that no addition waits for the one before. */
enum { LANES = 32 };

ALWAYS_INLINE double sum_of_lanes(double lanes[LANES])
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lanes[l] += lanes[l + half];
    return lanes[0];
}

MULTIVERSION double squared_distance(const float *a, const float *b, size_t D)
{
    double lanes[LANES] = { 0 };
    size_t d = 0;
    for (; d + LANES <= D; d += LANES)
        for (size_t l = 0; l < LANES; l++) {
            const double difference = (double)a[d + l] - (double)b[d + l];
            lanes[l] += difference * difference;
        }
    for (size_t l = 0; d < D; d++, l++) {
        const double difference = (double)a[d] - (double)b[d];
        lanes[l] += difference * difference;
    }
    return sum_of_lanes(lanes);
}

MULTIVERSION double squared_length(const float *a, size_t D)
{
    double lanes[LANES] = { 0 };
    size_t d = 0;
    for (; d + LANES <= D; d += LANES)
        for (size_t l = 0; l < LANES; l++)
            lanes[l] += (double)a[d + l] * (double)a[d + l];
    for (size_t l = 0; d < D; d++, l++)
        lanes[l] += (double)a[d] * (double)a[d];
    return sum_of_lanes(lanes);
}
