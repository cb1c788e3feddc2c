/** Which elements a dropout takes. Local; nothing is allocated and nothing can fail. */
#ifndef NN_DROPOUT_H
#define NN_DROPOUT_H

#include <stddef.h>
#include <stdint.h>

/** One row: out = keep out + in / (1 - p) where the element stays, keep out elsewhere; `keep` is 0
 * (out may hold anything; it may be `in`) or 1. Each of eight neighbouring elements has 16 bits of
 * one Philox block, so p is exact to 2^-16. The block is that of counter (column / 8, row name low,
 * row name high, layer), the same as core/random.h's philox4x32.
 *
 *     out, in [D] */
void dropout_row(float *out, float keep, const float *in, float probability, const uint32_t key[2],
                 uint64_t row_name, uint32_t layer, size_t D);

#endif
