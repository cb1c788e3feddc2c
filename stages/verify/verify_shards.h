/** Checking the shards of a run: each alone, against the manifest, and against the shard that it
 * was made from. */
#ifndef STAGES_VERIFY_VERIFY_SHARDS_H
#define STAGES_VERIFY_VERIFY_SHARDS_H

#include "core/digest.h"
#include "stages/run_directory.h"
#include "stages/verify/problems.h"

/** Collective. Reads every shard that is there, each on one rank: seal and checksums, its place,
 * ids and texts against the manifest, units within their codebook, lengths that must fit each
 * other, records against the shard that it was made from, and the recipe where what it is taken
 * from is there. What is missing is told, and is no problem. Adds the contents to `digest`, alike
 * on all ranks. Errors: STATUS_NO_MEMORY. */
enum status verify_shards(struct problems *problems, struct digest *digest, const struct run *run);

#endif
