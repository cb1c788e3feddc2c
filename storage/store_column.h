/** Store column: one dataset of numbers of a store, its rows read at random. A chunk is read from
 * the file, checked and inflated whole, and kept in a cache; out of it only the rows asked for are
 * unpacked. All functions are local. */
#ifndef STORAGE_STORE_COLUMN_H
#define STORAGE_STORE_COLUMN_H

#include "storage/chunk_cache.h"
#include "storage/shard.h"

#include <hdf5.h>

struct store_column; /* opaque */

/** Opens dataset `name` of `file` as rows of `type` (U16, U32, U64, F16 or F32), with `number`
 * telling it apart in the cache. `path` is the file's name, for messages. All but `out` are
 * borrowed until store_column_close.
 *
 * Errors: STATUS_CORRUPT  absent, of another type, not in chunks of whole rows, or under a filter
 *                         that stores do not have
 *         STATUS_NO_MEMORY */
enum status store_column_open(struct store_column **out, hid_t file, const char *path,
                              const char *name, enum column_type type, struct chunk_cache *cache,
                              size_t number);

uint64_t store_column_rows(const struct store_column *column);

/** Values in a row. */
size_t store_column_width(const struct store_column *column);

/** Bytes of a row in memory. */
size_t store_column_row_bytes(const struct store_column *column);

/** Reads rows first .. first + count - 1 into `rows` [count][width], of the column's type. Calls in
 * ascending order of `first` read each chunk once.
 * Errors: STATUS_CORRUPT, naming dataset and rows: no such rows, a damaged chunk;
 * STATUS_NO_MEMORY. */
enum status store_column_take(void *rows, struct store_column *column, uint64_t first,
                              uint64_t count);

/** NULL is allowed. */
void store_column_close(struct store_column *column);

#endif
