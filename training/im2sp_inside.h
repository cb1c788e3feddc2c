/** The inside of the image-to-speech-unit objective, shared by training/im2sp.c (steps) and
 * training/im2sp_validate.c. */
#ifndef TRAINING_IM2SP_INSIDE_H
#define TRAINING_IM2SP_INSIDE_H

#include "training/im2sp.h"

struct im2sp_objective {
    struct im2sp_trained *model;
    unsigned parts; /* of the store that it reads */
    size_t tokens;  /* of a picture */
    size_t pass_frames;
    size_t image_shift; /* as in the options */
};

/** Captions of a batch that go through the model together. */
struct im2sp_pass {
    struct array *logits; /* of the tape */
    int32_t *targets;     /* [logits->rows], of the tape */
    size_t next;          /* the first record after them */
};

/** Rows that a record's caption has: its units and the end. 0 for one that is too long. */
size_t im2sp_caption_rows(const struct im2sp_objective *self, const struct store_batch *batch,
                          size_t record);

/** Resets the tape and runs the captions from record `first` on, as many as pass_frames allows, one
 * at least. False, with nothing on the tape, where the batch has none any more. `step` tells names
 * for dropout; NULL: no dropout, and nothing is remembered for a way back. */
bool im2sp_run_pass(struct im2sp_pass *pass, const struct im2sp_objective *self, struct tape *tape,
                    const struct store_batch *batch, size_t first,
                    const struct objective_batch *step);

/** As objective.validate. */
enum status im2sp_validate(struct objective_metrics *metrics, void *self, const struct team *team,
                           const struct objective_validation *validation);

#endif
