/** The form in which torch.save wrote before PyTorch 1.6: five pickles (magic number, protocol,
 * machine, the object, the storages' keys), then each storage behind its element count. Used by the
 * reader of PyTorch files only. Source: torch/serialization.py, _legacy_save. */
#ifndef STORAGE_TORCH_LEGACY_H
#define STORAGE_TORCH_LEGACY_H

#include "storage/torch_walk.h"

/** As torch_walk, over a whole file. `storages` has its name and budget. */
enum status torch_legacy_read(struct tensor_table *table, struct settings *settings,
                              const uint8_t *bytes, size_t byte_count,
                              struct torch_storages *storages);

#endif
