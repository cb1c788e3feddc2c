/** The inside of a store batch reader, shared by storage/store_batch_open.c and
 * storage/store_batch.c. */
#ifndef STORAGE_STORE_BATCH_INSIDE_H
#define STORAGE_STORE_BATCH_INSIDE_H

#include "storage/store_batch.h"
#include "storage/store_column.h"

enum store_batch_column {
    BATCH_PICTURES,
    BATCH_OFFSETS,
    BATCH_UNITS,
    BATCH_DURATIONS,
    BATCH_IMAGE_UNITS,
    BATCH_EMBEDDINGS,
    BATCH_FEATURE_OFFSETS,
    BATCH_FEATURES,
    BATCH_COLUMN_COUNT
};

/** "/speech/units", ... */
extern const char *const store_batch_column_names[BATCH_COLUMN_COUNT];

/** Growing memory for one array of a batch. */
struct batch_array {
    void *values;
    size_t capacity_bytes;
};

/** Where a record lies and where it goes, for reading in the order of the file. */
struct batch_place {
    uint64_t row;
    size_t slot;
};

struct store_batch_reader {
    hid_t file;
    char *path;
    struct store_batch_options options;
    struct store_batch_shape shape;
    struct chunk_cache *cache;
    struct store_column *columns[BATCH_COLUMN_COUNT];
    struct batch_array arrays[BATCH_COLUMN_COUNT]; /* rows of the batch; offsets: within it */
    struct batch_array first_rows; /* uint64_t [count]: where a ragged record begins */
    struct batch_array places;     /* struct batch_place [count] */
    size_t batch_bytes;
};

/** Rows of a column's dataset; 0 for a column that is not open. */
uint64_t store_batch_rows(const struct store_batch_reader *self, enum store_batch_column column);

#endif
