/** A folder of its own for one bench, seen by all ranks. */
#ifndef BENCH_SCRATCH_FOLDER_H
#define BENCH_SCRATCH_FOLDER_H

#include "cluster/team.h"
#include "core/file.h"

/** Collective. Makes a new folder below `parent`. Errors: STATUS_INVALID, STATUS_NOT_FOUND,
 * STATUS_IO. */
enum status scratch_folder_make(char path[PATH_BYTES], const struct team *team, const char *parent);

/** Collective. Removes the folder, which is empty, on rank 0. */
void scratch_folder_remove(const char *path, const struct team *team);

#endif
