/** Picture to embedding, as embed-images and encode-image do it: file, resize, CLIP. All functions
 * are local. */
#ifndef STAGES_PICTURE_EMBEDDINGS_H
#define STAGES_PICTURE_EMBEDDINGS_H

#include "core/status.h"
#include "tokenizers/image/clip.h"

#include <stdbool.h>

struct picture_embeddings; /* opaque: weights, net and buffers */

struct picture_embeddings_options {
    const char *weights, *config; /* config NULL: config.json beside the weights, if any */
    size_t batch_images;          /* at least 1 */
};

/** Loads the net. On success the caller ends `*out` with picture_embeddings_destroy; on failure
 * NULL. Errors: those of weights_file_read and clip_create. */
enum status picture_embeddings_create(struct picture_embeddings **out,
                                      const struct picture_embeddings_options *options);

/** NULL is allowed. */
void picture_embeddings_destroy(struct picture_embeddings *embeddings);

/** What one picture became. Valid until the next call with the same object. */
struct picture_embedding {
    size_t number;       /* as given to picture_embeddings_add */
    const float *values; /* [embedding], not scaled to length 1 */
};

/** The net, borrowed. */
struct clip *picture_embeddings_net(struct picture_embeddings *embeddings);

/** Reads, decodes and resizes the picture at `path` into the batch, where there must be room.
 * Errors: those of picture_pixels_read; the batch is then as before. */
enum status picture_embeddings_add(struct picture_embeddings *embeddings, const char *path,
                                   size_t number);

/** Whether picture_embeddings_add would take the picture; the batch stays as it is, and must have
 * room. Errors: those of picture_pixels_read. */
enum status picture_embeddings_try(struct picture_embeddings *embeddings, const char *path);

/** True where the batch has no room left. */
bool picture_embeddings_is_full(const struct picture_embeddings *embeddings);

/** Encodes the batch, which is then empty. `*results` [*count] in the order of adding. */
void picture_embeddings_flush(const struct picture_embedding **results, size_t *count,
                              struct picture_embeddings *embeddings);

#endif
