/** Units to picture, as decode-image and export do it. All functions are local.
 *
 * A grid smaller than the net's own is taken for the middle that --crop-tokens or
 * image_units.crop_tokens kept: the margin is filled with the nearest units, the whole is decoded,
 * and the pixels of the margin are cut off again. Attention lets the filled margin change the rest
 * a little, most near the edge. */
#ifndef STAGES_PICTURE_DECODER_H
#define STAGES_PICTURE_DECODER_H

#include "core/status.h"
#include "storage/rgb_image.h"
#include "tokenizers/image/resize.h"

#include <stddef.h>
#include <stdint.h>

struct picture_decoder; /* opaque: weights, net and buffers */

/** Loads a ViT-VQGAN; `config` NULL: config.json beside the weights, if any. On success the caller
 * ends `*out` with picture_decoder_destroy; on failure NULL. Errors: those of weights_file_read and
 * vit_vqgan_create. */
enum status picture_decoder_create(struct picture_decoder **out, const char *weights,
                                   const char *config);

/** NULL is allowed. */
void picture_decoder_destroy(struct picture_decoder *decoder);

/** Units of one picture, row by row. */
struct unit_grid {
    const uint16_t *units; /* [rows][columns] */
    size_t rows, columns;
};

/** Decodes a grid to a picture of patch * columns x patch * rows pixels, which the caller ends with
 * rgb_image_end; on failure it is empty. `name` is for messages.
 * Errors: STATUS_INVALID, naming picture, place and unit where one is not in the codebook, or a
 * grid larger than the net's; STATUS_NO_MEMORY. */
enum status picture_decoder_run(struct rgb_image *out, struct picture_decoder *decoder,
                                const struct unit_grid *grid, const char *name);

/** The part of the picture at `path` that a grid of rows x columns stands for, as the net saw it:
 * squashed with `filter`, then cut. As large as picture_decoder_run's.
 * Errors: those of picture_pixels_read; STATUS_INVALID for a grid larger than the net's. */
enum status picture_decoder_original(struct rgb_image *out, const struct picture_decoder *decoder,
                                     const char *path, enum resize_filter filter, size_t rows,
                                     size_t columns);

#endif
