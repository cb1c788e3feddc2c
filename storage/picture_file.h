/** Picture files: JPEG or PNG, told apart by their content, never by their name. */
#ifndef STORAGE_PICTURE_FILE_H
#define STORAGE_PICTURE_FILE_H

#include "core/status.h"
#include "storage/rgb_image.h"

#include <stddef.h>
#include <stdint.h>

/** Most bytes of a file that file_read should accept. */
enum { PICTURE_FILE_BYTES_MAX = 1 << 28 };

/** Local. Decodes a JPEG or PNG file held in memory: jpeg_image_decode or png_image_decode.
 *
 *     bytes [byte_count]  in
 *     options             in  NULL for the defaults
 *
 * On success `*out` is the caller's; on failure it is empty. `name` is only for messages.
 * Errors: STATUS_CORRUPT    empty, neither JPEG nor PNG, cut short, broken
 *         STATUS_INVALID    more pixels declared than accepted
 *         STATUS_NO_MEMORY */
enum status picture_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                           const struct picture_options *options, const char *name);

/** Local. file_read and picture_decode in one; errors of both. */
enum status picture_file_read(struct rgb_image *out, const char *path,
                              const struct picture_options *options);

#endif
