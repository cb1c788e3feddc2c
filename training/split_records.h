/** The captions of one split of a store, as training takes them. Local. */
#ifndef TRAINING_SPLIT_RECORDS_H
#define TRAINING_SPLIT_RECORDS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct split_records {
    uint64_t *records; /* [count]: rows in /captions, ascending */
    uint32_t *lengths; /* [count]: run-length units, or frames of features; at least 1 */
    size_t count;
};

/** What is chosen. */
struct split_choice {
    const char *split;    /* "train"; NULL: all */
    const char *language; /* "ar"; NULL: all */
    bool by_features;     /* lengths are in frames of features, else in units */
};

/** Reads the rows of a split, in blocks. Captions without a unit are left out. The caller ends
 * `out` with split_records_end, also after a failure.
 * Errors: STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status split_records_read(struct split_records *out, const char *path,
                               const struct split_choice *choice);

enum { SPLIT_LANGUAGES_MAX = 64, SPLIT_LANGUAGE_BYTES = 32 };

/** The languages of a split's captions, each once, in the order of their bytes. A split with more
 * than SPLIT_LANGUAGES_MAX gives the first ones that turn up.
 * Errors: as split_records_read. */
enum status split_languages(char languages[SPLIT_LANGUAGES_MAX][SPLIT_LANGUAGE_BYTES],
                            size_t *count, const char *path, const char *split);

/** How well a perfect listener could do: captions that say the same of several pictures cannot tell
 * them apart. The mean over `records` of min(1, K / pictures that have a caption of that text),
 * among the pictures of these records.
 *
 *     bounds [3]  out  for K = 1, 5, 10
 *
 * Errors: as split_records_read. */
enum status split_recall_bounds(double bounds[3], const char *path,
                                const struct split_records *records);

/** An all-zero one is allowed. */
void split_records_end(struct split_records *records);

#endif
