/** The files that a plan names, watched while a run uses them: their digests when it began, and
 * whether they are still the same. */
#ifndef STAGES_RUN_FILES_H
#define STAGES_RUN_FILES_H

#include "cluster/team.h"
#include "core/plan.h"

struct run_files; /* opaque */

/** Collective. Takes the digests of what the plan's paths hold on rank 0 and writes them into
 * plan->digests on all ranks; of the manifest those bytes that are there now. On success the caller
 * ends `*out` with run_files_end; on failure it is NULL on every rank.
 * Errors: STATUS_NOT_FOUND, STATUS_INVALID (a folder, a pipe), STATUS_IO, STATUS_NO_MEMORY. */
enum status run_files_begin(struct run_files **out, struct plan *plan, const struct team *team);

/** Local. STATUS_OK while weights, centres and configurations have the content that they had at the
 * beginning. Costs a look at each file's size and times; the content is read again only where these
 * differ. Errors: STATUS_INVALID, naming the file; those of run_files_begin. */
enum status run_files_check(struct run_files *files);

/** Local. As run_files_check, for the manifest: its part that counts. */
enum status run_files_check_manifest(struct run_files *files);

/** Local. NULL is allowed. */
void run_files_end(struct run_files *files);

/** Local. True where the manifest is that of the digest and byte count in `frozen`, with whole
 * lines appended. Errors: those of reading it. */
enum status run_files_manifest_has_grown(bool *has_grown, const struct plan *plan,
                                         const struct plan *frozen);

#endif
