/** speech-units: turns speech into units with durations.
 *
 * Reads:  RUN/speech shards, the HuBERT weights of the plan, k-means centres (the plan's file, or
 *         RUN/kmeans.h5 from fit-units)
 * Writes: RUN/units shards; columns in storage/shard_schemas.c
 * Ranks:  any number; a batch never crosses a shard, so the content does not depend on it */
#ifndef STAGES_SPEECH_UNITS_SPEECH_UNITS_H
#define STAGES_SPEECH_UNITS_SPEECH_UNITS_H

#include "stages/picture_firsts.h"
#include "stages/run_directory.h"

/** Collective. Errors: those of shard_stage_run, of loading weights and centres; STATUS_NOT_FOUND
 * for a speech shard or centres that are missing. */
enum status speech_units_run(const struct run *run);

/** Local. The recipe digest that shard `number` has. Errors: those of reading what it is taken
 * from. */
enum status speech_units_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                                const struct picture_firsts *firsts);

#endif
