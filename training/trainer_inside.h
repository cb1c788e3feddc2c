/** The inside of the trainer, shared by training/trainer.c (the loop), training/trainer_state.c
 * (checkpoints, the finished model) and training/trainer_report.c (metrics, progress). */
#ifndef TRAINING_TRAINER_INSIDE_H
#define TRAINING_TRAINER_INSIDE_H

#include "cluster/progress.h"
#include "core/digest.h"
#include "training/batch_loader.h"
#include "training/batch_order.h"
#include "training/sharded_optimiser.h"
#include "training/split_records.h"
#include "training/trainer.h"

struct trainer {
    const struct team *team;
    const struct objective *objective;
    struct parameter_set *set;
    const struct trainer_options *options;
    struct sharded_optimiser *optimiser;
    struct tape *tape;
    struct batch_loader *loader;
    struct batch_order *order;
    struct split_records train, validation;
    struct progress *progress;
    char parameters[DIGEST_TEXT_BYTES]; /* digest of their names and shapes */
    uint64_t *records;                  /* [batch_records], of all ranks, dealt out */
    uint32_t *lengths;                  /* [batch_records] */
    uint64_t first_records[2];          /* of the batch in hand, to name it by */
    size_t step;                        /* updates done */
    struct trainer_result result;
    double seconds_of_report; /* when the last report was made */
    size_t step_of_report;
    double loss_sum; /* since the last report */
};

/** Local. Takes the digest of the parameters' names and shapes. */
void trainer_describe_model(struct trainer *trainer);

/** Collective. Goes on from the newest checkpoint, where there is one. */
enum status trainer_resume(struct trainer *trainer);

/** Collective. Keeps the state, and removes what is older than asked for. */
enum status trainer_keep(struct trainer *trainer);

/** Collective. Writes model.safetensors and config.json of the best step kept, else the present. */
enum status trainer_finish(struct trainer *trainer);

/** Collective. Measures the validation split and keeps its figures. */
enum status trainer_validate(struct trainer *trainer);

/** Local. Notes a step; now and then a line of metrics on rank 0. */
enum status trainer_report(struct trainer *trainer, double loss, double norm, double rate,
                           bool is_last);

#endif
