/** A whole file as bytes in memory, mapped read-only and shared, so that the ranks of a node that
 * read the same file hold one copy of it. */
#ifndef STORAGE_FILE_MAP_H
#define STORAGE_FILE_MAP_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct file_map {
    const uint8_t *bytes; /* [byte_count]; NULL for an empty file */
    size_t byte_count;
};

/** Local. Maps the regular file at `path`. On success `*out` is the caller's, who ends it with
 * file_map_close; on failure it is NULL. The file must not be cut shorter while it is mapped.
 *
 * Errors: STATUS_NOT_FOUND, STATUS_INVALID (not a regular file), STATUS_IO, STATUS_NO_MEMORY. */
enum status file_map_open(struct file_map **out, const char *path);

/** Unmaps. NULL is allowed. */
void file_map_close(struct file_map *map);

/** file_map_close in the form that tensor_table.release wants. */
void file_map_release(void *map);

#endif
