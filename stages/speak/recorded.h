/** Recorded speech: audio files of a collection in the form in which spoken captions are kept.
 * Local; one thread. */
#ifndef STAGES_SPEAK_RECORDED_H
#define STAGES_SPEAK_RECORDED_H

#include "core/status.h"
#include "tts/speech.h"

enum { RECORDED_DURATION_MAX_SECONDS = 600 };

/** The voice of recorded captions, in shards and store. */
extern const char recorded_voice[];

struct recorded; /* opaque: resampler, buffers */

/** NULL without memory. */
struct recorded *recorded_create(void);

/** NULL is allowed. */
void recorded_destroy(struct recorded *recorded);

/** Reads an audio file: the mean of its channels, at SPEAKER_RATE_HZ, as 16 bits, without phones.
 *
 *     speech  out  borrowed until the next call
 *
 * Errors: STATUS_NO_MEMORY; else the recording's own, with the reason for the list of rejects but
 * without the path: not there, no audio, broken, longer than RECORDED_DURATION_MAX_SECONDS. */
enum status recorded_read(struct speech *speech, struct recorded *recorded, const char *path);

#endif
