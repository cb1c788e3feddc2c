/** An 8-bit RGB picture in memory, and what may be asked of the decoders that make one. */
#ifndef STORAGE_RGB_IMAGE_H
#define STORAGE_RGB_IMAGE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 8-bit RGB, row-major, rows back to back. */
struct rgb_image {
    size_t width, height;
    uint8_t *pixels; /* [height][width][3], owned; free with rgb_image_end */
};

/** Most pixels a picture may declare: where PIL refuses a decompression bomb. */
enum { PICTURE_PIXELS_MAX = 2 * 89478485 };

/** How to decode. All zero gives what PIL's Image.open(f).convert("RGB") gives. */
struct picture_options {
    size_t pixels_max; /* most pixels to accept, checked before allocating; 0: PICTURE_PIXELS_MAX */

    /* JPEG only: decode at the smallest of 1/8, 1/4, 1/2 and 1 that leaves both sides at least this
     * long; 0: always 1. Changes pixels, so it belongs in the provenance of what is made of them.
     */
    size_t scaled_side_min;

    bool apply_orientation; /* JPEG only: turn the picture as its EXIF orientation says */
};

/** Local. An image of undefined pixels. On success `*image` is the caller's; on failure it is
 * empty. `name` is only for messages.
 * Errors: STATUS_CORRUPT    a side is 0
 *         STATUS_INVALID    more than `pixels_max` pixels (0: PICTURE_PIXELS_MAX)
 *         STATUS_NO_MEMORY */
enum status rgb_image_begin(struct rgb_image *image, size_t width, size_t height, size_t pixels_max,
                            const char *name);

/** Frees the pixels. An all-zero image is allowed. */
void rgb_image_end(struct rgb_image *image);

/** Local. Turns the picture so that it is upright when its EXIF orientation was `orientation`,
 * 1 .. 8; other values leave it as it is. On failure the image is unchanged.
 * Errors: STATUS_NO_MEMORY. Source: CIPA DC-008 (Exif 2.32), tag 0x0112; agrees with PIL's
 * ImageOps.exif_transpose exactly. */
enum status rgb_image_orient(struct rgb_image *image, int orientation);

#endif
