/** What the HuBERT objective is given by a plan: sizes, speech and its units. */
#ifndef STAGES_HUBERT_TO_TRAIN_H
#define STAGES_HUBERT_TO_TRAIN_H

#include "stages/training_objective.h"
#include "storage/weights_file.h"

/** Local. Opens the objective over RUN/speech and RUN/units, of the plan's sizes or those of the
 * weights that it begins as. Errors: those of training_speech_open, weights_file_read and
 * hubert_objective_open. */
enum status hubert_to_train_open(struct training_objective *out, const struct run *run);

/** Collective. Fits the units of MFCC, where these are what is to be told. */
enum status hubert_to_train_prepare(struct training_objective *out, const struct run *run);

/** Local. First values from the weights that the plan names. */
enum status hubert_to_train_begin_as(struct training_objective *out, const struct run *run,
                                     const struct weights_file *file);

#endif
