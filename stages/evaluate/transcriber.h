/** Transcriber: what a run's speech says, as a recogniser hears it: the captions' speech, the same
 * made again from its units, and what generate made. All functions are local.
 *
 * The recogniser knows English, and of it the words of the run's English captions. */
#ifndef STAGES_EVALUATE_TRANSCRIBER_H
#define STAGES_EVALUATE_TRANSCRIBER_H

#include "stages/run_directory.h"

struct transcriber; /* opaque: recogniser, vocoder, the shards read last */

/** Loads the recogniser, and the vocoder of generate.vocoder where the plan names one. On success
 * the caller ends `*out` with transcriber_close; on failure NULL.
 * Errors: those of recogniser_create and unit_speech_load; STATUS_INVALID (no English captions). */
enum status transcriber_open(struct transcriber **out, const struct run *run);

/** NULL is allowed. */
void transcriber_close(struct transcriber *transcriber);

/** True for a caption that can be understood: English, usable, with words. */
bool transcriber_knows(const struct manifest_caption *caption);

/** Words of the English captions; those that the recogniser does not know; and these, the first few
 * of them, with commas between. Borrowed. */
size_t transcriber_word_count(const struct transcriber *transcriber);
size_t transcriber_unknown_count(const struct transcriber *transcriber);
const char *transcriber_unknown(const struct transcriber *transcriber);

/** Each writes down one caption: `*text` is the caller's, to free; NULL where there is nothing to
 * hear, or on failure. `record` is a caption's number, `picture` a picture's.
 * Errors: those of reading shards, of unit_vocoder_speak and recogniser_hear. */

/** The speech that speak made. */
enum status transcriber_hear_speech(char **text, struct transcriber *transcriber, size_t record);

/** The same, made again by the vocoder from the caption's units with their durations. */
enum status transcriber_hear_units(char **text, struct transcriber *transcriber, size_t record);

/** What generate made of the picture: its sound where it kept it, else what the vocoder makes of
 * its units. */
enum status transcriber_hear_generated(char **text, struct transcriber *transcriber,
                                       size_t picture);

#endif
