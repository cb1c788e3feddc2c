/** PyTorch files: what torch.save wrote, as a zip archive (PyTorch 1.6 and later) or in the older
 * form, and TorchScript archives. Read without Python, and without calling anything: see
 * storage/pickle.h. All functions are local. */
#ifndef STORAGE_TORCH_FILE_H
#define STORAGE_TORCH_FILE_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"

#include <stddef.h>
#include <stdint.h>

/** Fills `table` with every tensor of the file, sorted, and `*settings` with the plain values
 * beside them. Both are the caller's; on failure the table is empty and `*settings` NULL.
 *
 * Names are the keys on the way, joined by dots: {"model": {"fc": {"weight": tensor}}} gives
 * "model.fc.weight"; items of lists have their number; a file that is one bare tensor calls it
 * "tensor". Tensors keep their type. Views (offset, strides, transposed, expanded) come contiguous.
 * Elements that were stored row by row are a shared, read-only map of the file.
 *
 * Walked into: dicts, OrderedDicts, lists, tuples, argparse's Namespace, TorchScript modules. Every
 * other object is left out and named in settings "refused.0", "refused.1", ... as "model.x:
 * module.name". Settings beyond 4096, and plain items of lists longer than 64, are left out.
 *
 * Errors: STATUS_NOT_FOUND
 *         STATUS_CORRUPT    cut short, damaged, lying
 *         STATUS_INVALID    no tensor inside, or a sort of tensor that is not supported, by name
 *         STATUS_IO, STATUS_NO_MEMORY */
enum status torch_file_read(struct tensor_table *table, struct settings **settings,
                            const char *path);

/** As torch_file_read, from bytes in memory, which are borrowed and must outlive the table. */
enum status torch_file_read_bytes(struct tensor_table *table, struct settings **settings,
                                  const uint8_t *bytes, size_t byte_count, const char *name);

#endif
