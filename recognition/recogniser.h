/** Recogniser of English speech, to tell how well generated speech can be understood. The door to
 * pocketsphinx, with its acoustic model and dictionary of US English (Debian: libpocketsphinx-dev,
 * pocketsphinx-en-us). Optional: a program built without it has no recogniser.
 *
 * It knows the words of a language model that its dictionary has, and listens for nothing else.
 *
 * What it hears is brought to one loudness, and noise 30 dB below it is added, the same for all:
 * the model knows recordings, and takes the digital silence of synthetic speech for anything
 * (over 100 captions spoken by espeak-ng the word error rate is 26 % without it, 2 % with it).
 * pocketsphinx's own removal of noise is off; what is heard depends on the sound alone, not on what
 * was heard before. Local; one thread at a time. */
#ifndef RECOGNITION_RECOGNISER_H
#define RECOGNITION_RECOGNISER_H

#include "recognition/language_model.h"

struct recogniser; /* opaque */

enum { RECOGNISER_RATE_HZ = 16000, RECOGNISER_SECONDS_MAX = 300 };

/** A recogniser of the words of `model`, which is borrowed for the call.
 *
 *     is_unknown [language_model_word_count]  out  words that the dictionary has not
 *
 * On success the caller ends `*out` with recogniser_destroy; on failure NULL.
 * Errors: STATUS_NOT_FOUND (no pocketsphinx, or none of its models: says what to install),
 * STATUS_INVALID (no word is known), STATUS_IO, STATUS_NO_MEMORY. */
enum status recogniser_create(struct recogniser **out, bool *is_unknown,
                              struct language_model *model);

/** NULL is allowed. */
void recogniser_destroy(struct recogniser *recogniser);

/** Writes down speech of RECOGNISER_RATE_HZ, the first RECOGNISER_SECONDS_MAX of it.
 *
 *     text                     out  words with blanks between; none where none was understood;
 *                                   the caller's, to free; NULL on failure
 *     samples [sample_count]   in   finite
 *
 * Errors: STATUS_IO where pocketsphinx refuses, STATUS_NO_MEMORY. */
enum status recogniser_hear(char **text, struct recogniser *recogniser, const float *samples,
                            size_t sample_count);

#endif
