/** An image-to-speech-unit model and how it sees pictures, as generate and describe use it. All
 * functions are local. */
#ifndef STAGES_PICTURE_SPEAKER_H
#define STAGES_PICTURE_SPEAKER_H

#include "models/im2sp.h"
#include "tokenizers/image/resize.h"

struct picture_speaker; /* opaque: weights and nets */

struct picture_speaker_options {
    const char *weights, *config; /* config NULL: config.json beside the weights, if any */
    /* For a model of image units: what made those units. NULL: none. */
    const char *vit_vqgan, *vit_vqgan_config;
    /* For files of a model of embeddings: what makes them. NULL: none. */
    const char *clip, *clip_config;
    enum resize_filter filter; /* for those units */
    bool sees_files;           /* picture_speaker_look is wanted */
};

/** Loads the model and, for one of image units, their codebook. On success the caller ends `*out`
 * with picture_speaker_destroy; on failure NULL.
 * Errors: those of weights_file_read, im2sp_create, vit_vqgan_create and clip_create;
 * STATUS_INVALID (image units without a ViT-VQGAN, or of another one; likewise embeddings and
 * CLIP).
 */
enum status picture_speaker_create(struct picture_speaker **out,
                                   const struct picture_speaker_options *options);

/** NULL is allowed. */
void picture_speaker_destroy(struct picture_speaker *speaker);

/** The model, borrowed. */
struct im2sp *picture_speaker_net(struct picture_speaker *speaker);

/** Reads the picture at `path` and encodes it.
 *
 *     picture [im2sp_picture_count]  out
 *
 * Errors: those of picture_pixels_read. */
enum status picture_speaker_look(float *picture, struct picture_speaker *speaker, const char *path);

#endif
