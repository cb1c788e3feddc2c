/** Whole-picture passes over 32-bit pixels, 0x00RRGGBB in the machine's byte order, rows `stride`
 * bytes apart: as cairo holds them. Nothing here allocates or fails. */
#ifndef SCENES_PIXELS_H
#define SCENES_PIXELS_H

#include "core/random.h"

#include <stddef.h>
#include <stdint.h>

/** A linear gradient over the picture's diagonal. */
struct wash {
    double from[3], to[3]; /* red, green, blue, 0 .. 1 */
    double turn; /* the direction from `from` to `to`: 0 is rightwards, clockwise, radians */
};

/** Fills every pixel.
 *
 *     data [height][stride]  out */
void pixels_fill_wash(unsigned char *data, size_t stride, size_t width, size_t height,
                      const struct wash *wash);

/** Unpacks to bytes and adds a grain as a camera's sensor has: -4 .. 4, the same in all channels.
 *
 *     pixels [height][width][3]  out  RGB
 *     data   [height][stride]    in */
void pixels_unpack(uint8_t *pixels, const unsigned char *data, size_t stride, size_t width,
                   size_t height, struct random_stream *stream);

#endif
