/** Language model: which word follows which in the captions of a run, as a recogniser wants it
 * told. Local.
 *
 * Trigrams with back-off, Witten-Bell: after words h that were seen N times before T different
 * words, what was seen has the share N / (N + T), interpolated with the shares after the last of
 * these words alone, and at last with the words' own frequencies, which have the rest.
 *
 * Source: Witten and Bell 1991; Chen and Goodman 1999, section 2.5. */
#ifndef RECOGNITION_LANGUAGE_MODEL_H
#define RECOGNITION_LANGUAGE_MODEL_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct language_model; /* opaque */

/** A model of no text. On success the caller ends `*out` with language_model_destroy; on failure
 * NULL. Errors: STATUS_NO_MEMORY. */
enum status language_model_create(struct language_model **out);

/** NULL is allowed. */
void language_model_destroy(struct language_model *model);

/** Counts the words of a sentence (recognition/word.h). A text without words counts for nothing.
 * Errors: those of vocabulary_place. */
enum status language_model_add(struct language_model *model, const char *text);

/** Different words so far; the first LANGUAGE_MODEL_ENDS are the beginning and the end of a
 * sentence, "<s>" and "</s>". */
enum { LANGUAGE_MODEL_ENDS = 2 };
size_t language_model_word_count(const struct language_model *model);
const char *language_model_word(const struct language_model *model, size_t number);

/** True where the word, shorter than WORD_BYTES, is in the model. */
bool language_model_find(size_t *number, const struct language_model *model, const char *word);

/** Writes the model in ARPA's format. Words of `is_left_out` [language_model_word_count] are not in
 * it, nor what stands beside them counted. Errors: STATUS_INVALID (no word is left), STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status language_model_write(FILE *stream, struct language_model *model,
                                 const bool *is_left_out);

#endif
