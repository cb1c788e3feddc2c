/** JPEG pictures, in and out. The door to libjpeg-turbo.
 *
 * Decoding gives the pixels that PIL's Image.open(f).convert("RGB") gives, exactly: slow integer
 * DCT, fancy upsampling, gray repeated, CMYK and YCCK inverted and converted as PIL does.
 * Reference: Pillow 9.4 with libjpeg-turbo 2.1.5 (tests/golden/image-preprocess). */
#ifndef STORAGE_JPEG_IMAGE_H
#define STORAGE_JPEG_IMAGE_H

#include "core/status.h"
#include "storage/rgb_image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Local. Decodes a whole JPEG file held in memory.
 *
 *     bytes [byte_count]  in
 *     options             in  NULL for the defaults
 *
 * On success `*out` is the caller's; on failure it is empty. `name` is only for messages.
 * Damaged bits inside whole data are decoded as libjpeg guesses, as PIL does; bytes after the end
 * marker are ignored. A progressive file may have 500 scans, and fewer (32 at the least) where
 * pixels times scans pass 32 * pixels_max.
 *
 * Errors: STATUS_CORRUPT    not a JPEG, cut short (also where only the end marker is missing),
 * broken STATUS_INVALID    more than `pixels_max` pixels declared STATUS_NO_MEMORY */
enum status jpeg_image_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                              const struct picture_options *options, const char *name);

enum jpeg_subsampling { JPEG_444, JPEG_422, JPEG_420 };

struct jpeg_image_options {
    int quality; /* 1 .. 100 */
    enum jpeg_subsampling subsampling;
    bool progressive;
    bool grayscale; /* keeps the luma only */
};

/** Local. Encodes `image` to memory: `*bytes` [`*byte_count`] is the caller's, to free; NULL on
 * failure. Sides are 1 .. 65,500. The same image and options give the same bytes; for colour
 * those of PIL's save(quality=, subsampling=, progressive=).
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status jpeg_image_encode(uint8_t **bytes, size_t *byte_count, const struct rgb_image *image,
                              const struct jpeg_image_options *options);

#endif
