/** The contrastive objective: spoken captions find their pictures. The speech CLS encoder
 * (models/speech_encoder.h) is pulled, by symmetric InfoNCE over the whole batch of all ranks,
 * towards frozen image embeddings from the store; where there are none, towards a small image tower
 * over image units that is trained along. Stage 1 of Speak the Art (arXiv:2601.00827). */
#ifndef TRAINING_CONTRASTIVE_H
#define TRAINING_CONTRASTIVE_H

#include "models/speech_encoder.h"
#include "training/objective.h"

struct contrastive_options {
    struct speech_encoder_config speech;
    bool has_image_tower;
    struct speech_encoder_config images; /* of the tower; its merged units are a square patch */
    struct unit_codes image_codes; /* standardised: what a tower with convolutions sees; copied */
    float temperature, scale_max;  /* at the start 0.07; exp(log scale) stays below 100 */
    size_t pass_frames; /* frames of speech, or of pictures, in one pass: bounds the memory. A batch
                           of more is encoded twice: first for the embeddings, then, once the loss
                           is known, for the gradients (Gao et al. 2021, arXiv:2101.06983) */
};

/** What a batch must hold: STORE_BATCH_... */
unsigned contrastive_store_parts(const struct contrastive_options *options);

/** Adds the nets to a set that is not laid out yet. On success `objective->close` ends it.
 * `shape` is the store's. Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status contrastive_open(struct objective *objective, struct parameter_set *set,
                             const struct contrastive_options *options,
                             const struct store_batch_shape *shape);

#endif
