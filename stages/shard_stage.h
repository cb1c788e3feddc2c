/** Shard stage: what all stages that turn records into shards have in common: finding what is
 * missing, handing shards out, progress, rejects, stopping. A stage adds what it does to a range of
 * records. */
#ifndef STAGES_SHARD_STAGE_H
#define STAGES_SHARD_STAGE_H

#include "stages/run_directory.h"
#include "storage/shard.h"

struct shard_work; /* opaque: the shard in hand, for shard_stage_tick */

struct shard_stage {
    const char *name;   /* "speak" */
    const char *folder; /* of its shards in the run directory */
    const char *item;   /* what it counts: "captions" */
    const struct shard_column *columns;
    size_t column_count;
    size_t shard_count;
    size_t record_count;
    bool leaves_out; /* records that are neither kept nor rejected are tried again with the rejects
                      */
    size_t codebook; /* units are 0 .. codebook - 1; 0 where the stage makes none */
    struct shard_range (*range)(const struct run *run, size_t number);

    /** Local. Adds everything that decides the content of the shard, but the stage's name, to
     * `recipe`: settings, digests of weights, the records, the content digests of shards read.
     * Errors: those of reading what it needs. */
    enum status (*add_recipe)(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range);

    /** Local. Fills `out`: each record of the range that shard_stage_wants is kept or rejected, in
     * order. Calls shard_stage_tick after each. A returned failure ends the stage on all ranks. */
    enum status (*fill)(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range);
};

/** Collective. Makes the shards that are missing or are not what this plan gives, each on the rank
 * that claims it. Where run->retries_rejects, the rejects of finished shards are tried again too:
 * what such a shard kept stays as it is, and it is written anew where something came of it. `self`
 * is handed to the callbacks.
 *
 * Errors: STATUS_STOPPED  a signal asked for an end; shards in hand were dropped, but
 *                         finished where there was time (cluster/stop.h)
 *         STATUS_INVALID  more rejects than the plan's reject_limit; a file that the plan names was
 *                         changed meanwhile
 *         what the callbacks return, and STATUS_IO. */
enum status shard_stage_run(const struct shard_stage *stage, const struct run *run, void *self);

/** Local. True where the record is to be worked on; false for one that a finished shard kept, while
 * its rejects are tried again. */
bool shard_stage_wants(const struct shard_work *work, size_t record);

/** Local. One more record of the shard in hand is done: shows progress, serves the other ranks.
 * Errors: STATUS_STOPPED where a signal asked for an end at once: hand it up. */
enum status shard_stage_tick(struct shard_work *work);

/** Local. The recipe digest of a shard. */
enum status shard_stage_recipe(char text[DIGEST_TEXT_BYTES], const struct shard_stage *stage,
                               const struct run *run, void *self, struct shard_range range);

#endif
