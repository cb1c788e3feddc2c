/** The walk over what a PyTorch file's pickle holds: tensors to a table, plain values to settings.
 * Used by the reader of such files only. */
#ifndef STORAGE_TORCH_WALK_H
#define STORAGE_TORCH_WALK_H

#include "core/settings.h"
#include "storage/torch_tensor.h"

/** Adds every tensor below `root` to `table`, sorted, and every plain value to `settings`, under
 * their dotted names; see torch_file_read for the rules. On failure the table holds what
 * tensor_table_end can free. Errors: as torch_tensor_read; STATUS_CORRUPT for a name that is there
 * twice or too long, and for nesting without end; STATUS_INVALID where there is no tensor. */
enum status torch_walk(struct tensor_table *table, struct settings *settings,
                       const struct pickle_value *root, struct torch_storages *storages);

#endif
