/* Opening a store for batches: its columns, and whether they fit together. */
#include "storage/hdf5_file.h"
#include "storage/store_batch_inside.h"
#include "storage/store_reader.h"

#include <stdlib.h>
#include <string.h>

const char *const store_batch_column_names[BATCH_COLUMN_COUNT] = {
    [BATCH_PICTURES] = "/captions/image",
    [BATCH_OFFSETS] = "/speech/offsets",
    [BATCH_UNITS] = "/speech/units",
    [BATCH_DURATIONS] = "/speech/durations",
    [BATCH_IMAGE_UNITS] = "/images/units",
    [BATCH_EMBEDDINGS] = "/images/embedding",
    [BATCH_FEATURE_OFFSETS] = "/speech/feature_offsets",
    [BATCH_FEATURES] = "/speech/features",
};

static const struct {
    enum column_type type;
    unsigned parts; /* that need it */
} columns[BATCH_COLUMN_COUNT] = {
    [BATCH_PICTURES] = { COLUMN_U32, STORE_BATCH_SPEECH | STORE_BATCH_PICTURES |
                                         STORE_BATCH_EMBEDDINGS | STORE_BATCH_FEATURES },
    [BATCH_OFFSETS] = { COLUMN_U64, STORE_BATCH_SPEECH },
    [BATCH_UNITS] = { COLUMN_U16, STORE_BATCH_SPEECH },
    [BATCH_DURATIONS] = { COLUMN_U16, STORE_BATCH_SPEECH },
    [BATCH_IMAGE_UNITS] = { COLUMN_U16, STORE_BATCH_PICTURES },
    [BATCH_EMBEDDINGS] = { COLUMN_F32, STORE_BATCH_EMBEDDINGS },
    [BATCH_FEATURE_OFFSETS] = { COLUMN_U64, STORE_BATCH_FEATURES },
    [BATCH_FEATURES] = { COLUMN_F16, STORE_BATCH_FEATURES },
};

static enum status fail(const struct store_batch_reader *self, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: %s", self->path, fact);
}

uint64_t store_batch_rows(const struct store_batch_reader *self, enum store_batch_column column)
{
    return self->columns[column] == NULL ? 0 : store_column_rows(self->columns[column]);
}

static size_t width_of(const struct store_batch_reader *self, enum store_batch_column column)
{
    return self->columns[column] == NULL ? 0 : store_column_width(self->columns[column]);
}

static enum status open_columns(struct store_batch_reader *self)
{
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < BATCH_COLUMN_COUNT && outcome == STATUS_OK; c++)
        if ((columns[c].parts & self->options.parts) != 0)
            outcome =
                store_column_open(&self->columns[c], self->file, self->path,
                                  store_batch_column_names[c], columns[c].type, self->cache, c);
    return outcome;
}

/* Extents that must go together. */
static enum status check_extents(const struct store_batch_reader *self)
{
    static const enum store_batch_column single[] = { BATCH_PICTURES, BATCH_OFFSETS, BATCH_UNITS,
                                                      BATCH_DURATIONS, BATCH_FEATURE_OFFSETS };
    const unsigned parts = self->options.parts;
    const uint64_t captions = store_batch_rows(self, BATCH_PICTURES);
    for (size_t s = 0; s < sizeof single / sizeof single[0]; s++)
        if (width_of(self, single[s]) > 1)
            return fail(self, "numbers of captions are more than one a row");
    if ((parts & STORE_BATCH_SPEECH) != 0 &&
        (store_batch_rows(self, BATCH_OFFSETS) != captions + 1 ||
         store_batch_rows(self, BATCH_UNITS) != store_batch_rows(self, BATCH_DURATIONS)))
        return fail(self, "captions, units and durations do not fit together");
    if ((parts & STORE_BATCH_FEATURES) != 0 &&
        store_batch_rows(self, BATCH_FEATURE_OFFSETS) != captions + 1)
        return fail(self, "captions and features do not fit together");
    if ((parts & STORE_BATCH_PICTURES) != 0 && (parts & STORE_BATCH_EMBEDDINGS) != 0 &&
        store_batch_rows(self, BATCH_IMAGE_UNITS) != store_batch_rows(self, BATCH_EMBEDDINGS))
        return fail(self, "image units and embeddings do not fit together");
    return STATUS_OK;
}

/* Notes of a unit dataset; the grid only where `grid` is given. */
static enum status read_notes(const struct store_batch_reader *self, const char *name,
                              uint64_t *codebook, uint64_t grid[2])
{
    const hid_t dataset = H5Dopen2(self->file, name, H5P_DEFAULT);
    if (dataset < 0)
        return fail(self, "units cannot be opened");
    enum status outcome = hdf5_get_number(codebook, dataset, "codebook");
    if (outcome == STATUS_OK && grid != NULL)
        outcome = hdf5_get_number(&grid[0], dataset, "grid_rows");
    if (outcome == STATUS_OK && grid != NULL)
        outcome = hdf5_get_number(&grid[1], dataset, "grid_columns");
    H5Dclose(dataset);
    return outcome == STATUS_OK ? outcome : fail(self, status_text());
}

static enum status read_shape(struct store_batch_reader *self)
{
    struct store_batch_shape *shape = &self->shape;
    uint64_t grid[2] = { 0, 0 };
    enum status outcome = check_extents(self);
    if (outcome == STATUS_OK && (self->options.parts & STORE_BATCH_SPEECH) != 0)
        outcome =
            read_notes(self, store_batch_column_names[BATCH_UNITS], &shape->speech_codebook, NULL);
    if (outcome == STATUS_OK && (self->options.parts & STORE_BATCH_PICTURES) != 0)
        outcome = read_notes(self, store_batch_column_names[BATCH_IMAGE_UNITS],
                             &shape->image_codebook, grid);
    if (outcome != STATUS_OK)
        return outcome;
    shape->captions = store_batch_rows(self, BATCH_PICTURES);
    shape->tokens = width_of(self, BATCH_IMAGE_UNITS);
    shape->pictures = self->columns[BATCH_IMAGE_UNITS] != NULL
                          ? store_batch_rows(self, BATCH_IMAGE_UNITS)
                          : store_batch_rows(self, BATCH_EMBEDDINGS);
    shape->embedding_width = width_of(self, BATCH_EMBEDDINGS);
    shape->feature_width = width_of(self, BATCH_FEATURES);
    if (grid[0] > shape->tokens || grid[1] > shape->tokens ||
        (self->columns[BATCH_IMAGE_UNITS] != NULL && shape->pictures > 0 &&
         grid[0] * grid[1] != shape->tokens))
        return fail(self, "its grid is not that of its image units");
    shape->grid_rows = (size_t)grid[0];
    shape->grid_columns = (size_t)grid[1];
    return STATUS_OK;
}

enum status store_batch_open(struct store_batch_reader **out, const char *path,
                             const struct store_batch_options *options)
{
    struct store_reader *store = NULL;
    *out = NULL;
    enum status outcome = store_reader_open(&store, path); /* is it a store of this version? */
    store_reader_close(store);
    if (outcome != STATUS_OK)
        return outcome;
    struct store_batch_reader *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    self->options = *options;
    self->file = H5I_INVALID_HID;
    self->path = strdup(path);
    if (self->path == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    if (outcome == STATUS_OK)
        outcome = chunk_cache_create(&self->cache, options->cache_bytes);
    if (outcome == STATUS_OK)
        outcome = hdf5_open(&self->file, path);
    if (outcome == STATUS_OK)
        outcome = open_columns(self);
    if (outcome == STATUS_OK)
        outcome = read_shape(self);
    if (outcome != STATUS_OK) {
        store_batch_close(self);
        return outcome;
    }
    *out = self;
    return STATUS_OK;
}

const struct store_batch_shape *store_batch_shape(const struct store_batch_reader *reader)
{
    return &reader->shape;
}

void store_batch_close(struct store_batch_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t c = 0; c < BATCH_COLUMN_COUNT; c++) {
        store_column_close(reader->columns[c]);
        free(reader->arrays[c].values);
    }
    free(reader->first_rows.values);
    free(reader->places.values);
    chunk_cache_destroy(reader->cache);
    if (reader->file >= 0)
        H5Fclose(reader->file);
    free(reader->path);
    free(reader);
}
