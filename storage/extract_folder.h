/** Extract folder: files of an archive onto the disk, none of them outside one folder, whatever
 * their names are and whatever links lie there already. All functions are local. */
#ifndef STORAGE_EXTRACT_FOLDER_H
#define STORAGE_EXTRACT_FOLDER_H

#include "core/status.h"

#include <stdbool.h>
#include <stdio.h>

/** Opens the folder, which is made where it is not there; `*descriptor` is the caller's, to close.
 * Errors: STATUS_IO, STATUS_INVALID, STATUS_NOT_FOUND. */
enum status extract_folder_open(int *descriptor, const char *path);

/** True where `path` may name a file in it: relative, of plain components, none of them "..",
 * short. */
bool extract_folder_takes(const char *path);

/** Creates `path`.partial below the folder, with the folders above it; `path` as
 * extract_folder_takes. No component of it may be a link. On success the caller writes `*file` and
 * ends it with extract_folder_end. Errors: STATUS_IO. */
enum status extract_folder_begin(FILE **file, int descriptor, const char *path);

/** Closes the file, and gives it its name where `outcome` is STATUS_OK; else removes it. Returns
 * the first failure. Errors: STATUS_IO. */
enum status extract_folder_end(FILE *file, int descriptor, const char *path, enum status outcome);

#endif
