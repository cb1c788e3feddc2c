/** AdamW with its state split over the ranks: each rank holds the moments of its slice of the
 * parameters, updates that slice, and gives it to the others. Memory for the optimiser falls with
 * the number of ranks; what is sent is one sum of gradients and one copy of the parameters, as much
 * as a plain sum of gradients would be.
 *
 * Source: Rajbhandari et al. 2020 (arXiv:1910.02054), stages 1 and 2. The two transfers are not
 * overlapped with the backward pass: without it two ranks reach 1.84 times one (`bench pretrain`).
 */
#ifndef TRAINING_SHARDED_OPTIMISER_H
#define TRAINING_SHARDED_OPTIMISER_H

#include "cluster/slices.h"
#include "nn/adamw.h"

struct sharded_optimiser; /* opaque */

/** Collective. For a set that is laid out, the same on all ranks; team and set are borrowed.
 * Errors: STATUS_NO_MEMORY; STATUS_INVALID for a set of 2^31 floats or more. */
enum status sharded_optimiser_create(struct sharded_optimiser **optimiser, const struct team *team,
                                     struct parameter_set *set,
                                     const struct adamw_options *options);

/** Collective. Sums the set's gradients over the ranks, times `gradient_factor`, clips them to the
 * global norm `clip_norm` (0: not), updates and shares the parameters. Returns the norm before
 * clipping; where it is not finite nothing is updated. Gradients are left as they are. */
double sharded_optimiser_update(struct sharded_optimiser *optimiser, float learning_rate,
                                float gradient_factor, double clip_norm);

/** Local. The slice of this rank: its rows of 16 floats, and its optimiser with the state. */
struct slice sharded_optimiser_rows(const struct sharded_optimiser *optimiser);
struct adamw *sharded_optimiser_state(struct sharded_optimiser *optimiser);

/** Local; NULL is allowed. */
void sharded_optimiser_destroy(struct sharded_optimiser *optimiser);

#endif
