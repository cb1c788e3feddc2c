/** Pictures of drawn scenes in memory, as examples of what pictures look like. */
#ifndef STAGES_MAKE_WEIGHTS_DRAWN_PICTURES_H
#define STAGES_MAKE_WEIGHTS_DRAWN_PICTURES_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Local. Draws the scenes 0 .. count - 1 of a seed, and squashes them to side x side as a
 * ViT-VQGAN sees them.
 *
 *     pixels [count][side][side][3]  out  RGB levels
 *
 * Errors: STATUS_NO_MEMORY. */
enum status drawn_pictures_make(uint8_t *pixels, size_t count, size_t side, uint64_t seed);

#endif
