/** Skip tally: what an import left out, counted by reason, with the first examples. Plain values;
 * local. */
#ifndef STORAGE_IMPORT_SKIP_TALLY_H
#define STORAGE_IMPORT_SKIP_TALLY_H

#include <stddef.h>
#include <stdint.h>

enum { SKIP_REASONS_MAX = 32, SKIP_EXAMPLES = 3, SKIP_EXAMPLE_BYTES = 240 };

struct skip_reason {
    const char *reason; /* borrowed: the same pointer or text each time */
    uint64_t count;
    char examples[SKIP_EXAMPLES][SKIP_EXAMPLE_BYTES]; /* where; empty where there are fewer */
};

struct skip_tally {
    struct skip_reason reasons[SKIP_REASONS_MAX]; /* in the order of their first occurrence */
    size_t count;
};

/** Counts one thing that was left out. `reason` must outlive the tally; `place` is copied, cut
 * where it is long, without control characters. Reasons beyond SKIP_REASONS_MAX count under the
 * last one. */
void skip_tally_add(struct skip_tally *tally, const char *reason, const char *place);

/** All of them. */
uint64_t skip_tally_total(const struct skip_tally *tally);

#endif
