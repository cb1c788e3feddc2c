/** Shifted image units: a picture whose content is moved a little is another picture with the same
 * caption, so that a net learns shapes instead of pictures by heart. The usual random crop of
 * pixels, on the grid of units. Local. */
#ifndef TRAINING_UNIT_SHIFT_H
#define TRAINING_UNIT_SHIFT_H

#include <stddef.h>
#include <stdint.h>

/** Which picture, and how far. */
struct unit_shift {
    uint64_t seed, step, name; /* all that the draw depends on: the picture's caption by name */
    size_t limit;              /* units, in each direction; 0: none */
};

/** Copies the grid units [side][side], moved up or down and left or right by up to `limit`, all
 * equally probable; what comes in from outside repeats the edge. */
void unit_shift_copy(uint16_t *out, const uint16_t *units, size_t side,
                     const struct unit_shift *shift);

#endif
