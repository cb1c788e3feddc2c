/** Trainer: runs an objective over a store, step by step, on all ranks.
 *
 * A step takes a batch of all ranks (training/batch_order.h), of which each rank reads and computes
 * its part; gradients are summed, the optimiser's state is split over the ranks
 * (training/sharded_optimiser.h). Every so many steps the state is kept as a checkpoint, and the
 * validation split measured. A run that was ended, by a signal or by force, goes on from its last
 * checkpoint and gives the same losses, also on another number of ranks: bar the last bits of sums
 * that are added in another order. */
#ifndef TRAINING_TRAINER_H
#define TRAINING_TRAINER_H

#include "nn/adamw.h"
#include "nn/learning_rate.h"
#include "training/objective.h"

struct trainer_options {
    const char *store;   /* path; not looked at where the objective has a record source */
    const char *folder;  /* of checkpoints, made where it is not there */
    const char *metrics; /* JSON lines, appended to */
    const char *plot;    /* SVG of the metrics, drawn anew at each validation */
    const char *recipe;  /* lines "name: value" of what a checkpoint must agree with */
    uint64_t seed;
    size_t batch_records; /* of all ranks, each loss */
    size_t accumulate;    /* batches an update; 1 or more */
    struct learning_rate_schedule schedule;
    struct adamw_options adamw;
    double clip_norm;                        /* 0: not */
    size_t validate_steps, checkpoint_steps; /* 0: at the end alone */
    size_t keep_checkpoints;                 /* newest, beside the best */
    size_t validation_records_max;
    size_t memory_bytes; /* of a rank, for one pass */
    bool by_features;    /* records' lengths are in frames of features */
    bool is_quiet;
    size_t terminal_columns;
};

/** How it ended. */
struct trainer_result {
    size_t steps;     /* updates done in all */
    size_t best_step; /* of the best validation; 0: none */
    double best_value;
    double loss; /* of the last step */
};

/** Collective. Trains, from the newest checkpoint or from the objective's first values, up to
 * schedule.steps updates, and writes model.safetensors and config.json of the best (else the last)
 * beside the checkpoints. `set` is the objective's, laid out.
 *
 * Errors: STATUS_STOPPED  after a signal; a checkpoint holds what was done
 *         STATUS_INVALID  a loss, gradient or parameter that is not finite (the batch is named,
 *                         checkpoints stay); a batch
 *                         larger than the split; a checkpoint of another model or recipe
 *         those of the store, of checkpoints and of the objective. */
enum status trainer_run(struct trainer_result *result, const struct team *team,
                        const struct objective *objective, struct parameter_set *set,
                        const struct trainer_options *options);

#endif
