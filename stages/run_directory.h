/** Run directory: one run as its stages see it: plan, manifest, team, and where files lie.
 *
 * The first stage to open the directory freezes the plan in it; whoever opens it later with a plan
 * that would give other content is refused. A manifest to which lines were appended is followed:
 * the frozen plan then takes its new digest. One process group works in it at a time. */
#ifndef STAGES_RUN_DIRECTORY_H
#define STAGES_RUN_DIRECTORY_H

#include "cluster/team.h"
#include "core/file.h"
#include "core/plan.h"
#include "stages/run_files.h"
#include "storage/manifest.h"
#include "storage/shard.h"

struct run {
    const struct team *team; /* borrowed */
    struct plan plan;
    struct manifest manifest;
    struct run_files *files; /* what the plan names, watched; NULL in a view */
    bool retries_rejects;    /* stages work the rejects of finished shards again */
    bool is_quiet;
    size_t terminal_columns; /* for progress; 0: no terminal */
    int lock;                /* descriptor held by rank 0; -1 */
    bool is_locked;          /* on rank 0: the lock was granted */
};

/** Collective. Reads plan and manifest, takes the digests of what the plan names, makes or checks
 * the directory. On success the caller ends `run` with run_close; on failure it is empty on every
 * rank.
 *
 * Errors: STATUS_INVALID  a plan or manifest that is wrong; a plan that differs from the frozen
 *                         one (the difference is named); another process at work in the directory
 *         STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY */
enum status run_open(struct run *run, const struct team *team, const char *plan_path,
                     const struct option_texts *overrides);

/** Collective. Opens a run directory to look at it: its frozen plan and of the manifest that this
 * names the part that the run knows; takes no lock, checks no digests, writes nothing. Errors: as
 * run_open. */
enum status run_view(struct run *run, const struct team *team, const char *folder);

/** Collective. An empty run is allowed. */
void run_close(struct run *run);

/** Local. "RUN/name" and, for a shard, "RUN/folder/00012.h5". */
enum status run_path(char out[PATH_BYTES], const struct run *run, const char *name);
enum status run_shard_path(char out[PATH_BYTES], const struct run *run, const char *folder,
                           size_t number);

/** Local. True where captions were generated or the plan asks for them. */
bool run_has_generated(const struct run *run);

/** The records of one shard, in manifest order. */
struct shard_range {
    size_t number, first, count;
};

/** Local. Shards that `record_count` records make, and the range of one of them. */
size_t shard_range_count(size_t record_count, size_t shard_records);
struct shard_range shard_range_at(size_t number, size_t record_count, size_t shard_records);

/** Local. Reads the shard of that range in RUN/folder whole; the caller destroys it. Errors: those
 * of shard_read; STATUS_CORRUPT where it is one of other records. */
enum status run_read_shard(struct shard **out, const struct run *run, const char *folder,
                           struct shard_range range, const struct shard_column *columns,
                           size_t column_count);

/** Local. Of the captions (speech, units) and of the pictures. */
size_t run_caption_shard_count(const struct run *run);
size_t run_image_shard_count(const struct run *run);
struct shard_range run_caption_range(const struct run *run, size_t number);
struct shard_range run_image_range(const struct run *run, size_t number);

#endif
