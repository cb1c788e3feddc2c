/** The image-to-speech-unit objective: a picture's image units, or its embedding, are looked at,
 * its caption's speech units are said one after the other. Cross-entropy of each unit, and of the
 * caption's end, given the picture and the true units before it; the mean over all of them in the
 * whole batch of all ranks. Kim et al. 2023 (arXiv:2309.08531), section 3.3.
 *
 * Captions of more units than the model has places for are left out, as upstream does. */
#ifndef TRAINING_IM2SP_H
#define TRAINING_IM2SP_H

#include "models/im2sp_trained.h"
#include "training/objective.h"

struct im2sp_objective_options {
    struct im2sp_config model; /* of image units or of embeddings */
    float dropout;
    bool is_encoder_frozen; /* the image encoder keeps its first values */
    const float *codes; /* [code_count][code_width]: what image units stand for; copied. NULL for a
                           model of embeddings */
    size_t code_count, code_width;
    size_t image_shift; /* units that pictures are moved by at the most while training (unit_shift);
                           without meaning for embeddings */
    size_t pass_frames; /* picture tokens and units in one pass: bounds the memory */
};

/** Adds the model to a set that is not laid out yet. On success `objective->close` ends it.
 * `shape` is the store's. Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status im2sp_objective_open(struct objective *objective, struct parameter_set *set,
                                 const struct im2sp_objective_options *options,
                                 const struct store_batch_shape *shape);

/** The model within, borrowed: for first values from a checkpoint. */
struct im2sp_trained *im2sp_objective_model(const struct objective *objective);

#endif
