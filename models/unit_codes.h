/** Vectors that units stand for, as nets take them in: k-means centres of speech units, rows of a
 * codebook of image units. Local. */
#ifndef MODELS_UNIT_CODES_H
#define MODELS_UNIT_CODES_H

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

#endif
