/** Claims: work items handed out one at a time to whichever rank asks next, so that a slow item
 * holds nobody up. Who does an item never matters to its content.
 *
 * One counter on rank 0, advanced by one-sided fetch-and-add. Between hosts without remote atomics
 * rank 0 serves the others only while it is inside MPI, so long work there must call claims_serve
 * between records. */
#ifndef CLUSTER_CLAIMS_H
#define CLUSTER_CLAIMS_H

#include "cluster/team.h"

struct claims; /* opaque */

/** Collective. Items 0 .. item_count - 1, equal on all ranks. On success `*out` is the caller's, to
 * end with claims_destroy; on failure NULL on every rank. Errors: STATUS_NO_MEMORY;
 * STATUS_INVALID (more than 2^40 items). */
enum status claims_create(struct claims **out, const struct team *team, uint64_t item_count);

/** Local. The next item into `*item`, or false where none is left or claims_close was called. */
bool claims_next(struct claims *claims, uint64_t *item);

/** Local. No rank gets another item from now on: this one was asked to stop, or has failed. */
void claims_close(struct claims *claims);

/** Local. Lets MPI serve the other ranks' claims. Cheap. */
void claims_serve(const struct claims *claims);

/** Collective. NULL is allowed, on all ranks alike. */
void claims_destroy(struct claims *claims);

#endif
