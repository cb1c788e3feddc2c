/** The plan's objective over the run's store: what each objective of training/ is given. A new
 * objective gets a row in the table of training_objective.c. */
#ifndef STAGES_TRAINING_OBJECTIVE_H
#define STAGES_TRAINING_OBJECTIVE_H

#include "stages/run_directory.h"
#include "training/objective.h"

struct training_speech;

struct training_objective {
    char store[PATH_BYTES];
    char store_recipe[64]; /* of the store, so that training does not go on with another; of the
                              manifest, where pictures are trained on */
    struct parameter_set *set;
    struct objective objective;
    struct training_speech *speech; /* that is trained on; the objective's */
    bool begins_in_part;            /* pretrain.init gives some of the net, the rest is drawn */
    bool by_features;               /* records' lengths are in frames of features */
};

/** Local. Opens the objective with first values drawn from the plan's seed, or those of the
 * checkpoint that it names. Call training_objective_close also after a failure.
 * Errors: STATUS_NOT_FOUND without a store; STATUS_INVALID where the store lacks what the plan asks
 * for; STATUS_CORRUPT; STATUS_NO_MEMORY. */
enum status training_objective_open(struct training_objective *out, const struct run *run);

/** Collective. What an open objective needs of all ranks together before it trains or measures; the
 * same outcome on every rank. Errors: those of fitting units. */
enum status training_objective_prepare(struct training_objective *objective, const struct run *run);

/** Local. */
void training_objective_close(struct training_objective *objective);

#endif
