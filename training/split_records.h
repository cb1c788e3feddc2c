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
    const char *split;    /* "train" */
    const char *language; /* "ar"; NULL: all */
    bool by_features;     /* lengths are in frames of features, else in units */
};

/** Reads the rows of a split, in blocks. Captions without a unit are left out. The caller ends
 * `out` with split_records_end, also after a failure.
 * Errors: STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status split_records_read(struct split_records *out, const char *path,
                               const struct split_choice *choice);

/** An all-zero one is allowed. */
void split_records_end(struct split_records *records);

#endif
