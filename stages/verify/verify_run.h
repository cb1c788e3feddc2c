/** Checking a run directory. */
#ifndef STAGES_VERIFY_VERIFY_RUN_H
#define STAGES_VERIFY_VERIFY_RUN_H

#include "cluster/team.h"
#include "core/digest.h"
#include "stages/verify/problems.h"

/** Collective. Reads every shard of the run whole, its k-means centres and its store, and holds
 * them against the manifest and each other. What is not there yet is told, and is no problem. Each
 * problem is told by the rank that finds it, with the command that repairs it.
 *
 *     problems  in/out  those of this rank
 *     digest    out     of the content of all files; the same on all ranks
 *
 * Errors: STATUS_INVALID (the manifest is not the one that the run was made from),
 * STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY. */
enum status verify_run(struct problems *problems, char digest[DIGEST_TEXT_BYTES],
                       const struct team *team, const char *folder);

#endif
