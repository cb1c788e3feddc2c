/** Records of a store through H5Dread and nothing else: what storage/store_batch.h is measured
 * against. For benches only. All functions are local. */
#ifndef STORAGE_PLAIN_READER_H
#define STORAGE_PLAIN_READER_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct plain_reader; /* opaque */

/** Opens the datasets of a store that bench read wrote. On success the caller ends `*out` with
 * plain_reader_close. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status plain_reader_open(struct plain_reader **out, const char *path);

/** Reads one record, a range of rows from each dataset: its offsets, units, durations, the row of
 * its picture, the picture's units [tokens]. `*unit_count` is how many units it had; those beyond
 * `unit_capacity` are left out. Errors: STATUS_IO. */
enum status plain_reader_record(size_t *unit_count, uint16_t *units, uint16_t *durations,
                                uint16_t *image_units, struct plain_reader *reader, uint64_t record,
                                size_t unit_capacity);

/** NULL is allowed. */
void plain_reader_close(struct plain_reader *reader);

#endif
