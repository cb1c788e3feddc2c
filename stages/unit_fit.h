/** Fitting units to a run's speech: sampling and k-means together, as fit-units does it over HuBERT
 * features and evaluate over MFCC.
 *
 * With fit_units.batch_frames 0, frames_max frames are held in memory and gone over until no unit
 * changes. Else each of iterations_max batches is drawn anew from all captions, used once and
 * dropped, so that memory holds one batch however much speech counts. */
#ifndef STAGES_UNIT_FIT_H
#define STAGES_UNIT_FIT_H

#include "stages/distributed_fit.h"

/** Collective. Fits `clusters` centres to features of the run's captions, those of held-out voices
 * left out. The result is the same for any number of ranks. The caller ends `fit` with
 * distributed_fit_end, on failure too.
 *
 *     stage  in  that fits, for messages
 *
 * Errors: those of frame_sample_fill and distributed_fit_run. */
enum status unit_fit_run(struct distributed_fit *fit, const struct run *run,
                         struct speech_features *features, size_t clusters, const char *stage);

#endif
