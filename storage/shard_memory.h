/** The inside of a shard, shared by storage/shard.c (building) and storage/shard_file.c (HDF5). */
#ifndef STORAGE_SHARD_MEMORY_H
#define STORAGE_SHARD_MEMORY_H

#include "storage/shard.h"

/** Growing bytes. */
struct shard_buffer {
    uint8_t *bytes;
    size_t used, capacity;
};

/** One column in memory. Rows of kept record r are ends[r - 1] .. ends[r] - 1 (ends[-1] is 0), in
 * rows of `row_bytes`; for a text, the bytes with the zero at their end. */
struct shard_rows {
    struct shard_buffer values;
    struct shard_buffer ends; /* uint64_t, one a kept record */
    size_t row_bytes;         /* 1 for texts */
};

struct shard {
    struct shard_identity identity;
    char *stage, *recipe; /* owned copies, where the shard was read */
    struct shard_column columns[SHARD_COLUMNS_MAX];
    size_t column_count;
    struct shard_rows rows[SHARD_COLUMNS_MAX];
    struct shard_rows ids;        /* texts of kept records */
    struct shard_buffer records;  /* uint64_t, one a kept record */
    struct shard_rows reject_ids; /* texts */
    struct shard_rows reject_reasons;
    struct shard_buffer reject_records;
    size_t kept_count, reject_count;
};

/** Bytes of one value. */
size_t column_type_bytes(enum column_type type);

/** Appends; false without memory. */
bool shard_buffer_add(struct shard_buffer *buffer, const void *bytes, size_t byte_count);

/** The 64-bit number at `index`. */
uint64_t shard_buffer_number(const struct shard_buffer *buffer, size_t index);

/** Bytes of entry `index`, and how many. */
const uint8_t *shard_rows_at(const struct shard_rows *rows, size_t index, size_t *byte_count);

/** Ends an entry after what was added; false without memory. */
bool shard_rows_end(struct shard_rows *rows);

/** Adds a text as an entry. */
bool shard_rows_add_text(struct shard_rows *rows, const char *text);

#endif
