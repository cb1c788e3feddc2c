/** A team: the ranks that run one stage together, and how they settle on one outcome. */
#ifndef CLUSTER_TEAM_H
#define CLUSTER_TEAM_H

#include "core/status.h"

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A failure that a test plants at one named step on one rank. */
struct team_fault {
    const char *step;
    int rank;
    enum status code;
};

struct team {
    MPI_Comm comm; /* owned: a private duplicate, so a library's messages cannot meet ours */
    int rank;      /* 0 .. size - 1 */
    int size;
    const struct team_fault *fault; /* borrowed; NULL except in tests */
};

/** Collective over `parent`. On failure `team` is left empty and needs no team_end. */
enum status team_begin(struct team *team, MPI_Comm parent);

/** Collective. Releases the communicator. An empty team is allowed. */
void team_end(struct team *team);

/** Collective. Turns the outcomes of all ranks into one that every rank returns.
 *
 * The worst status wins; on a tie, the lowest rank speaks. Its explanation becomes the
 * explanation on every rank, with the rank named where there are several. All ranks must pass the
 * same `step`, a short phrase such as "open unit store"; if they do not, all return
 * STATUS_DIVERGED.
 *
 * Cost: one reduction of three integers; one broadcast more, only on failure. */
enum status team_agree(const struct team *team, const char *step, enum status mine);

/** Collective. Gives every rank the bytes of `root`. The count may exceed an int.
 *     bytes [byte_count]  in on root, out elsewhere; byte_count equal on all ranks */
void team_broadcast(const struct team *team, void *bytes, size_t byte_count, int root);

/** Collective. Adds `values` [count] over the ranks, in place, exactly (integers). */
void team_sum(const struct team *team, int64_t *values, size_t count);

/** Collective. The largest of each of `values` [count] over the ranks, in place. */
void team_maximum(const struct team *team, int64_t *values, size_t count);

/** Collective. Brings the bytes of all ranks together on rank 0, in rank order. There `*all`
 * [*all_bytes] is the caller's, to free; elsewhere NULL and 0. Errors: STATUS_NO_MEMORY. */
enum status team_gather(void **all, size_t *all_bytes, const struct team *team, const void *bytes,
                        size_t byte_count);

/** Collective. True on every rank where it is true on any. */
bool team_any(const struct team *team, bool mine);

/** Collective. As team_any, after a call of MPI or HDF5 in which a rank that fails leaves the
 * others waiting for it, where it will not come again: a rank with `mine` waits `seconds` for them,
 * the others as long as it takes. False where the time went by; then only team_abort is left. */
bool team_any_within(bool *any, const struct team *team, bool mine, double seconds);

/** Collective. Returns when every rank has called it. */
void team_wait(const struct team *team);

/** Ends every process of the job at once with exit code 1, after a collective call of MPI or
 * HDF5 has failed part-way, when no further collective call can be trusted. Rank 0 says why. */
_Noreturn void team_abort(const struct team *team, const char *reason);

#endif
