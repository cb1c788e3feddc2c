/** Image-to-speech-unit model: a picture's tokens, and a decoder that says speech units one after
 * the other while it looks at them.
 *
 * Source: Kim et al. 2023 (arXiv:2309.08531) on GIT (Wang et al. 2022, arXiv:2205.14100), as
 * written by ms-dot-k/Image-to-Speech c91357c on transformers v4.33.3 and timm v0.9.7. Single
 * precision, inference only. All functions are local. A net holds its workspace, so it serves one
 * thread; only im2sp_create and im2sp_set_codebook allocate.
 *
 * Picture tokens see all of their picture and no unit, so their keys and values are computed once a
 * picture. Every row of every product is computed in the same way whatever goes through beside it:
 * results do not depend on how pictures and sequences are put together.
 *
 * T: tokens of a picture, D: width, V: ids. */
#ifndef MODELS_IM2SP_H
#define MODELS_IM2SP_H

#include "models/im2sp_config.h"

#include <stdint.h>

struct im2sp; /* opaque: weights and workspace */

/** Makes a net of the model in `table`, whatever stands before its names; see im2sp_config_read for
 * `settings`. Nothing is borrowed. On success `*out` is the caller's, ended with im2sp_destroy; on
 * failure NULL. Errors: STATUS_CORRUPT, STATUS_INVALID, STATUS_NO_MEMORY. */
enum status im2sp_create(struct im2sp **out, const struct tensor_table *table,
                         const struct settings *settings);

/** NULL is allowed. */
void im2sp_destroy(struct im2sp *net);

/** The net's sizes; borrowed from it. */
const struct im2sp_config *im2sp_sizes(const struct im2sp *net);

/** Gives a net of image units the vectors that the units stand for: [code_count][width], copied, as
 * they are in the codebook (not scaled to length 1).
 * Errors: STATUS_INVALID (another width, or number, than the model was made for), STATUS_NO_MEMORY.
 */
enum status im2sp_set_codebook(struct im2sp *net, const float *codes, size_t code_count,
                               size_t width);

/** Floats of what a picture leaves for the decoder. */
size_t im2sp_picture_count(const struct im2sp *net);

/** Floats of what a sequence of up to `length` ids leaves for its next one. */
size_t im2sp_cache_count(const struct im2sp *net, size_t length);

/** Pictures to what the decoder reads.
 *
 *     pictures [count][im2sp_picture_count]  out  one place for each
 *     planes   [count][3][S][S]              in   (level / 255 - mean) / deviation; finite
 *
 * For nets of pixels. Within 1e-4 of the largest value of the reference (tests/golden/im2sp-tiny).
 */
void im2sp_encode_pixels(float *const *pictures, struct im2sp *net, const float *planes,
                         size_t count);

/** As im2sp_encode_pixels, for nets of image units.
 *
 *     units [count][side][side]  in  cropped
 *
 * Errors: STATUS_INVALID (no codebook; a unit outside it). */
enum status im2sp_encode_units(float *const *pictures, struct im2sp *net, const uint16_t *units,
                               size_t count);

/** As im2sp_encode_pixels, for nets of embeddings.
 *
 *     embeddings [count][encoder width]  in  of any length: only their direction counts
 *
 * Errors: STATUS_INVALID (a value that is not finite). */
enum status im2sp_encode_embeddings(float *const *pictures, struct im2sp *net,
                                    const float *embeddings, size_t count);

/** An id of a sequence, and where it stands. */
struct im2sp_row {
    const float *picture;
    float *cache;    /* of the sequence: holds the ids before `position` */
    size_t position; /* from 0 */
    uint16_t id;
};

/** For each row, what its sequence may go on with. Several rows of a sequence may follow each other
 * in one call: each then sees those before it.
 *
 *     logits [count][V]  out  not normalised
 *     rows   [count]     in   their caches, of im2sp_cache_count(length) floats, grow by them
 *
 * Positions are below `length`, and that is at most length_max. Cannot fail. */
void im2sp_step(float *logits, struct im2sp *net, const struct im2sp_row *rows, size_t count,
                size_t length);

/** Copies the first `positions` ids of a cache to another of the same length. */
void im2sp_copy_cache(float *to, const float *from, const struct im2sp *net, size_t positions,
                      size_t length);

/** Who sees what lies between. */
struct im2sp_trace {
    /** `values` [rows][columns] of picture `number` of the call; for units, of all rows of the
     * call. Borrowed for the call. */
    void (*put)(void *payload, size_t number, const char *name, const float *values, size_t rows,
                size_t columns);
    void *payload;
};

/** From now on calls show the trace what tests/golden/im2sp-tiny/README.md names:
 * vision.patch_embed, vision.embeddings, vision.pre_layernorm, vision.layer.0, ..., vision.output,
 * visual_projection, text_embedding; and decoder.layer.0.image, decoder.layer.0.units, ... Copied;
 * NULL ends that. */
void im2sp_set_trace(struct im2sp *net, const struct im2sp_trace *trace);

#endif
