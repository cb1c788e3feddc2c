/** JPEG pictures, in and out. The door to libjpeg-turbo.
 *
 * Decoding gives the pixels that PIL's Image.open(f).convert("RGB") gives, exactly: slow integer
 * DCT, fancy upsampling, gray repeated, CMYK and YCCK inverted and converted as PIL does. Reference:
 * Pillow 9.4 with libjpeg-turbo 2.1.5 (tests/golden/image-preprocess). */
#ifndef STORAGE_JPEG_IMAGE_H
#define STORAGE_JPEG_IMAGE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** 8-bit RGB, row-major, rows back to back. */
struct rgb_image {
    size_t width, height;
    uint8_t *pixels; /* [height][width][3], owned; free with rgb_image_end */
};

/** Frees the pixels. An all-zero image is allowed. */
void rgb_image_end(struct rgb_image *image);

/** Local. Decodes a whole JPEG file held in memory.
 *
 *     bytes [byte_count]  in
 *     pixels_max          in   most pixels (width times height) to accept; checked before allocating
 *
 * On success `*out` is the caller's; on failure it is empty. `name` is only for messages.
 * Errors: STATUS_CORRUPT    not a JPEG, cut short (also where only the end marker is missing), broken
 *         STATUS_INVALID    more than `pixels_max` pixels declared
 *         STATUS_NO_MEMORY */
enum status jpeg_image_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                              size_t pixels_max, const char *name);

enum jpeg_subsampling { JPEG_444, JPEG_422, JPEG_420 };

struct jpeg_image_options {
    int quality; /* 1 .. 100 */
    enum jpeg_subsampling subsampling;
    bool progressive;
    bool grayscale; /* keeps the luma only */
};

/** Local. Encodes `image` to memory: `*bytes` [`*byte_count`] is the caller's, to free.
 * The same image and options give the same bytes. Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status jpeg_image_encode(uint8_t **bytes, size_t *byte_count, const struct rgb_image *image,
                              const struct jpeg_image_options *options);

#endif
