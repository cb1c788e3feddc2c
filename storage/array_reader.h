/** Array reader: arrays in the groups of a file that storage/array_file.h wrote, or that another
 * program wrote in its form. All functions are local. */
#ifndef STORAGE_ARRAY_READER_H
#define STORAGE_ARRAY_READER_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct array_reader; /* opaque */

/** Longest name of a group, with the zero at its end; longest side of a matrix. */
enum { ARRAY_NAME_BYTES = 256, ARRAY_SIDE_MAX = 4096 };

/** Opens a file and lists the groups that hold `dataset`, in the order of their names. On success
 * the caller ends `*out` with array_reader_close.
 * Errors: STATUS_NOT_FOUND; STATUS_CORRUPT (not HDF5, cut short); STATUS_NO_MEMORY. */
enum status array_reader_open(struct array_reader **out, const char *path, const char *dataset);

/** NULL is allowed. */
void array_reader_close(struct array_reader *reader);

/** Groups, and the name of one; borrowed. */
size_t array_reader_count(const struct array_reader *reader);
const char *array_reader_name(const struct array_reader *reader, size_t group);

/** Reads the group's dataset as a matrix of ids: `*ids` [*rows][*columns] is the caller's, to free;
 * NULL on failure.
 * Errors: STATUS_CORRUPT, naming file and group (no matrix of whole numbers in 0 .. 65535, a side
 * of 0 or above ARRAY_SIDE_MAX); STATUS_NO_MEMORY. */
enum status array_reader_ids(uint16_t **ids, size_t *rows, size_t *columns,
                             const struct array_reader *reader, size_t group);

#endif
