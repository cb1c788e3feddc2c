#include "nn/norm.h"

#include "nn/row_sums.h"
#include "nn/vector_math.h"

MULTIVERSION void layer_norm(float *y, const float *x, const float *addend, const float *gain,
                             const float *offset, float eps, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        const float *row = x + t * D;
        float *out = y + t * D;
        if (addend != NULL) {
            for (size_t d = 0; d < D; d++)
                out[d] = row[d] + addend[d];
            row = out;
        }
        const float mean = (float)(sum_of(row, D) / (double)D);
        const double variance = sum_of_squares(row, mean, D) / (double)D;
        const float scale = (float)(1.0 / sqrt(variance + (double)eps));
        if (gain != NULL && offset != NULL)
            for (size_t d = 0; d < D; d++)
                out[d] = (row[d] - mean) * scale * gain[d] + offset[d];
        else
            for (size_t d = 0; d < D; d++)
                out[d] = (row[d] - mean) * scale * (gain != NULL ? gain[d] : 1.0f) +
                         (offset != NULL ? offset[d] : 0.0f);
    }
}

MULTIVERSION void l2_normalise(float *y, const float *x, float eps, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        const float *row = x + t * D;
        float *out = y + t * D;
        const float length = (float)sqrt(sum_of_squares(row, 0.0f, D));
        const float divisor = length > eps ? length : eps;
        for (size_t d = 0; d < D; d++)
            out[d] = row[d] / divisor;
    }
}

ALWAYS_INLINE float largest_of(const float *x, size_t D)
{
    float lanes[LANES];
    for (size_t l = 0; l < LANES; l++)
        lanes[l] = -INFINITY;
    size_t d = 0;
    for (; d + LANES <= D; d += LANES)
        for (size_t l = 0; l < LANES; l++)
            lanes[l] = x[d + l] > lanes[l] ? x[d + l] : lanes[l];
    for (; d + VECTOR <= D; d += VECTOR)
        for (size_t l = 0; l < VECTOR; l++)
            lanes[l] = x[d + l] > lanes[l] ? x[d + l] : lanes[l];
    for (size_t l = 0; l < VECTOR; l++) {
        const float low = lanes[l] > lanes[l + VECTOR] ? lanes[l] : lanes[l + VECTOR];
        const float high = lanes[l + 2 * VECTOR] > lanes[l + 3 * VECTOR] ? lanes[l + 2 * VECTOR]
                                                                         : lanes[l + 3 * VECTOR];
        lanes[l] = low > high ? low : high;
    }
    float largest = -INFINITY;
    for (; d < D; d++)
        largest = x[d] > largest ? x[d] : largest;
    for (size_t l = 0; l < VECTOR; l++)
        largest = lanes[l] > largest ? lanes[l] : largest;
    return largest;
}

MULTIVERSION void softmax(float *x, size_t stride, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        float *row = x + t * stride;
        const float largest = largest_of(row, D);
        for (size_t d = 0; d < D; d++)
            row[d] = vector_exp(row[d] - largest);
        const float scale = (float)(1.0 / sum_of(row, D));
        for (size_t d = 0; d < D; d++)
            row[d] *= scale;
    }
}

MULTIVERSION void add_to_rows(float *x, const float *addend, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++)
        for (size_t d = 0; d < D; d++)
            x[t * D + d] += addend[d];
}
