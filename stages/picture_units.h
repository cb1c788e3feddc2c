/** Picture to units, as image-units and encode-image do it: file, resize, net, crop. All functions
 * are local. */
#ifndef STAGES_PICTURE_UNITS_H
#define STAGES_PICTURE_UNITS_H

#include "core/status.h"
#include "stages/picture_pixels.h"
#include "tokenizers/image/vit_vqgan.h"

struct picture_units; /* opaque: weights, net and buffers */

struct picture_units_options {
    const char *weights, *config; /* config NULL: config.json beside the weights, if any */
    enum resize_filter filter;
    size_t crop_tokens;  /* side of the centre crop of the token grid; 0: the whole grid */
    size_t batch_images; /* at least 1 */
    bool wants_latents;
};

/** How a net of these sizes, which are borrowed, sees pictures: all of them, squashed. */
struct picture_view picture_units_view(const struct vit_vqgan_config *sizes,
                                       enum resize_filter filter);

/** Loads the net. On success the caller ends `*out` with picture_units_destroy; on failure NULL.
 * Errors: those of weights_file_read and vit_vqgan_create; STATUS_INVALID for a crop larger than
 * the grid. */
enum status picture_units_create(struct picture_units **out,
                                 const struct picture_units_options *options);

/** NULL is allowed. */
void picture_units_destroy(struct picture_units *units);

/** What one picture became. Pointers are valid until the next call with the same object. */
struct picture_result {
    size_t number; /* as given to picture_units_add */
    size_t width, height;
    uint64_t source_bytes;
    const uint16_t *tokens; /* [rows][columns] of the cropped grid */
    const float *latents;   /* [rows * columns][code width]; NULL unless wanted */
};

/** Extent of the grid of tokens after the crop. */
size_t picture_units_rows(const struct picture_units *units);
size_t picture_units_columns(const struct picture_units *units);

/** The net, borrowed. */
struct vit_vqgan *picture_units_net(struct picture_units *units);

/** Reads, decodes and resizes the picture at `path` into the batch, where there must be room.
 * Errors: those of picture_pixels_read; the batch is then as before. */
enum status picture_units_add(struct picture_units *units, const char *path, size_t number);

/** Whether picture_units_add would take the picture; the batch stays as it is, and must have room.
 * Errors: those of picture_pixels_read. */
enum status picture_units_try(struct picture_units *units, const char *path);

/** True where the batch has no room left. */
bool picture_units_is_full(const struct picture_units *units);

/** Encodes the batch, which is then empty. `*results` [*count] in the order of adding. */
enum status picture_units_flush(const struct picture_result **results, size_t *count,
                                struct picture_units *units);

#endif
