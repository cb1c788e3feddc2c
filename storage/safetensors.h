/** Safetensors files: named tensors behind a JSON header.
 *
 *     u64 header bytes | JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...} |
 * data
 *
 * Format: huggingface/safetensors, README, section "Format". All functions are local. */
#ifndef STORAGE_SAFETENSORS_H
#define STORAGE_SAFETENSORS_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"

#include <stddef.h>
#include <stdint.h>

/** Fills `out` with the tensors of the file, sorted by name. Their bytes are a shared, read-only
 * map of the file, which must not be changed while the table lives. The caller ends the table with
 * tensor_table_end; on failure it is empty. "__metadata__" is left out.
 *
 * Everything that the header says is checked against the file: types, shapes, sizes; ranges that
 * overlap, leave gaps or end elsewhere than the file.
 *
 * Errors: STATUS_NOT_FOUND
 *         STATUS_CORRUPT    cut short, or a header that lies
 *         STATUS_INVALID    a type or a number of dimensions that is not supported
 *         STATUS_IO, STATUS_NO_MEMORY */
enum status safetensors_read(struct tensor_table *out, const char *path);

/** As safetensors_read, from bytes in memory, which are borrowed and must outlive the table.
 * `name` is what messages and out->source say. */
enum status safetensors_read_bytes(struct tensor_table *out, const uint8_t *bytes,
                                   size_t byte_count, const char *name);

/** Reads "__metadata__" as texts; empty settings where there is none. The caller destroys `*out`.
 * Errors: as safetensors_read. */
enum status safetensors_read_metadata(struct settings **out, const char *path);

/** Writes the table, durably (file_publish) and with the same bytes for the same table: tensors in
 * order of name, back to back, the data aligned to 8 bytes.
 *
 *     metadata  in  texts for "__metadata__": keys and values in turn, NULL after the last pair;
 * NULL for none
 *
 * Errors: STATUS_INVALID (a name that is not UTF-8), STATUS_IO, STATUS_NO_MEMORY. */
enum status safetensors_write(const char *path, const struct tensor_table *table,
                              const char *const *metadata);

#endif
