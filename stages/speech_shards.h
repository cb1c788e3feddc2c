/** Reading RUN/speech: what the stages after speak have in common. Local. */
#ifndef STAGES_SPEECH_SHARDS_H
#define STAGES_SPEECH_SHARDS_H

#include "stages/run_directory.h"
#include "storage/audio_file.h"
#include "storage/shard_schemas.h"

/** Reads shard `number` of speech, whole and checked; the caller destroys it.
 * Errors: those of shard_read; STATUS_NOT_FOUND says which stage makes it. */
enum status speech_shard_read(struct shard **out, const struct run *run, size_t number);

/** Adds the content digest that the shard records to a recipe. Errors: as speech_shard_read. */
enum status speech_shard_add_digest(struct digest *recipe, const struct run *run, size_t number);

/** Decodes the speech of kept record `row`: mono, 16 kHz. The caller ends `out` with audio_end.
 * Errors: STATUS_CORRUPT, naming the caption. */
enum status speech_shard_decode(struct audio *out, const struct shard *shard, size_t row);

/** True where the plan holds the voice of kept record `row` back from fitting units. */
bool speech_shard_is_held_out(const struct run *run, const struct shard *shard, size_t row);

/** Samples of kept record `row`. */
size_t speech_shard_samples(const struct shard *shard, size_t row);

#endif
