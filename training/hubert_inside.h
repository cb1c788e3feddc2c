/** The inside of the HuBERT objective, shared by training/hubert.c (steps) and
 * training/hubert_validate.c. */
#ifndef TRAINING_HUBERT_INSIDE_H
#define TRAINING_HUBERT_INSIDE_H

#include "training/hubert.h"

struct hubert_objective {
    struct hubert_objective_options options;
    struct hubert_trained *model;
    struct speech_batches *batches;
    size_t crop_frames;
    uint8_t *mask; /* [crop_frames], scratch */
};

/** What crops and masks are drawn from. */
struct hubert_draw {
    uint64_t seed, epoch, step; /* the step for dropout */
    bool is_training;           /* else no crop is drawn: the beginning; no dropout; no way back */
};

/** Utterances of a batch that go through the net together. Arrays are of the tape. */
struct hubert_pass {
    struct array *features;               /* [T][D] */
    struct row_source *masked, *unmasked; /* [count]: rows of features */
    int32_t *masked_units, *unmasked_units;
    size_t masked_count, unmasked_count;
    size_t next; /* the first caption after them */
};

/** Masked and other frames of a batch together, with its captions checked: one unit a frame, all of
 * them codewords. Errors: STATUS_INVALID. */
enum status hubert_count_frames(double counts[2], const struct hubert_objective *self,
                                const struct spoken_batch *batch, const struct hubert_draw *draw);

/** Resets the tape and runs the captions from `first` on, as many as a pass allows, one at least.
 * False, with nothing on the tape, where the batch has none any more. */
bool hubert_run_pass(struct hubert_pass *pass, const struct hubert_objective *self,
                     struct tape *tape, const struct spoken_batch *batch, size_t first,
                     const struct hubert_draw *draw);

/** As objective.validate. */
enum status hubert_validate(struct objective_metrics *metrics, void *self, const struct team *team,
                            const struct objective_validation *validation);

#endif
