/** Files and folders: whole reads, durable writes, paths. All functions are local. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PATH_BYTES = 4096 };

/** A failure with errno's meaning: STATUS_NOT_FOUND for a missing file, else STATUS_IO;
 * "`path`: `what`: reason". */
enum status file_fail(const char *path, const char *what);

/** Reads a whole file of at most `bytes_max` bytes; a zero byte follows, so text can be read as a
 * string. `*bytes` is the caller's, to free. A larger file, a folder or a device is refused before
 * anything is allocated. Errors: STATUS_NOT_FOUND, STATUS_INVALID, STATUS_IO, STATUS_NO_MEMORY. */
enum status file_read(uint8_t **bytes, size_t *byte_count, const char *path, size_t bytes_max);

/** Opens a regular file for reading. On success `*file` is the caller's, to fclose; on failure
 * NULL. A folder, a pipe or a device is refused without waiting for it. Errors: STATUS_NOT_FOUND,
 * STATUS_INVALID, STATUS_IO. */
enum status file_open(FILE **file, const char *path);

/** Writes `<path>.partial`, flushes it to the disk and renames it: `path` is whole or absent.
 * Errors: STATUS_IO; the partial file is then removed. */
enum status file_write(const char *path, const void *bytes, size_t byte_count);

/** Flushes `<path>.partial`, which somebody wrote, to the disk and renames it to `path`. */
enum status file_publish(const char *path);

/** True where something of that name exists. */
bool file_exists(const char *path);

/** Bytes of the file on disk as its size tells; 0 where there is none. */
uint64_t file_bytes(const char *path);

/** Makes the folder and those above it. Errors: STATUS_IO; STATUS_INVALID (empty, too long). */
enum status folder_make(const char *path);

/** Writes "folder/name", or `name` alone where it is absolute or `folder` is empty.
 * Errors: STATUS_INVALID where it does not fit into PATH_BYTES. */
enum status path_join(char out[PATH_BYTES], const char *folder, const char *name);

/** The folder that holds `path`, without a trailing slash; "." for a bare name. */
void path_folder(char out[PATH_BYTES], const char *path);

/** The last component of `path`, borrowed. */
const char *path_name(const char *path);

/** True for a relative path whose components never climb above where they start ("a/../b" stays,
 * "a/../../b" and "/b" leave). Links are not followed: a collection may be put together from them.
 */
bool path_stays_inside(const char *path);

#endif
