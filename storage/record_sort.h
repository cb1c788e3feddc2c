/** Sorting of more records than memory holds: by key, equal keys in the order in which they were
 * added. What does not fit goes as sorted runs into temporary files without a name, which end with
 * the process whatever happens. All functions are local. */
#ifndef STORAGE_RECORD_SORT_H
#define STORAGE_RECORD_SORT_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_sort; /* opaque */

/** Largest record, key and payload together. */
enum { RECORD_SORT_BYTES_MAX = 32 << 20 };

/** A sort that holds up to about `memory_bytes` of records, or one record if that is larger, and
 * puts its temporary files into `folder`. On success `*out` is the caller's; else NULL. Errors:
 * STATUS_NO_MEMORY, STATUS_INVALID (a folder's path too long). */
enum status record_sort_create(struct record_sort **out, const char *folder, size_t memory_bytes);

/** NULL is allowed. */
void record_sort_destroy(struct record_sort *sort);

struct sorted_record {
    const void *key, *payload; /* borrowed until the next call */
    size_t key_bytes, payload_bytes;
};

/** Adds a record, which is copied. Keys compare byte by byte; a key that another begins with comes
 * before it. Not after record_sort_next.
 * Errors: STATUS_INVALID (too large), STATUS_IO (the folder is full, ...), STATUS_NO_MEMORY. */
enum status record_sort_add(struct record_sort *sort, const struct sorted_record *record);

/** The next record in order; `*is_there` is false after the last. Errors: STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status record_sort_next(bool *is_there, struct sorted_record *record,
                             struct record_sort *sort);

/** Bytes of a number as a key that sorts as the number does. */
void record_sort_number_key(uint8_t key[8], uint64_t number);

#endif
