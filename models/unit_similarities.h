/** How alike the image units of a picture are to those around them: what is told of a shape when
 * its colours are left out.
 *
 * An edge between red and blue and one between yellow and green are made of other codes, so that
 * a net has to learn each shape in every pair of colours; that a place is like the one to its left
 * and unlike the one above is the same in all of them. A net that sees both learns shapes from many
 * times fewer pictures.
 *
 * For unit u with neighbour n, of whose codes of length 1 the squared distance is d and V is what
 * the distance from the mean code comes to on average:
 *
 *     2 exp(-d / 2 V) - 1  and  2 exp(-4 d / V) - 1
 *
 * over the 24 neighbours of a square of 5 x 5, and 8 each at distances 4 and 7, straight and
 * diagonal. Beyond the picture's edge its outermost units go on.
 *
 * Source: self-similarity descriptors, Shechtman and Irani 2007 (CVPR), here of codes. Local. */
#ifndef MODELS_UNIT_SIMILARITIES_H
#define MODELS_UNIT_SIMILARITIES_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { UNIT_NEIGHBOURS = 40, UNIT_SIMILARITIES = 2 * UNIT_NEIGHBOURS };

struct unit_similarities; /* opaque */

/** For pictures of side x side units and a codebook, which is copied: codes [count][width].
 * Ownership: the caller's. Errors: STATUS_NO_MEMORY. */
enum status unit_similarities_create(struct unit_similarities **out, const float *codes,
                                     size_t count, size_t width, size_t side);

/** NULL is allowed. */
void unit_similarities_destroy(struct unit_similarities *self);

/** Similarity s of place p goes to out[p * place_stride + s * similarity_stride]: first those of
 * the wide kind, neighbour by neighbour, then those of the narrow one. Not for two threads at once.
 *
 *     units [side * side]  in  below `count` */
void unit_similarities_take(float *out, size_t place_stride, size_t similarity_stride,
                            struct unit_similarities *self, const uint16_t *units);

#endif
