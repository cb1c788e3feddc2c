/** Speech: what a voice says, as samples and the phones in them. Plain values that the parts of
 * tts/ hand to each other. */
#ifndef TTS_SPEECH_H
#define TTS_SPEECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PHONE_NAME_BYTES = 9 };

/** One phone. It ends where the next one begins, the last one at the end of the speech; a pause is
 * a phone like any other, and a phone may be empty. */
struct phone {
    char name[PHONE_NAME_BYTES]; /* espeak-ng's mnemonic, at most 8 bytes of UTF-8, then zeros */
    uint32_t start;              /* in samples, never falling from phone to phone */
};

/** Speech in buffers of the caller's. */
struct speech {
    int16_t *samples; /* [samples_max] */
    size_t sample_count, samples_max;
    struct phone *phones; /* [phones_max] */
    size_t phone_count, phones_max;
    bool is_cut; /* a buffer was too small, and the speech ends early */
};

#endif
