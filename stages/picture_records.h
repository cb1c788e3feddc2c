/** Pictures of the manifest as the stages that read their files take them. Local. */
#ifndef STAGES_PICTURE_RECORDS_H
#define STAGES_PICTURE_RECORDS_H

#include "stages/run_directory.h"

/** The path of picture `record`, or why the manifest rejects it.
 * Errors: STATUS_INVALID (a reject, a path too long). */
enum status picture_record_path(char path[PATH_BYTES], const struct run *run, size_t record);

/** The newest failure without `path` before it: the reason of a reject is content, where the
 * pictures lie is not. */
const char *picture_record_reason(const char *path);

/** Adds what names the pictures of a range to a recipe. Their files' bytes are not read for this: a
 * picture that was changed in place is not noticed. */
void picture_records_add(struct digest *recipe, const struct run *run, struct shard_range range);

#endif
