/** Checking a run directory. */
#ifndef STAGES_VERIFY_VERIFY_RUN_H
#define STAGES_VERIFY_VERIFY_RUN_H

#include "cluster/team.h"
#include "core/digest.h"

/** Collective. Reads every shard of the run whole, its k-means centres and its store, and holds the
 * store's counts against the manifest. What is not there yet is told, and is no problem. Parameters
 * and errors as verify_store. */
enum status verify_run(size_t *problems, char digest[DIGEST_TEXT_BYTES], const struct team *team,
                       const char *folder);

#endif
