/** PNG pictures, in and out. The door to libpng.
 *
 * Decoding gives the pixels that PIL's Image.open(f).convert("RGB") gives: alpha and transparent
 * colours are dropped, not blended; palettes are expanded (an index beyond the palette is that
 * gray, as in PIL); 16-bit colour keeps its high byte; 16-bit gray is cut at 255, which makes most
 * of it white. Gamma and colour profiles are not applied. Reference: Pillow 9.4. */
#ifndef STORAGE_PNG_IMAGE_H
#define STORAGE_PNG_IMAGE_H

#include "core/status.h"
#include "storage/rgb_image.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** True where the bytes begin as a PNG does. */
bool png_image_is(const uint8_t *bytes, size_t byte_count);

/** Local. Decodes a whole PNG file held in memory.
 *
 *     bytes [byte_count]  in
 *     options             in  NULL for the defaults; only pixels_max matters here
 *
 * On success `*out` is the caller's; on failure it is empty. `name` is only for messages. What
 * follows the pixels is not read, so a missing end chunk is no error. Stricter than PIL where a
 * checksum of the pixels is wrong: that is an error here. Sides are at most 1,000,000.
 *
 * Errors: STATUS_CORRUPT    not a PNG, cut short, broken
 *         STATUS_INVALID    more than `pixels_max` pixels declared
 *         STATUS_NO_MEMORY */
enum status png_image_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                             const struct picture_options *options, const char *name);

/** Local. Encodes `image` to memory, 8 bits a channel, not interlaced: `*bytes` [`*byte_count`] is
 * the caller's, to free; NULL on failure. Sides are 1 .. 1,000,000. The same image gives the same
 * bytes with the same zlib.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status png_image_encode(uint8_t **bytes, size_t *byte_count, const struct rgb_image *image);

#endif
