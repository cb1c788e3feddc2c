/** The image tower of a contrastive pair (models/speech_encoder.h) as the image encoder of an
 * image-to-speech-unit model: it has learned what is in pictures, so the decoder that learns to
 * tell it need not wait. Both are the same transformer over patches of image units; what differs
 * is where things are kept. Local. */
#ifndef MODELS_IM2SP_TOWER_H
#define MODELS_IM2SP_TOWER_H

#include "core/settings.h"
#include "models/im2sp_trained.h"

/** Whether the table holds a contrastive pair with an image tower. */
bool im2sp_tower_is_in(const struct tensor_table *table);

/** The sizes of an image encoder that takes the tower in: those of `settings` (of the pair), with
 * patches side by side. `side` and `channels`, of the grid and its codes, stay as they are.
 * Errors: STATUS_INVALID where no such encoder can be. */
enum status im2sp_tower_sizes(struct im2sp_encoder_config *encoder,
                              const struct settings *settings);

/** Fills the image encoder of a model that has these sizes and its codebook. What a patch's
 * convolution sees is the codebook, while the tower has a table that began as the codebook, centred
 * and scaled, and was trained along: what of it is a scale and a shift is kept, the rest of what
 * the table learned is not. A tower with early convolutions has no table: all of them is kept. The
 * tower's last norm and projection have no counterpart. Errors: STATUS_CORRUPT, naming a tensor
 * that is missing or misshapen; STATUS_NO_MEMORY. */
enum status im2sp_tower_fill(struct im2sp_trained *model, const struct tensor_table *table);

#endif
