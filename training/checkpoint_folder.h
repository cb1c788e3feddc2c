/** The folder of a training run's checkpoints: "00000200.h5" after 200 updates. */
#ifndef TRAINING_CHECKPOINT_FOLDER_H
#define TRAINING_CHECKPOINT_FOLDER_H

#include "core/file.h"

/** Local. Path of the checkpoint after `step` updates. Errors: STATUS_INVALID (too long). */
enum status checkpoint_path(char out[PATH_BYTES], const char *folder, size_t step);

/** Local. The newest step that there is a checkpoint of; 0 for none. `before`: only older ones
 * than that (SIZE_MAX: any). */
size_t checkpoint_newest(const char *folder, size_t before);

/** Local. Removes all checkpoints but the `keep` newest and that of step `best`, and what was left
 * half written. */
void checkpoint_remove_old(const char *folder, size_t keep, size_t best);

#endif
