/** Shared counters: numbers on rank 0 that any rank changes by one-sided operations, without
 * anybody waiting for anybody. What claims and progress are built on. */
#ifndef CLUSTER_SHARED_COUNTERS_H
#define CLUSTER_SHARED_COUNTERS_H

#include "cluster/team.h"

struct shared_counters; /* opaque */

/** Collective. `count` counters of 0. `what` names them in messages and steps of agreement. On
 * success `*out` is the caller's, to end with shared_counters_destroy; on failure NULL on every
 * rank. Errors: STATUS_NO_MEMORY. */
enum status shared_counters_create(struct shared_counters **out, const struct team *team,
                                   size_t count, const char *what);

/** Local. Adds `operand` to a counter and returns what it was before. */
int64_t shared_counters_add(struct shared_counters *counters, size_t index, int64_t operand);

/** Collective. NULL is allowed, on all ranks alike. */
void shared_counters_destroy(struct shared_counters *counters);

#endif
