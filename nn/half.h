/** Half precision (IEEE 754 binary16), as its bits. */
#ifndef NN_HALF_H
#define NN_HALF_H

#include <stddef.h>
#include <stdint.h>

/** halves [count] from values [count], rounded to nearest, half to even; too large becomes
 * infinity. Local; cannot fail. */
void half_from_float(uint16_t *halves, const float *values, size_t count);

/** values [count] from halves [count], exactly. */
void half_to_float(float *values, const uint16_t *halves, size_t count);

#endif
