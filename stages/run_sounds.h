/** Run sounds: what there is to hear of a run: the captions' speech, the same made again from its
 * units, and what generate made of the pictures. All functions are local. */
#ifndef STAGES_RUN_SOUNDS_H
#define STAGES_RUN_SOUNDS_H

#include "stages/run_directory.h"
#include "storage/audio_file.h"

struct run_sounds; /* opaque: vocoder, the shards read last */

/** Loads the vocoder of generate.vocoder where the plan names one. On success the caller ends
 * `*out` with run_sounds_close; on failure NULL. Errors: those of unit_speech_load. */
enum status run_sounds_open(struct run_sounds **out, const struct run *run);

/** NULL is allowed. */
void run_sounds_close(struct run_sounds *sounds);

/** Each gives one sound, which the caller ends with audio_end; it is empty, without samples, where
 * there is none (a reject, no vocoder, a caption without units) and on failure. `record` is a
 * caption's number in the manifest, `picture` a picture's.
 * Errors: those of reading shards, where STATUS_NOT_FOUND says which stage makes them, and of
 * unit_vocoder_speak. */

/** The speech that speak made. */
enum status run_sounds_speech(struct audio *out, struct run_sounds *sounds, size_t record);

/** The same, made again by the vocoder from the caption's units with their durations. */
enum status run_sounds_units(struct audio *out, struct run_sounds *sounds, size_t record);

/** What generate said of the picture as its caption number `caption`, which is 0, or below
 * run_sounds_generated_count: its sound where it kept it, else what the vocoder makes of its units.
 */
enum status run_sounds_generated(struct audio *out, struct run_sounds *sounds, size_t picture,
                                 size_t caption);

/** How many captions generate said of the picture; 0 where it is a reject. Errors: as above. */
enum status run_sounds_generated_count(size_t *count, struct run_sounds *sounds, size_t picture);

/** True where a vocoder was loaded. */
bool run_sounds_has_vocoder(const struct run_sounds *sounds);

#endif
