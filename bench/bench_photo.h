/** A JPEG as cameras make them, in memory, for benches that need pictures: 640 x 480 pixels of
 * noise that is loud where it is coarse and faint where it is fine, as in photographs. It takes
 * about 2 bits a pixel at quality 90, a little more than most photographs of that size. */
#ifndef BENCH_BENCH_PHOTO_H
#define BENCH_BENCH_PHOTO_H

#include "core/status.h"
#include "tokenizers/image/resize.h"

#include <stddef.h>
#include <stdint.h>

enum { BENCH_PHOTO_WIDTH = 640, BENCH_PHOTO_HEIGHT = 480 };

struct bench_photo {
    uint8_t *bytes; /* [byte_count], owned */
    size_t byte_count;
};

/** Local. On success the caller ends `photo`; on failure it is empty. The same bytes every time.
 * Errors: STATUS_NO_MEMORY. */
enum status bench_photo_begin(struct bench_photo *photo);

/** An all-zero struct is allowed. */
void bench_photo_end(struct bench_photo *photo);

/** Local. Decodes and resizes the photo `count` times, as stages/picture_pixels.h does with a file
 * that was read.
 *     pixels [window->height][window->width][3]  out
 * Errors: those of picture_decode and resize_picture. */
enum status bench_photo_read(uint8_t *pixels, const struct bench_photo *photo,
                             const struct resize_window *window, size_t count);

#endif
