/** Unit ids: how speech units and a decoder's ids stand for each other.
 *
 * Id 0 is padding, 101 begins a sequence and 102 ends it, as in the text decoder that the public
 * nets began from; units go around those. The public nets' own table gives unit 100 the id 101, so
 * that it cannot be told from a beginning; nets made here keep them apart.
 *
 * Source: ms-dot-k/Image-to-Speech c91357c (tests/golden/im2sp-tiny, map.*), exactly. */
#ifndef MODELS_UNIT_IDS_H
#define MODELS_UNIT_IDS_H

#include <stddef.h>
#include <stdint.h>

enum { UNIT_ID_PAD = 0, UNIT_ID_BEGIN = 101, UNIT_ID_END = 102 };

enum unit_ids {
    UNIT_IDS_APART, /* unit u is id u + 1 below 100, else u + 3 */
    UNIT_IDS_PUBLIC /* as published: u + 1 up to 100, else u + 3 */
};

/** Ids that a decoder of `units` units has. */
size_t unit_ids_vocabulary(size_t units);

/** Units that a decoder of `vocabulary` ids, more than UNIT_ID_END, can say. */
size_t unit_ids_units(size_t vocabulary);

/** The id of a unit. */
uint16_t unit_ids_of_unit(enum unit_ids ids, uint16_t unit);

/** The unit that an id stands for; -1 for one that stands for none. Of the public nets' ids, the
 * three special ones and 103 give what upstream's formula gives: -1, 100, 99 and 100. */
int32_t unit_ids_to_unit(enum unit_ids ids, uint16_t id);

#endif
