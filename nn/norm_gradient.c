#include "nn/norm_gradient.h"

#include "nn/row_sums.h"

#include <math.h>
#include <stdbool.h>

/* Rows that are summed in float before they are added to the whole, so that a long sum does not
 * lose its small terms. */
enum { SUMMED_ROWS = 64, SUMMED_COLUMNS = 256 };

MULTIVERSION void add_column_sums(float *sums, const float *x, size_t T, size_t D)
{
    for (size_t column = 0; column < D; column += SUMMED_COLUMNS) {
        const size_t width = D - column < SUMMED_COLUMNS ? D - column : SUMMED_COLUMNS;
        for (size_t start = 0; start < T; start += SUMMED_ROWS) {
            const size_t end = T - start < SUMMED_ROWS ? T : start + SUMMED_ROWS;
            float part[SUMMED_COLUMNS] = { 0 };
            for (size_t t = start; t < end; t++)
                for (size_t d = 0; d < width; d++)
                    part[d] += x[t * D + column + d];
            for (size_t d = 0; d < width; d++)
                sums[column + d] += part[d];
        }
    }
}

/* Rows `start` .. `end` - 1 of dgain and doffset. */
ALWAYS_INLINE void add_affine_gradient(float *dgain, float *doffset, const float *dy,
                                       const float *x, const float *means, const float *scales,
                                       size_t start, size_t end, size_t D)
{
    for (size_t column = 0; column < D; column += SUMMED_COLUMNS) {
        const size_t width = D - column < SUMMED_COLUMNS ? D - column : SUMMED_COLUMNS;
        float gains[SUMMED_COLUMNS] = { 0 }, offsets[SUMMED_COLUMNS] = { 0 };
        for (size_t t = start; t < end; t++) {
            const float *g = dy + t * D + column, *in = x + t * D + column;
            const float mean = means[t - start], scale = scales[t - start];
            for (size_t d = 0; d < width; d++) {
                gains[d] += g[d] * ((in[d] - mean) * scale);
                offsets[d] += g[d];
            }
        }
        for (size_t d = 0; d < width && dgain != NULL; d++)
            dgain[column + d] += gains[d];
        for (size_t d = 0; d < width && doffset != NULL; d++)
            doffset[column + d] += offsets[d];
    }
}

/* With n = (x - mean) scale and h = dy gain: dx = scale (h - mean(h) - n mean(h n)). */
ALWAYS_INLINE void layer_norm_row_gradient(float *dx, float keep, const float *dy, const float *x,
                                           const float *gain, float mean, float scale, size_t D)
{
    double sum = 0.0, product = 0.0;
    for (size_t start = 0; start < D; start += LANES) {
        const size_t width = D - start < LANES ? D - start : LANES;
        float sums[LANES] = { 0 }, products[LANES] = { 0 };
        for (size_t l = 0; l < width; l++) {
            const float h = gain != NULL ? dy[start + l] * gain[start + l] : dy[start + l];
            sums[l] = h;
            products[l] = h * ((x[start + l] - mean) * scale);
        }
        sum += (double)sum_of_lanes(sums);
        product += (double)sum_of_lanes(products);
    }
    const float mean_h = (float)(sum / (double)D), mean_hn = (float)(product / (double)D);
    for (size_t d = 0; d < D; d++) {
        const float h = gain != NULL ? dy[d] * gain[d] : dy[d];
        const float change = scale * (h - mean_h - (x[d] - mean) * scale * mean_hn);
        dx[d] = keep != 0.0f ? dx[d] + change : change;
    }
}

MULTIVERSION void layer_norm_gradient(float *dx, float keep, float *dgain, float *doffset,
                                      const float *dy, const float *x, const float *gain, float eps,
                                      size_t T, size_t D)
{
    for (size_t start = 0; start < T; start += SUMMED_ROWS) {
        const size_t end = T - start < SUMMED_ROWS ? T : start + SUMMED_ROWS;
        float means[SUMMED_ROWS], scales[SUMMED_ROWS];
        for (size_t t = start; t < end; t++) {
            const float mean = (float)(sum_of(x + t * D, D) / (double)D);
            const double variance = sum_of_squares(x + t * D, mean, D) / (double)D;
            means[t - start] = mean;
            scales[t - start] = (float)(1.0 / sqrt(variance + (double)eps));
            if (dx != NULL)
                layer_norm_row_gradient(dx + t * D, keep, dy + t * D, x + t * D, gain, mean,
                                        scales[t - start], D);
        }
        if (dgain != NULL || doffset != NULL)
            add_affine_gradient(dgain, doffset, dy, x, means, scales, start, end, D);
    }
}

MULTIVERSION void l2_normalise_gradient(float *dx, float keep, const float *dy, const float *x,
                                        float eps, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        const float *in = x + t * D, *g = dy + t * D;
        const float length = (float)sqrt(sum_of_squares(in, 0.0f, D));
        const bool is_long = length > eps; /* else it was divided by a constant */
        const float scale = 1.0f / (is_long ? length : eps);
        const float along = is_long ? (float)sum_of_products(g, in, D) * scale * scale : 0.0f;
        for (size_t d = 0; d < D; d++) {
            const float change = scale * (g[d] - in[d] * along);
            dx[t * D + d] = keep != 0.0f ? dx[t * D + d] + change : change;
        }
    }
}

MULTIVERSION void softmax_gradient(float *dx, float keep, const float *dy, const float *y,
                                   size_t stride, size_t T, size_t D)
{
    for (size_t t = 0; t < T; t++) {
        const float *g = dy + t * stride, *out = y + t * stride;
        float *change = dx + t * stride;
        const float mean = (float)sum_of_products(g, out, D);
        if (keep != 0.0f)
            for (size_t d = 0; d < D; d++)
                change[d] += out[d] * (g[d] - mean);
        else
            for (size_t d = 0; d < D; d++)
                change[d] = out[d] * (g[d] - mean);
    }
}
