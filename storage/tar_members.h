/** The members of a tar archive, plain or gzipped, one after the other. A door to libarchive.
 * Bounded memory; local. Names are never used as paths here. */
#ifndef STORAGE_TAR_MEMBERS_H
#define STORAGE_TAR_MEMBERS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tar_members; /* opaque */

struct tar_member {
    const char *name; /* borrowed until the next member */
    uint64_t byte_count;
    bool is_folder, is_file; /* neither: a link, a device, ... */
};

/** On success `*out` is the caller's, to close; else NULL. `path` is borrowed.
 * Errors: those of file_open; STATUS_INVALID (no tar archive), STATUS_NO_MEMORY. */
enum status tar_members_open(struct tar_members **out, const char *path);

/** Goes to the next member; `*is_there` is false behind the last.
 * Errors: STATUS_INVALID ("path: member NAME: what", "path: behind member N: what"). */
enum status tar_members_next(bool *is_there, struct tar_member *member,
                             struct tar_members *members);

/** Copies the bytes of the member in hand, a file, to `file`, whose name is for messages.
 * Errors: STATUS_INVALID (the archive ends early), STATUS_IO. */
enum status tar_members_copy(struct tar_members *members, FILE *file, const char *file_name);

/** Reads the member in hand, a file of at most `bytes_max` bytes; a zero byte follows. `*bytes` is
 * the caller's, to free; NULL on failure. Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status tar_members_read(char **bytes, size_t *byte_count, struct tar_members *members,
                             size_t bytes_max);

/** NULL is allowed. */
void tar_members_close(struct tar_members *members);

#endif
