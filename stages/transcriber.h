/** Transcriber: what speech of a run says, as a recogniser hears it. All functions are local.
 *
 * The recogniser knows English, and of it the words of the run's English captions. */
#ifndef STAGES_TRANSCRIBER_H
#define STAGES_TRANSCRIBER_H

#include "storage/audio_file.h"
#include "storage/manifest.h"

#include <stdbool.h>

struct transcriber; /* opaque: recogniser and resampler */

/** Loads the recogniser. On success the caller ends `*out` with transcriber_close; on failure NULL.
 * Errors: those of recogniser_create; STATUS_INVALID (no English captions). */
enum status transcriber_open(struct transcriber **out, const struct manifest *manifest);

/** NULL is allowed. */
void transcriber_close(struct transcriber *transcriber);

/** True for a caption that can be understood: English, usable, with words. */
bool transcriber_knows(const struct manifest_caption *caption);

/** Words of the English captions; those that the recogniser does not know; and these, the first few
 * of them, with commas between. Borrowed. */
size_t transcriber_word_count(const struct transcriber *transcriber);
size_t transcriber_unknown_count(const struct transcriber *transcriber);
const char *transcriber_unknown(const struct transcriber *transcriber);

/** Writes down a sound of at least one sample, at any rate: `*text` is the caller's, to free; NULL
 * on failure. Errors: those of resampler_create and recogniser_hear. */
enum status transcriber_hear(char **text, struct transcriber *transcriber,
                             const struct audio *audio);

#endif
