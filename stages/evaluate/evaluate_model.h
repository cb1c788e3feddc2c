/** evaluate, of a trained model: its figures on the test split, over all captions and language by
 * language, beside chance and the bound that captions of equal text set. */
#ifndef STAGES_EVALUATE_EVALUATE_MODEL_H
#define STAGES_EVALUATE_EVALUATE_MODEL_H

#include "stages/run_directory.h"

#include <stdio.h>

/** Collective. True where there is a model, and no units in the run: one that was trained on
 * pictures before there were any. Errors: STATUS_INVALID for a path too long. */
enum status evaluate_model_is_all(bool *is_all, const struct run *run);

/** Collective. Measures RUN/checkpoints/model.safetensors on RUN/store.h5, or on the manifest's
 * pictures where it was trained on these. A run that trained none measures what the plan names as
 * pretrain.init: so a model can be measured on other data than its own; where that is only a part
 * of the model, a line says that nothing was measured. Nothing without either. Rank 0 writes the
 * table to `stream` and lines into RUN/metrics.jsonl. Errors: STATUS_INVALID for a model of another
 * plan; those of the store and the objective. */
enum status evaluate_model(FILE *stream, const struct run *run);

#endif
