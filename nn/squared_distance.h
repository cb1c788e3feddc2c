/** Distances and lengths of rows of floats, summed in double in an order that depends on D alone:
 * rows that are equal are equally far. All functions are local and cannot fail. */
#ifndef NN_SQUARED_DISTANCE_H
#define NN_SQUARED_DISTANCE_H

#include <stddef.h>

/** |a - b|^2 of rows a [D] and b [D]. */
double squared_distance(const float *a, const float *b, size_t D);

/** |a|^2 of row a [D]. */
double squared_length(const float *a, size_t D);

#endif
