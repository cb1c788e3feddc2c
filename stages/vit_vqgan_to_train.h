/** The ViT-VQGAN that a plan asks to be trained: its sizes, the manifest's pictures, and the
 * weights that it begins as. Local. */
#ifndef STAGES_VIT_VQGAN_TO_TRAIN_H
#define STAGES_VIT_VQGAN_TO_TRAIN_H

#include "stages/training_objective.h"
#include "storage/weights_file.h"

/** Adds the objective to out->set. Sizes are those of `pretrain.init` where the plan names weights,
 * else the plan's. The run must outlive the objective.
 * Errors: STATUS_INVALID for sizes that do not fit together; those of the weights' file. */
enum status vit_vqgan_to_train_open(struct training_objective *out, const struct run *run);

/** Takes all values of `pretrain.init`, once first values are drawn.
 * Errors: STATUS_CORRUPT, STATUS_INVALID. */
enum status vit_vqgan_to_train_begin_as(struct training_objective *out, const struct run *run,
                                        const struct weights_file *file);

#endif
