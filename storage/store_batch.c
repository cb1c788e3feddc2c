#include "storage/store_batch.h"

#include "storage/store_batch_inside.h"

#include <stdlib.h>

/* Room for `count` entries of `entry_bytes`, counted against the batch's limit. */
static enum status reserve(struct store_batch_reader *self, struct batch_array *array, size_t count,
                           size_t entry_bytes)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, entry_bytes, &bytes) ||
        bytes > self->options.batch_bytes_max - self->batch_bytes)
        return status_fail(STATUS_INVALID, "%s: a batch of more than %zu bytes", self->path,
                           self->options.batch_bytes_max);
    self->batch_bytes += bytes;
    if (array->values != NULL && bytes <= array->capacity_bytes)
        return STATUS_OK;
    void *grown = realloc(array->values, bytes > 0 ? bytes : 1);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: a batch of %zu bytes", self->path, bytes);
    array->values = grown;
    array->capacity_bytes = bytes;
    return STATUS_OK;
}

static int compare_rows(const void *left, const void *right)
{
    const struct batch_place *a = left, *b = right;
    return (a->row > b->row) - (a->row < b->row);
}

/* The order in which rows `rows` [count] lie in the file. */
static const struct batch_place *in_file_order(struct store_batch_reader *self,
                                               const uint64_t *rows, size_t count)
{
    struct batch_place *places = self->places.values;
    for (size_t p = 0; p < count; p++)
        places[p] = (struct batch_place){ rows[p], p };
    qsort(places, count, sizeof *places, compare_rows);
    return places;
}

static enum status read_pictures(struct store_batch_reader *self, const uint64_t *records,
                                 size_t count)
{
    enum status outcome = reserve(self, &self->arrays[BATCH_PICTURES], count, sizeof(uint32_t));
    if (outcome != STATUS_OK)
        return outcome;
    uint32_t *pictures = self->arrays[BATCH_PICTURES].values;
    const struct batch_place *places = in_file_order(self, records, count);
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++)
        outcome = store_column_take(&pictures[places[p].slot], self->columns[BATCH_PICTURES],
                                    places[p].row, 1);
    return outcome;
}

/* Where each record's ragged rows lie in the file (first_rows) and in the batch (`column`'s array).
 */
static enum status read_offsets(struct store_batch_reader *self, enum store_batch_column column,
                                uint64_t row_count, const uint64_t *records, size_t count)
{
    enum status outcome = reserve(self, &self->arrays[column], count + 1, sizeof(size_t));
    if (outcome != STATUS_OK)
        return outcome;
    uint64_t *first_rows = self->first_rows.values;
    size_t *offsets = self->arrays[column].values;
    const struct batch_place *places = in_file_order(self, records, count);
    for (size_t p = 0; p < count; p++) {
        uint64_t ends[2];
        outcome = store_column_take(ends, self->columns[column], places[p].row, 2);
        if (outcome != STATUS_OK)
            return outcome;
        if (ends[0] > ends[1] || ends[1] > row_count)
            return status_fail(STATUS_CORRUPT, "%s: %s: value %llu is out of order", self->path,
                               store_batch_column_names[column], (unsigned long long)places[p].row);
        first_rows[places[p].slot] = ends[0];
        offsets[places[p].slot + 1] = (size_t)(ends[1] - ends[0]);
    }
    offsets[0] = 0;
    for (size_t r = 0; r < count; r++)
        if (__builtin_add_overflow(offsets[r], offsets[r + 1], &offsets[r + 1]))
            return status_fail(STATUS_CORRUPT, "%s: its records are longer than memory",
                               self->path);
    return STATUS_OK;
}

/* Rows of all records in column `column`: of record r, from `first_rows` and as many as `offsets`
 * say; without offsets one each. */
static enum status read_rows(struct store_batch_reader *self, enum store_batch_column column,
                             const uint64_t *first_rows, const size_t *offsets, size_t count)
{
    struct store_column *from = self->columns[column];
    const size_t row_bytes = store_column_row_bytes(from);
    const size_t total = offsets == NULL ? count : offsets[count];
    enum status outcome = reserve(self, &self->arrays[column], total, row_bytes);
    const struct batch_place *places = self->places.values;
    uint8_t *rows = self->arrays[column].values;
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++) {
        const size_t slot = places[p].slot;
        const size_t first = offsets == NULL ? slot : offsets[slot];
        const size_t row_count = offsets == NULL ? 1 : offsets[slot + 1] - first;
        outcome = store_column_take(rows + first * row_bytes, from, first_rows[slot], row_count);
    }
    return outcome;
}

static enum status check_ids(const struct store_batch_reader *self, enum store_batch_column column,
                             size_t value_count, uint64_t codebook)
{
    const uint16_t *ids = self->arrays[column].values;
    uint16_t largest = 0;
    for (size_t v = 0; v < value_count; v++)
        largest = ids[v] > largest ? ids[v] : largest;
    return value_count == 0 || largest < codebook
               ? STATUS_OK
               : status_fail(STATUS_CORRUPT, "%s: %s: an id of %u, the codebook has %llu",
                             self->path, store_batch_column_names[column], largest,
                             (unsigned long long)codebook);
}

static enum status read_speech(struct store_batch_reader *self, const uint64_t *records,
                               size_t count)
{
    const uint64_t *first_rows = self->first_rows.values;
    enum status outcome =
        read_offsets(self, BATCH_OFFSETS, store_batch_rows(self, BATCH_UNITS), records, count);
    const size_t *offsets = self->arrays[BATCH_OFFSETS].values;
    if (outcome == STATUS_OK)
        outcome = read_rows(self, BATCH_UNITS, first_rows, offsets, count);
    if (outcome == STATUS_OK)
        outcome = read_rows(self, BATCH_DURATIONS, first_rows, offsets, count);
    if (outcome == STATUS_OK)
        outcome = check_ids(self, BATCH_UNITS, offsets[count], self->shape.speech_codebook);
    return outcome;
}

static enum status read_features(struct store_batch_reader *self, const uint64_t *records,
                                 size_t count)
{
    const enum status outcome = read_offsets(
        self, BATCH_FEATURE_OFFSETS, store_batch_rows(self, BATCH_FEATURES), records, count);
    return outcome == STATUS_OK ? read_rows(self, BATCH_FEATURES, self->first_rows.values,
                                            self->arrays[BATCH_FEATURE_OFFSETS].values, count)
                                : outcome;
}

/* What hangs on pictures, in the order of the pictures. */
static enum status read_of_pictures(struct store_batch_reader *self, size_t count)
{
    const uint32_t *pictures = self->arrays[BATCH_PICTURES].values;
    uint64_t *rows = self->first_rows.values;
    enum status outcome = STATUS_OK;
    for (size_t r = 0; r < count; r++)
        rows[r] = pictures[r];
    in_file_order(self, rows, count);
    if (self->columns[BATCH_IMAGE_UNITS] != NULL)
        outcome = read_rows(self, BATCH_IMAGE_UNITS, rows, NULL, count);
    if (outcome == STATUS_OK && self->columns[BATCH_IMAGE_UNITS] != NULL)
        outcome = check_ids(self, BATCH_IMAGE_UNITS, count * self->shape.tokens,
                            self->shape.image_codebook);
    if (outcome == STATUS_OK && self->columns[BATCH_EMBEDDINGS] != NULL)
        outcome = read_rows(self, BATCH_EMBEDDINGS, rows, NULL, count);
    return outcome;
}

static enum status read_parts(struct store_batch_reader *self, const uint64_t *records,
                              size_t count)
{
    const unsigned parts = self->options.parts;
    enum status outcome = reserve(self, &self->places, count, sizeof(struct batch_place));
    if (outcome == STATUS_OK)
        outcome = reserve(self, &self->first_rows, count, sizeof(uint64_t));
    for (size_t r = 0; r < count && outcome == STATUS_OK; r++)
        if (records[r] >= self->shape.captions)
            outcome = status_fail(STATUS_INVALID, "%s: record %llu of %llu was asked for",
                                  self->path, (unsigned long long)records[r],
                                  (unsigned long long)self->shape.captions);
    if (outcome == STATUS_OK)
        outcome = read_pictures(self, records, count);
    if (outcome == STATUS_OK && (parts & STORE_BATCH_SPEECH) != 0)
        outcome = read_speech(self, records, count);
    if (outcome == STATUS_OK && (parts & STORE_BATCH_FEATURES) != 0)
        outcome = read_features(self, records, count);
    if (outcome == STATUS_OK && (parts & (STORE_BATCH_PICTURES | STORE_BATCH_EMBEDDINGS)) != 0)
        outcome = read_of_pictures(self, count);
    return outcome;
}

enum status store_batch_read(struct store_batch *batch, struct store_batch_reader *reader,
                             const uint64_t *records, size_t count)
{
    const void *arrays[BATCH_COLUMN_COUNT] = { NULL };
    *batch = (struct store_batch){ 0 };
    reader->batch_bytes = 0;
    const enum status outcome = read_parts(reader, records, count);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t c = 0; c < BATCH_COLUMN_COUNT; c++)
        if (reader->columns[c] != NULL)
            arrays[c] = reader->arrays[c].values;
    *batch = (struct store_batch){ .count = count,
                                   .pictures = arrays[BATCH_PICTURES],
                                   .unit_offsets = arrays[BATCH_OFFSETS],
                                   .units = arrays[BATCH_UNITS],
                                   .durations = arrays[BATCH_DURATIONS],
                                   .image_units = arrays[BATCH_IMAGE_UNITS],
                                   .embeddings = arrays[BATCH_EMBEDDINGS],
                                   .feature_offsets = arrays[BATCH_FEATURE_OFFSETS],
                                   .features = arrays[BATCH_FEATURES] };
    return STATUS_OK;
}

size_t store_batch_memory_bytes(const struct store_batch_reader *reader)
{
    size_t bytes = chunk_cache_bytes(reader->cache);
    for (size_t c = 0; c < BATCH_COLUMN_COUNT; c++)
        bytes += reader->arrays[c].capacity_bytes;
    return bytes + reader->first_rows.capacity_bytes + reader->places.capacity_bytes;
}
