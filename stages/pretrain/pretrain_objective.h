/** The plan's objective over the run's store: what each objective of training/ is given. A new
 * objective gets a row in the table of pretrain_objective.c. */
#ifndef STAGES_PRETRAIN_PRETRAIN_OBJECTIVE_H
#define STAGES_PRETRAIN_PRETRAIN_OBJECTIVE_H

#include "stages/run_directory.h"
#include "training/objective.h"

struct pretrain_objective {
    char store[PATH_BYTES];
    char store_recipe[64]; /* of the store, so that training does not go on with another */
    struct parameter_set *set;
    struct objective objective;
    bool by_features; /* records' lengths are in frames of features */
};

/** Local. Opens the objective with first values drawn from the plan's seed. Call
 * pretrain_objective_close also after a failure.
 * Errors: STATUS_NOT_FOUND without a store; STATUS_INVALID where the store lacks what the plan asks
 * for; STATUS_CORRUPT; STATUS_NO_MEMORY. */
enum status pretrain_objective_open(struct pretrain_objective *out, const struct run *run);

/** Local. */
void pretrain_objective_close(struct pretrain_objective *objective);

#endif
