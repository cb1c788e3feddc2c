/** Vectors that units stand for, as nets take them in: k-means centres of speech units, rows of a
 * codebook of image units. Local. */
#ifndef MODELS_UNIT_CODES_H
#define MODELS_UNIT_CODES_H

#include "core/status.h"

#include <stddef.h>

/** Borrowed. */
struct unit_codes {
    const float *rows; /* [count][width] */
    size_t count, width;
};

/** Brings each column to mean 0, and all values together to variance 1. What all codes have in
 * common would drown what tells them apart, and beside the sines of places rows of length 1 would
 * hardly be heard. Rows that are all alike become 0. */
void unit_codes_standardise(float *rows, size_t count, size_t width);

/** How whitened rows and their originals belong together: row = root * whitened + mean. */
struct unit_code_map {
    double *mean; /* [width], owned */
    double *root; /* [width][width], owned; zero above its diagonal */
    size_t width;
};

/** Brings all rows together to mean 0, variance 1 in every direction and no correlation. Colours
 * make up nearly all that codes of pictures differ in, and shapes a thousandth of it: steps of
 * equal size along all weights would learn colours alone. The root is Cholesky's of the rows'
 * covariance, to which a thousandth of the mean variance is added in every direction, so that none
 * is blown up that no code uses. Rows that are all alike become 0. Errors: STATUS_NO_MEMORY. */
enum status unit_codes_whiten(struct unit_code_map *map, float *rows, size_t count, size_t width);

void unit_code_map_end(struct unit_code_map *map);

/** Weights of the rows, from those of whitened rows that give the same sum but for a constant,
 * which is returned: what is to be added to a bias.
 *
 *     weights [width], `stride` apart  in, out */
double unit_code_map_weights(const struct unit_code_map *map, float *weights, size_t stride);

/** The other way: weights of whitened rows from those of the rows. */
double unit_code_map_whitened_weights(const struct unit_code_map *map, float *weights,
                                      size_t stride);

#endif
