/** Files that ship with unitmill: templates of jobs, compact nets. */
#ifndef CORE_SHIPPED_FILE_H
#define CORE_SHIPPED_FILE_H

#include "core/file.h"

/** Finds the file "folder/name" beside the program: below ../share/unitmill, where it is installed;
 * below the program's own folder, which is the build's; or in `source_folder` of the source tree
 * that holds the build. Local.
 *
 * Errors: STATUS_NOT_FOUND, and `path` is then where an installed program would have it;
 * STATUS_IO. */
enum status shipped_file_find(char path[PATH_BYTES], const char *folder, const char *source_folder,
                              const char *name);

#endif
