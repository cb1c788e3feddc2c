/** Resizing of 8-bit RGB pictures as PIL does it: antialiased, bit for bit.
 *
 * The result of Pillow's Image.resize (9.4): weights in 22-bit fixed point, the horizontal pass
 * first, rounded and clipped to 8 bits before the vertical one. A window of the result can be asked
 * for, and only what it needs is computed. tests/golden/image-preprocess agrees exactly. */
#ifndef TOKENIZERS_IMAGE_RESIZE_H
#define TOKENIZERS_IMAGE_RESIZE_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Longest side of a source or of a window. */
enum { RESIZE_SIDE_MAX = 1 << 20 };

enum resize_filter { RESIZE_BILINEAR, RESIZE_BICUBIC, RESIZE_LANCZOS };

/** "bilinear", "bicubic" or "lanczos". Errors: STATUS_INVALID, naming what there is. */
enum status resize_filter_parse(enum resize_filter *out, const char *name);

/** What a centre crop does with an odd margin. They differ by one pixel where the margin is 3 more
 * than a multiple of 4. */
enum resize_crop {
    RESIZE_CROP_TORCHVISION, /* half the margin, rounded half to even */
    RESIZE_CROP_HUGGING_FACE /* half the margin, rounded down */
};

/** What a centre crop leaves out on the left or above of a margin. */
size_t resize_crop_offset(size_t margin, enum resize_crop rounding);

/** The part of a picture resized to full_width x full_height that is wanted. */
struct resize_window {
    size_t full_width, full_height;
    size_t left, top, width, height;
};

/** All of a picture squashed to width x height. */
struct resize_window resize_squash(size_t width, size_t height);

/** The crop x crop pixels in the middle of a picture of `width` x `height` whose short side becomes
 * `short_side`; the long side is truncated to a whole number, as torchvision's and Hugging Face's
 * are. Errors: STATUS_INVALID, where crop > short_side or a number is 0 or too large. */
enum status resize_short_side(struct resize_window *window, size_t width, size_t height,
                              size_t short_side, size_t crop, enum resize_crop rounding);

/** Local. Resizes.
 *
 *     out    [window->height][window->width][3]  out
 *     pixels [height][width][3]                  in   sides 1 .. RESIZE_SIDE_MAX
 *
 * Takes memory for four times `out`, for sixteen rows of `pixels` and for the weights, at most nine
 * a column and row of `pixels` or of the window; never for the full picture.
 * Errors: STATUS_INVALID (a side, a window beyond the full size), STATUS_NO_MEMORY. */
enum status resize_picture(uint8_t *out, const uint8_t *pixels, size_t width, size_t height,
                           const struct resize_window *window, enum resize_filter filter);

#endif
