#include "models/unit_codes.h"

#include <math.h>
#include <stdlib.h>

/* `mean` may be NULL. */
static void subtract_means(float *rows, double *mean, size_t count, size_t width)
{
    for (size_t c = 0; c < width; c++) {
        double sum = 0.0;
        for (size_t u = 0; u < count; u++)
            sum += (double)rows[u * width + c];
        for (size_t u = 0; u < count; u++)
            rows[u * width + c] -= (float)(sum / (double)count);
        if (mean != NULL)
            mean[c] = sum / (double)count;
    }
}

void unit_codes_standardise(float *rows, size_t count, size_t width)
{
    double squares = 0.0;
    subtract_means(rows, NULL, count, width);
    for (size_t c = 0; c < width; c++) /* in this order: the nets that ship were trained with it */
        for (size_t u = 0; u < count; u++)
            squares += (double)rows[u * width + c] * (double)rows[u * width + c];
    const float scale = squares > 0.0 ? (float)sqrt((double)(count * width) / squares) : 1.0f;
    for (size_t i = 0; i < count * width; i++)
        rows[i] *= scale;
}

/* The lower triangle, of rows with mean 0. */
static void find_covariance(double *covariance, const float *rows, size_t count, size_t width)
{
    const double least_share = 1e-3;
    double trace = 0.0;
    for (size_t u = 0; u < count; u++)
        for (size_t a = 0; a < width; a++)
            for (size_t b = 0; b <= a; b++)
                covariance[a * width + b] +=
                    (double)rows[u * width + a] * (double)rows[u * width + b] / (double)count;
    for (size_t a = 0; a < width; a++)
        trace += covariance[a * width + a];
    const double least = trace > 0.0 ? least_share * trace / (double)width : 1.0;
    for (size_t a = 0; a < width; a++)
        covariance[a * width + a] += least;
}

/* Cholesky's root, in the place of the positive definite matrix, whose lower triangle is there. */
static void take_root(double *matrix, size_t width)
{
    for (size_t a = 0; a < width; a++)
        for (size_t b = 0; b <= a; b++) {
            double left = matrix[a * width + b];
            for (size_t k = 0; k < b; k++)
                left -= matrix[a * width + k] * matrix[b * width + k];
            matrix[a * width + b] = a == b ? sqrt(left) : left / matrix[b * width + b];
        }
}

enum status unit_codes_whiten(struct unit_code_map *map, float *rows, size_t count, size_t width)
{
    *map = (struct unit_code_map){ .mean = calloc(width, sizeof *map->mean),
                                   .root = calloc(width * width, sizeof *map->root),
                                   .width = width };
    if (map->mean == NULL || map->root == NULL) {
        unit_code_map_end(map);
        return status_fail(STATUS_NO_MEMORY, "%zu codes of %zu values", count, width);
    }
    subtract_means(rows, map->mean, count, width);
    find_covariance(map->root, rows, count, width);
    take_root(map->root, width);
    for (size_t u = 0; u < count; u++)
        for (size_t a = 0; a < width; a++) {
            double left = (double)rows[u * width + a];
            for (size_t b = 0; b < a; b++)
                left -= map->root[a * width + b] * (double)rows[u * width + b];
            rows[u * width + a] = (float)(left / map->root[a * width + a]);
        }
    return STATUS_OK;
}

void unit_code_map_end(struct unit_code_map *map)
{
    free(map->mean);
    free(map->root);
    *map = (struct unit_code_map){ 0 };
}

static double weigh_mean(const struct unit_code_map *map, const float *weights, size_t stride)
{
    double sum = 0.0;
    for (size_t c = 0; c < map->width; c++)
        sum += map->mean[c] * (double)weights[c * stride];
    return sum;
}

double unit_code_map_weights(const struct unit_code_map *map, float *weights, size_t stride)
{
    for (size_t b = map->width; b-- > 0;) {
        double left = (double)weights[b * stride];
        for (size_t a = b + 1; a < map->width; a++)
            left -= map->root[a * map->width + b] * (double)weights[a * stride];
        weights[b * stride] = (float)(left / map->root[b * map->width + b]);
    }
    return -weigh_mean(map, weights, stride);
}

double unit_code_map_whitened_weights(const struct unit_code_map *map, float *weights,
                                      size_t stride)
{
    const double shift = weigh_mean(map, weights, stride);
    for (size_t b = 0; b < map->width; b++) {
        double sum = 0.0;
        for (size_t a = b; a < map->width; a++)
            sum += map->root[a * map->width + b] * (double)weights[a * stride];
        weights[b * stride] = (float)sum;
    }
    return shift;
}
