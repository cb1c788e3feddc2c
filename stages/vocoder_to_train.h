/** The unit vocoder that a plan asks to be trained: its sizes, and the speech and units of the run
 * that it learns from. Local. */
#ifndef STAGES_VOCODER_TO_TRAIN_H
#define STAGES_VOCODER_TO_TRAIN_H

#include "stages/training_objective.h"
#include "storage/weights_file.h"

/** Adds the objective to out->set, and notes what it learns from in out->store_recipe. It takes
 * RUN/speech and RUN/units as they are, no store: captions of `pretrain.voices`, all splits. Sizes
 * are those of `pretrain.init` where the plan names one, else the plan's.
 * Errors: STATUS_NOT_FOUND without these shards; STATUS_INVALID where sizes and units do not fit,
 * or no caption has such a voice; STATUS_NO_MEMORY above `pretrain.speech_mib`; those of the files.
 */
enum status vocoder_to_train_open(struct training_objective *out, const struct run *run);

/** Takes the values of `pretrain.init`, which must have them all, without weight norm.
 * Errors: STATUS_CORRUPT. */
enum status vocoder_to_train_begin_as(struct training_objective *out, const struct run *run,
                                      const struct weights_file *file);

#endif
