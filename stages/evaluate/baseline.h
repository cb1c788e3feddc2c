/** The baseline of an evaluation: as many k-means clusters over MFCC, fitted on the very frames
 * that fit-units samples, by the same fit. */
#ifndef STAGES_EVALUATE_BASELINE_H
#define STAGES_EVALUATE_BASELINE_H

#include "stages/unit_fit.h"
#include "storage/audio_file.h"

struct baseline {
    bool is_there;
    struct distributed_fit fit;
    struct speech_features *features;
    struct kmeans *kmeans;
};

/** Collective. Fits the baseline. Where the sample is too small for that many clusters, there is
 * none, which is said and is no failure. The caller ends `baseline` with baseline_end, on failure
 * too. Errors: those of unit_fit_run. */
enum status baseline_fit(struct baseline *baseline, const struct run *run, size_t clusters);

/** Local. An all-zero one is allowed. */
void baseline_end(struct baseline *baseline);

/** Local. The clusters of an utterance.
 *
 *     units [frames]  out  frames = mfcc_frame_count of its samples, at least 1
 *
 * Errors: STATUS_NO_MEMORY. */
enum status baseline_units(uint16_t *units, struct baseline *baseline, const struct audio *audio);

#endif
