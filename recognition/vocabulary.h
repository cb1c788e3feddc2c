/** Vocabulary: words numbered in the order in which they turn up. Local. */
#ifndef RECOGNITION_VOCABULARY_H
#define RECOGNITION_VOCABULARY_H

#include "core/status.h"
#include "recognition/word.h"

#include <stddef.h>
#include <stdint.h>

enum { VOCABULARY_MAX = 1 << 21 };

struct vocabulary; /* opaque */

/** An empty one. On success the caller ends `*out` with vocabulary_destroy; on failure NULL.
 * Errors: STATUS_NO_MEMORY. */
enum status vocabulary_create(struct vocabulary **out);

/** NULL is allowed. */
void vocabulary_destroy(struct vocabulary *vocabulary);

/** The number of the word, shorter than WORD_BYTES; a new one gets the next number.
 * Errors: STATUS_INVALID (VOCABULARY_MAX words already), STATUS_NO_MEMORY. */
enum status vocabulary_place(size_t *number, struct vocabulary *vocabulary, const char *word);

/** True where the word, shorter than WORD_BYTES, has a number. */
bool vocabulary_find(size_t *number, const struct vocabulary *vocabulary, const char *word);

size_t vocabulary_count(const struct vocabulary *vocabulary);

/** Word `number`, borrowed until the next vocabulary_place. */
const char *vocabulary_word(const struct vocabulary *vocabulary, size_t number);

#endif
