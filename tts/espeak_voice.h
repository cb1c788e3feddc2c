/** A voice of espeak-ng in this process. The door to libespeak-ng.
 *
 * Two things to know before use. The library keeps everything in globals: one voice a process, one
 * thread, once. And what it says depends on what it said before (the phase of its pitch flutter,
 * the gain control, the noise generator and the filters run on from utterance to utterance; setting
 * the voice or the parameters again does not reset them), so only the first utterance after opening
 * can be repeated sample by sample. voice_process.h builds a repeatable voice from this one. */
#ifndef TTS_ESPEAK_VOICE_H
#define TTS_ESPEAK_VOICE_H

#include "core/status.h"
#include "tts/speech.h"

enum {
    VOICE_RATE_MINIMUM_WPM = 80,
    VOICE_RATE_MAXIMUM_WPM = 450,
    VOICE_PITCH_MAXIMUM = 99,
    VOICE_NAME_BYTES = 64,
    VOICE_TEXT_BYTES_MAX = 4096
};

/** The version of the library, as "1.51"; what is said may change with it. Local; needs no open
 * voice. */
const char *espeak_voice_library_version(void);

/** Checks the form of a voice's name: a language tag, then perhaps a plus sign and a variant
 * ("en-us", "en-gb+m3"). Local. Does not need the library.
 * Errors: STATUS_INVALID, naming it. */
enum status espeak_voice_check_name(const char *name);

/** Starts the library with one voice. Local; once a process, a second call is refused.
 *
 *     rate_hz  out  samples a second that the voice speaks
 *
 * Errors: STATUS_INVALID    espeak-ng has no such voice or variant (named); opened before
 *         STATUS_NOT_FOUND  espeak-ng's data files are missing */
enum status espeak_voice_open(unsigned *rate_hz, const char *name);

/** Speaks plain text (UTF-8; no SSML, no phoneme codes, so "<b>" and "[[a]]" are text) and waits
 * for the end. Local.
 *
 *     speech    out  samples and phones, into the caller's buffers; cut where these are full
 *     text      in   at most VOICE_TEXT_BYTES_MAX bytes, valid UTF-8, no control characters
 *     rate_wpm  in   words a minute, VOICE_RATE_MINIMUM_WPM .. VOICE_RATE_MAXIMUM_WPM
 *     pitch     in   0 .. VOICE_PITCH_MAXIMUM, 50 is the voice's own
 *
 * Errors: STATUS_INVALID for a text or a value out of range; STATUS_IO where the library fails. */
enum status espeak_voice_speak(struct speech *speech, const char *text, unsigned rate_wpm,
                               unsigned pitch);

#endif
