/** Objective: what a training run makes smaller. A new model is a file in models/ and an objective
 * here; the trainer, its batches, its sharded optimiser, checkpoints and metrics are the same for
 * all.
 *
 * An objective owns its nets. It adds their parameters to the run's set, and in each step adds to
 * their gradients. Functions marked Collective are called by all ranks together and end with the
 * same outcome everywhere. */
#ifndef TRAINING_OBJECTIVE_H
#define TRAINING_OBJECTIVE_H

#include "cluster/team.h"
#include "core/settings.h"
#include "nn/parameters.h"
#include "nn/tape.h"
#include "storage/store_batch.h"
#include "training/record_source.h"

#include <stdio.h>

enum { OBJECTIVE_METRICS_MAX = 16 };

/** One figure of a validation. */
struct objective_metric {
    const char *name; /* "speech_to_image_recall_at_10"; a constant */
    double value;
    bool is_share; /* 0 .. 1, so that it can be drawn beside others */
};

struct objective_metrics {
    struct objective_metric metrics[OBJECTIVE_METRICS_MAX];
    size_t count; /* the first is what "best" means: more is better */
};

/** This rank's part of a step. */
struct objective_batch {
    const struct store_batch *records; /* of the batch, those of slice_of(count, rank, size); of a
                                          record source their number alone */
    const void *data;                  /* of a record source: what it read of them */
    const uint64_t *names;             /* [records->count]: their rows in /captions, or names that
                                          the record source gave */
    size_t count;                      /* of all ranks */
    uint64_t seed, step, epoch;
    struct tape *tape; /* reset as the objective likes */
};

/** Whose values a validation uses, and where from. */
struct objective_validation {
    const char *store;       /* path; without meaning where there is a record source */
    const uint64_t *records; /* [count]: rows in /captions, ascending, the same on all ranks; or
                                names that the record source gave */
    size_t count;
    struct tape *tape;
};

struct objective {
    const char *name;                   /* "contrastive" */
    unsigned store_parts;               /* STORE_BATCH_... of what a batch must hold */
    const struct record_source *source; /* where records come from; NULL: the store */
    void *self;

    /** Collective. Adds the gradients of the batch's loss to this rank's parameters, so that their
     * sum over ranks is the gradient. `*loss` is the whole batch's on every rank. */
    enum status (*step)(double *loss, void *self, const struct team *team,
                        const struct objective_batch *batch);

    /** Called after each update: clamps what has bounds. Local; NULL where nothing has. */
    void (*after_update)(void *self);

    /** Collective. Figures over records that training has not seen, the same on every rank. */
    enum status (*validate)(struct objective_metrics *metrics, void *self, const struct team *team,
                            const struct objective_validation *validation);

    /** Writes what the nets need beside their weights. Local. */
    enum status (*write_settings)(struct settings *settings, void *self);

    /** Draws first values from the seed, once the set is laid out. Local. */
    void (*draw)(void *self, uint64_t seed);

    /** Brings the parameters into the form in which files have them: nothing is trained or
     * validated after it. Local; NULL where training has that form. */
    void (*settle)(void *self);

    /** Frees the nets, not the set. Local. */
    void (*close)(void *self);
};

#endif
