/** A repeatable voice: batches of utterances, each batch spoken by a fresh copy of the engine.
 *
 * espeak-ng's sound depends on what it said before (see espeak_voice.h), and nothing resets it. So
 * opening forks a process that loads one voice and then only makes copies of itself; a copy speaks
 * into memory shared with the caller until voice_process_renew asks for the next one. What an
 * utterance sounds like depends on voice, text, rate, pitch and the utterances since
 * voice_process_renew, and on nothing else: not on earlier batches, not on the process, not on the
 * machine. Renewing before each utterance leaves the first four; it costs 0.7 ms, where an
 * utterance of 3.2 s takes 2.2 ms. A text that makes two copies in turn crash or run for
 * ever costs that utterance; the next one is spoken by a fresh copy. Where the second copy, which
 * says the batch again so far, gets through, nothing is lost and nothing sounds different.
 *
 * The processes hold none of the caller's open files but the standard three, ignore SIGINT and
 * SIGTERM (the caller decides when to end) and go when the caller closes the voice or dies. Use one
 * voice from one thread at a time; open as many voices as needed. Local. */
#ifndef TTS_VOICE_PROCESS_H
#define TTS_VOICE_PROCESS_H

#include "core/status.h"
#include "tts/speech.h"

struct voice_process; /* opaque */

enum { VOICE_DURATION_MAX_SECONDS = 120 };

/** Opens the voice called `name` ("en-us+f2"). On success `*out` is the caller's; else NULL.
 * Errors: STATUS_INVALID (no such voice, named), STATUS_NOT_FOUND (no espeak-ng data), STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status voice_process_open(struct voice_process **out, const char *name);

/** Ends the process. NULL is allowed. */
void voice_process_destroy(struct voice_process *voice);

/** Samples a second of what the voice says. */
unsigned voice_process_rate_hz(const struct voice_process *voice);

/** Ends a batch: the next utterance is spoken by a fresh copy. One that was begun and not ended is
 * waited for and lost. */
void voice_process_renew(struct voice_process *voice);

/** Begins to speak `text` as espeak_voice_speak describes, and returns at once. The voice speaks
 * while the caller does something else; what it said before stays readable. One utterance at a
 * time: it must be ended, or given up by renewing, before the next is begun.
 *
 * Errors: STATUS_INVALID (a text too long), STATUS_IO (the process is gone); nothing is begun. */
enum status voice_process_begin(struct voice_process *voice, const char *text, unsigned rate_wpm,
                                unsigned pitch);

/** Waits for the utterance that was begun. `*speech` is borrowed from `voice` until the next end.
 *
 * Errors: STATUS_INVALID    bad text or parameter; longer than VOICE_DURATION_MAX_SECONDS; a text
 *                           that the engine crashes on or does not finish
 *         STATUS_NO_MEMORY  no process could be made for it
 *         STATUS_IO         the process is gone: the voice is of no more use */
enum status voice_process_end(struct speech *speech, struct voice_process *voice);

/** Begins and ends an utterance. Errors: of both. */
enum status voice_process_speak(struct speech *speech, struct voice_process *voice,
                                const char *text, unsigned rate_wpm, unsigned pitch);

#endif
