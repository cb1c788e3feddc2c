/** Code watch: which codes of a codebook are used while it is trained, and new values for those
 * that are not.
 *
 * A code that was the nearest of nothing for some batches gets no gradient and would never be used
 * again. Such dead codes are moved to latents of the batch in hand, drawn with a chance that grows
 * with their distance from their code: to where the codebook is poorest. The draw depends on (seed,
 * batch, record) alone, so that it is the same on all ranks, for any number of them, and after
 * going on from a checkpoint: the memory of the watch is a parameter, which nobody trains.
 *
 * Source of the method: Williams et al. 2020 (arXiv:2002.08111), section 3, and Dhariwal et al.
 * 2020 (arXiv:2005.00341), section 3.2, who take latents of the batch uniformly. Weighted draws
 * without replacement: Efraimidis and Spirakis 2006. */
#ifndef TRAINING_CODE_WATCH_H
#define TRAINING_CODE_WATCH_H

#include "cluster/team.h"
#include "nn/parameters.h"

#include <stddef.h>
#include <stdint.h>

struct code_watch; /* opaque */

/** Local. Watches `codes` [K][C] of a set that is not laid out yet and that outlives the watch.
 * Adds the parameter "loss.code_last_use" [K]: the batch that used each code last, counted from 1;
 * readers of weights pass over "loss.*". Codes unused for `interval` batches are revived each
 * `interval` batches, CODE_WATCH_REVIVED_MAX at a time; 0: never. Ownership: the caller's. Errors:
 * STATUS_NO_MEMORY. */
enum status code_watch_create(struct code_watch **out, struct parameter_set *set,
                              struct parameter *codes, size_t interval);

enum { CODE_WATCH_REVIVED_MAX = 2048 };

/** Local. A batch of all ranks begins. */
void code_watch_begin(struct code_watch *watch, uint64_t seed, uint64_t batch);

/** Local. Latents of one record of it, and the codes that they became.
 *
 *     latents [count][C]  in
 *     ids     [count]     in */
void code_watch_add(struct code_watch *watch, uint64_t record, const float *latents,
                    const int32_t *ids, size_t count);

/** Collective. The batch ends: uses are summed, and dead codes revived where it is time.
 * Errors: STATUS_NO_MEMORY. */
enum status code_watch_end(struct code_watch *watch, const struct team *team);

/** Local. The share of codes that were used in the last `interval` batches (100 where it is 0);
 * those that were only revived do not count. */
double code_watch_share(const struct code_watch *watch);

/** NULL is allowed. */
void code_watch_destroy(struct code_watch *watch);

#endif
