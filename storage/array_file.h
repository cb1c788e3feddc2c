/** Array file: named arrays in groups of an HDF5 file, for the results of single commands. All
 * functions are local. */
#ifndef STORAGE_ARRAY_FILE_H
#define STORAGE_ARRAY_FILE_H

#include "core/status.h"

#include <stddef.h>

struct array_file; /* opaque */

enum array_type { ARRAY_F32, ARRAY_U16 };

/** Creates `<path>.partial`. On success the caller ends `*out` with array_file_destroy.
 * Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status array_file_create(struct array_file **out, const char *path);

/** Begins the group that the next arrays go into. Errors: STATUS_INVALID for a name that is there
 * already or cannot be one; STATUS_IO. */
enum status array_file_open_group(struct array_file *file, const char *name);

/** Writes an array [dims[0]]...[dims[dimension_count - 1]], 1 to 3 dimensions.
 * Errors: STATUS_IO, naming it. */
enum status array_file_put(struct array_file *file, const char *name, enum array_type type,
                           int dimension_count, const size_t *dims, const void *values);

/** A text attribute of the group. Errors: STATUS_IO. */
enum status array_file_note(struct array_file *file, const char *name, const char *text);

/** Closes the file and gives it its name. Errors: STATUS_IO. */
enum status array_file_commit(struct array_file *file);

/** NULL is allowed. What was not committed is removed. */
void array_file_destroy(struct array_file *file);

#endif
