/** Speaker: from a caption to 16 kHz speech with its phones.
 *
 * Voice, rate and pitch are drawn from (seed, caption id). The samples depend on the caption and
 * the settings only, unless the caller begins batches: espeak-ng carries a little of one utterance
 * into the next, and within a batch it is let to, which saves a fifth of the time. A shard spoken
 * as one batch, in its order, comes out the same whoever speaks it. Local; one thread. */
#ifndef TTS_SPEAKER_H
#define TTS_SPEAKER_H

#include "core/status.h"
#include "tts/espeak_voice.h"
#include "tts/speech.h"

#include <stddef.h>
#include <stdint.h>

enum { SPEAKER_RATE_HZ = 16000, SPEAKER_CAPTION_BYTES = 2000 };

struct speaker; /* opaque: a process for each voice, the resampler, buffers */

/** What the plan says about speech. */
struct speaker_options {
    const char *const
        *voices;        /* [voice_count], as "en-us", "en-gb+m3", "ar"; used during the call */
    size_t voice_count; /* 1 .. 256 */
    unsigned rate_minimum_wpm, rate_maximum_wpm; /* words a minute, both ends included */
    unsigned pitch_minimum, pitch_maximum;       /* 0 .. 99, both ends included */
    uint64_t seed;
};

/** One caption to be spoken. */
struct speaker_caption {
    const char *id;
    const char *text;     /* checked here, with caption_check and SPEAKER_CAPTION_BYTES */
    const char *language; /* "en", "en-us", "ar" */
    const char *speaker;  /* NULL: none named; else this speaker keeps one voice in each language */
};

/** What was drawn for it. */
struct speaker_choice {
    const char *voice; /* borrowed from the speaker */
    unsigned rate_wpm, pitch;
};

/** Opens all voices. On success `*out` is the caller's; else NULL.
 * Errors: STATUS_INVALID for an option out of range or a voice that espeak-ng does not have
 * (named); STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY. */
enum status speaker_open(struct speaker **out, const struct speaker_options *options);

/** Ends the voices. NULL is allowed. */
void speaker_destroy(struct speaker *speaker);

/** Draws voice, rate and pitch. A voice speaks a language where its tag is the language or begins
 * with the language and a hyphen; letter case does not matter.
 * Errors: STATUS_INVALID where no voice speaks the language. */
enum status speaker_choose(struct speaker_choice *choice, const struct speaker *speaker,
                           const struct speaker_caption *caption);

/** Begins a batch: what follows depends on the captions since this call too, in their order, but on
 * nothing before it. Without a first batch, every caption is spoken for itself. */
void speaker_begin_batch(struct speaker *speaker);

/** Speaks a caption. With `next`, a voice begins on the next caption while this one is resampled
 * and while the caller works on it; the next call must then be for that caption, or
 * speaker_begin_batch. What is said does not depend on it.
 *
 *     speech   out  samples at SPEAKER_RATE_HZ and phones with starts in these samples; borrowed
 *                   from `speaker` until its next call
 *     choice   out  what was drawn
 *     caption  in   with the same `id` pointer as the `next` before
 *     next     in   its id stays valid until its call; NULL: none
 *
 * Errors: STATUS_INVALID  the caption's fault, with the reason for the list of rejects: bad text, a
 *                         language without a voice, nothing audible, too long; never that of `next`
 *         STATUS_IO       a voice's process is gone
 *         STATUS_NO_MEMORY */
enum status speaker_speak(struct speech *speech, struct speaker_choice *choice,
                          struct speaker *speaker, const struct speaker_caption *caption,
                          const struct speaker_caption *next);

#endif
