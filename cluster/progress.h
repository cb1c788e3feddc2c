/** Progress of a stage over all ranks: a bar with rate and time left where standard error is a
 * terminal, a log line every 30 s elsewhere.
 *
 * The counts live in one-sided counters on rank 0, which shows them whenever it reports its own
 * records, and while it waits for the others at the end. */
#ifndef CLUSTER_PROGRESS_H
#define CLUSTER_PROGRESS_H

#include "cluster/team.h"

struct progress; /* opaque */

struct progress_options {
    const char *stage;       /* borrowed */
    const char *item;        /* borrowed; what is counted: "captions" */
    uint64_t total;          /* records of the stage */
    uint64_t already_done;   /* of an earlier run */
    size_t terminal_columns; /* 0: no terminal */
    bool is_quiet;
};

/** Collective. On success `*out` is the caller's, to end with progress_destroy. */
enum status progress_create(struct progress **out, const struct team *team,
                            const struct progress_options *options);

/** Local. This rank has finished `done` more records, of which `rejected` were rejects. */
void progress_add(struct progress *progress, uint64_t done, uint64_t rejected);

/** Collective. Waits for all ranks, showing what they do meanwhile. */
void progress_wait(struct progress *progress);

/** Local, after progress_wait. Records done by this run, all ranks together; exact. */
uint64_t progress_done(const struct progress *progress);

/** Collective. NULL is allowed, on all ranks alike. */
void progress_destroy(struct progress *progress);

#endif
