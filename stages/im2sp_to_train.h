/** The image-to-speech-unit model that a plan asks to be trained: its sizes, its codebook, and the
 * checkpoint that it begins as. Local. */
#ifndef STAGES_IM2SP_TO_TRAIN_H
#define STAGES_IM2SP_TO_TRAIN_H

#include "stages/training_objective.h"
#include "storage/weights_file.h"

/** Adds the objective to out->set; out->store is there already. Sizes are those of `pretrain.init`
 * where the plan names one that sees the same (image units, embeddings), else the plan's; a decoder
 * that begins as that of another model (of pixels, of text) has its sizes.
 * Errors: STATUS_INVALID where they do not fit the store; those of the files. */
enum status im2sp_to_train_open(struct training_objective *out, const struct run *run);

/** Takes the values of `pretrain.init`, once first values are drawn. A model that sees the
 * same must have them all; of another one the decoder is taken, as far as its tensors have the
 * right shapes. Errors: STATUS_INVALID where nothing, or not everything, could be taken;
 * STATUS_CORRUPT. */
enum status im2sp_to_train_begin_as(struct training_objective *out, const struct run *run,
                                    const struct weights_file *file);

#endif
