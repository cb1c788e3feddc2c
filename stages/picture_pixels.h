/** A picture file as a net sees it: read, decoded, resized. Local. */
#ifndef STAGES_PICTURE_PIXELS_H
#define STAGES_PICTURE_PIXELS_H

#include "core/status.h"
#include "tokenizers/image/resize.h"

#include <stddef.h>
#include <stdint.h>

/** Which part of pictures of any size a net sees, and how they are resized. */
struct picture_view {
    /** The window of a picture of `width` x `height`; always of the same width and height. */
    enum status (*window)(struct resize_window *out, const void *net, size_t width, size_t height);
    const void *net; /* for `window` */
    enum resize_filter filter;
};

/** What the file held. */
struct picture_source {
    size_t width, height;
    uint64_t bytes;
};

/** Reads the picture at `path`.
 *
 *     pixels [window height][window width][3]  out
 *
 * Errors: those of file_read, picture_decode and resize_picture, naming the path; `*source` and
 * perhaps `pixels` are then undefined. */
enum status picture_pixels_read(uint8_t *pixels, struct picture_source *source, const char *path,
                                const struct picture_view *view);

#endif
