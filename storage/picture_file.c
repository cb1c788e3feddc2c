#include "storage/picture_file.h"

#include "core/file.h"
#include "storage/jpeg_image.h"
#include "storage/png_image.h"

#include <stdlib.h>
#include <string.h>

enum status picture_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                           const struct picture_options *options, const char *name)
{
    *out = (struct rgb_image){ 0 };
    if (byte_count == 0)
        return status_fail(STATUS_CORRUPT, "%s: empty file", name);
    if (png_image_is(bytes, byte_count))
        return png_image_decode(out, bytes, byte_count, options, name);
    if (byte_count >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0)
        return jpeg_image_decode(out, bytes, byte_count, options, name);
    return status_fail(STATUS_CORRUPT, "%s: neither a JPEG nor a PNG picture", name);
}

enum status picture_file_read(struct rgb_image *out, const char *path,
                              const struct picture_options *options)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    *out = (struct rgb_image){ 0 };
    enum status outcome = file_read(&bytes, &byte_count, path, PICTURE_FILE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = picture_decode(out, bytes, byte_count, options, path);
    free(bytes);
    return outcome;
}
