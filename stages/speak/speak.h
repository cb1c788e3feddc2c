/** speak: speaks the captions with espeak-ng, or takes their recorded audio where they have some.
 *
 * Reads:  the manifest's captions; recorded audio
 * Writes: RUN/speech shards: FLAC, phones with their times, what was drawn; columns in
 *         storage/shard_schemas.c
 * Ranks:  any number, one set of voices each; a caption's speech depends on the seed, the caption
 * and the plan only */
#ifndef STAGES_SPEAK_SPEAK_H
#define STAGES_SPEAK_SPEAK_H

#include "stages/run_directory.h"

/** Collective. Errors: those of shard_stage_run; STATUS_INVALID for a voice that espeak-ng has not.
 */
enum status speak_run(const struct run *run);

#endif
