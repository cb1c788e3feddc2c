/** Stage pretrain: trains a model on the run's store. RUN/checkpoints/ gets checkpoints and, at the
 * end, model.safetensors with config.json; RUN/metrics.jsonl losses and validations,
 * RUN/training.svg a picture of them. */
#ifndef STAGES_PRETRAIN_PRETRAIN_H
#define STAGES_PRETRAIN_PRETRAIN_H

#include "stages/run_directory.h"

/** Collective. Does what is missing up to plan.pretrain.steps updates; nothing where that is 0.
 * Errors: as trainer_run; STATUS_NOT_FOUND without a store. */
enum status pretrain_run(const struct run *run);

#endif
