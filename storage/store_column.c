#include "storage/store_column.h"

#include "storage/hdf5_file.h"
#include "storage/inflate.h"
#include "storage/shard_memory.h"

#include <stdlib.h>
#include <string.h>

/* A chunk is at most what the plan allows, 2^28 bytes, but for a row that is longer. */
enum { CHUNK_BYTES_MAX = 1 << 30, CHECKSUM_BYTES = 4, FILTERS_MAX = 8 };

/* The filters in the order in which they are applied, and that of an absent one. */
enum { NBIT, SHUFFLE, DEFLATE, CHECKSUM, FILTER_KINDS, ABSENT = FILTERS_MAX };

struct store_column {
    hid_t dataset;
    const char *path, *name;   /* borrowed */
    struct chunk_cache *cache; /* borrowed */
    size_t number;
    uint64_t rows;
    size_t width, value_bytes;
    uint64_t chunk_rows;
    unsigned bits;
    unsigned filter_places[FILTER_KINDS]; /* in the pipeline; ABSENT */
    uint8_t *packed;                      /* a chunk as the file has it; grows */
    size_t packed_capacity;
};

static enum status fail(const struct store_column *self, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: %s %s", self->path, self->name, fact);
}

static bool is_suitable(hid_t stored, enum column_type type)
{
    const bool is_float = type == COLUMN_F16 || type == COLUMN_F32;
    return H5Tget_class(stored) == (is_float ? H5T_FLOAT : H5T_INTEGER) &&
           H5Tget_size(stored) == column_type_bytes(type) && H5Tget_order(stored) == H5T_ORDER_LE &&
           (is_float || (H5Tget_sign(stored) == H5T_SGN_NONE && H5Tget_offset(stored) == 0));
}

static enum status read_type(struct store_column *self, enum column_type type)
{
    const hid_t stored = H5Dget_type(self->dataset);
    const bool suits = is_suitable(stored, type);
    self->value_bytes = column_type_bytes(type);
    self->bits = suits ? (unsigned)H5Tget_precision(stored) : 0;
    H5Tclose(stored);
    return suits ? STATUS_OK : fail(self, "is of another type");
}

/* Known filters, each at most once and in the order in which stores have them. */
static enum status read_filters(struct store_column *self, hid_t layout)
{
    static const H5Z_filter_t known[FILTER_KINDS] = { [NBIT] = H5Z_FILTER_NBIT,
                                                      [SHUFFLE] = H5Z_FILTER_SHUFFLE,
                                                      [DEFLATE] = H5Z_FILTER_DEFLATE,
                                                      [CHECKSUM] = H5Z_FILTER_FLETCHER32 };
    const int count = H5Pget_nfilters(layout);
    unsigned kind = 0;
    for (unsigned k = 0; k < FILTER_KINDS; k++)
        self->filter_places[k] = ABSENT;
    for (int f = 0; f < count; f++) {
        size_t value_count = 0;
        unsigned flags = 0;
        const H5Z_filter_t filter =
            H5Pget_filter2(layout, (unsigned)f, &flags, &value_count, NULL, 0, NULL, NULL);
        while (kind < FILTER_KINDS && known[kind] != filter)
            kind++;
        if (kind == FILTER_KINDS)
            return fail(self, "is under a filter that stores do not have");
        self->filter_places[kind++] = (unsigned)f;
    }
    return self->filter_places[NBIT] == ABSENT || self->filter_places[SHUFFLE] == ABSENT
               ? STATUS_OK
               : fail(self, "is shuffled after N-bit, as stores are not");
}

static enum status read_chunks(struct store_column *self, int dimension_count)
{
    const hid_t layout = H5Dget_create_plist(self->dataset);
    hsize_t chunk[2] = { 0, 1 };
    enum status outcome = STATUS_OK;
    if (self->rows == 0) /* contiguous: nobody asks for its rows */
        chunk[0] = 1;
    else if (H5Pget_layout(layout) != H5D_CHUNKED ||
             H5Pget_chunk(layout, dimension_count, chunk) != dimension_count)
        outcome = fail(self, "is not in chunks");
    else if (dimension_count == 2 && chunk[1] != self->width)
        outcome = fail(self, "has chunks of parts of rows");
    else if (chunk[0] == 0 || chunk[0] > CHUNK_BYTES_MAX / store_column_row_bytes(self))
        outcome = fail(self, "has chunks that are too large");
    else
        outcome = read_filters(self, layout);
    self->chunk_rows = chunk[0];
    H5Pclose(layout);
    return outcome;
}

static enum status open_column(struct store_column *self, hid_t file, enum column_type type)
{
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    enum status outcome =
        hdf5_open_dataset(&self->dataset, file, self->name, &dimension_count, dims);
    if (outcome != STATUS_OK)
        return status_fail(outcome, "%s: %s", self->path, status_text());
    if (dimension_count < 1 || dimension_count > 2)
        return fail(self, "is not rows");
    self->rows = dims[0];
    self->width = dimension_count == 2 ? (size_t)dims[1] : 1;
    outcome = read_type(self, type);
    if (outcome == STATUS_OK &&
        (self->width == 0 || self->width > CHUNK_BYTES_MAX / self->value_bytes))
        outcome = fail(self, "has rows of an impossible width");
    return outcome == STATUS_OK ? read_chunks(self, dimension_count) : outcome;
}

enum status store_column_open(struct store_column **out, hid_t file, const char *path,
                              const char *name, enum column_type type, struct chunk_cache *cache,
                              size_t number)
{
    *out = NULL;
    struct store_column *self = calloc(1, sizeof *self);
    if (self == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    *self = (struct store_column){
        .dataset = H5I_INVALID_HID, .path = path, .name = name, .cache = cache, .number = number
    };
    const enum status outcome = open_column(self, file, type);
    if (outcome != STATUS_OK) {
        store_column_close(self);
        return outcome;
    }
    *out = self;
    return STATUS_OK;
}

uint64_t store_column_rows(const struct store_column *column)
{
    return column->rows;
}

size_t store_column_width(const struct store_column *column)
{
    return column->width;
}

size_t store_column_row_bytes(const struct store_column *column)
{
    return column->width * column->value_bytes;
}

/* The chunk's bytes as they lie in the file, checksum and all. `*skipped` has a bit for each filter
 * that HDF5 left out, because it gained nothing. */
static enum status read_packed(size_t *byte_count, uint32_t *skipped, struct store_column *self,
                               uint64_t index)
{
    const hsize_t offset[2] = { index * self->chunk_rows, 0 };
    hsize_t stored = 0;
    const size_t plain = (size_t)self->chunk_rows * store_column_row_bytes(self);
    if (H5Dget_chunk_storage_size(self->dataset, offset, &stored) < 0 || stored == 0)
        return fail(self, "misses a chunk");
    if (stored > plain + plain / 8 + 4096)
        return fail(self, "has a chunk that is larger than its values");
    if (stored > self->packed_capacity) {
        uint8_t *grown = realloc(self->packed, (size_t)stored);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s: a chunk of %llu bytes", self->name,
                               (unsigned long long)stored);
        self->packed = grown;
        self->packed_capacity = (size_t)stored;
    }
    if (H5Dread_chunk(self->dataset, H5P_DEFAULT, offset, skipped, self->packed) < 0)
        return hdf5_fail(self->path, "cannot read a chunk");
    *byte_count = (size_t)stored;
    return STATUS_OK;
}

static bool is_applied(const struct store_column *self, unsigned kind, uint32_t skipped)
{
    return self->filter_places[kind] != ABSENT && (skipped >> self->filter_places[kind] & 1) == 0;
}

/* Checks and strips the checksum. */
static enum status check_packed(size_t *byte_count, const struct store_column *self)
{
    uint32_t stored;
    if (*byte_count < CHECKSUM_BYTES)
        return fail(self, "has a chunk that is cut short");
    *byte_count -= CHECKSUM_BYTES;
    memcpy(&stored, self->packed + *byte_count, sizeof stored);
    return chunk_checksum(self->packed, *byte_count) == stored
               ? STATUS_OK
               : fail(self, "has a chunk whose checksum is wrong");
}

/* The chunk in the form in which it is kept: inflated, still shuffled or in bits. */
static enum status unpack(struct cached_chunk **out, struct store_column *self, uint64_t index,
                          size_t byte_count, uint32_t skipped)
{
    const bool is_narrow = self->bits < 8 * self->value_bytes; /* else N-bit does nothing */
    const enum chunk_form form = is_narrow && is_applied(self, NBIT, skipped) ? CHUNK_BITS
                                 : is_applied(self, SHUFFLE, skipped) && self->value_bytes > 1
                                     ? CHUNK_PLANES
                                     : CHUNK_PLAIN;
    const size_t count = (size_t)self->chunk_rows * self->width;
    const size_t needed = chunk_form_bytes(form, count, self->value_bytes, self->bits);
    size_t given = byte_count;
    /* N-bit may leave a byte more than it needs. */
    enum status outcome = chunk_cache_add(out, self->cache, self->number, index, needed + 1);
    if (outcome != STATUS_OK)
        return outcome;
    (*out)->form = form;
    if (is_applied(self, DEFLATE, skipped))
        outcome = inflate_bytes(&given, (*out)->bytes, needed + 1, self->packed, byte_count);
    else if (byte_count <= needed + 1)
        memcpy((*out)->bytes, self->packed, byte_count);
    if (outcome == STATUS_CORRUPT)
        outcome = fail(self, "has a chunk that cannot be inflated");
    if (outcome == STATUS_OK && given != needed && (form != CHUNK_BITS || given != needed + 1))
        outcome = fail(self, "has a chunk of another size than its values");
    if (outcome != STATUS_OK)
        chunk_cache_drop(self->cache, *out);
    return outcome;
}

static enum status load(const struct cached_chunk **out, struct store_column *self, uint64_t index)
{
    struct cached_chunk *loaded = NULL;
    size_t byte_count = 0;
    uint32_t skipped = 0;
    enum status outcome = read_packed(&byte_count, &skipped, self, index);
    if (outcome == STATUS_OK && is_applied(self, CHECKSUM, skipped))
        outcome = check_packed(&byte_count, self);
    if (outcome == STATUS_OK)
        outcome = unpack(&loaded, self, index, byte_count, skipped);
    *out = loaded;
    return outcome;
}

static enum status take_from_chunk(uint8_t *rows, struct store_column *self, uint64_t first,
                                   uint64_t count)
{
    const uint64_t index = first / self->chunk_rows;
    enum status outcome = STATUS_OK;
    const struct cached_chunk *chunk = chunk_cache_find(self->cache, self->number, index);
    if (chunk == NULL)
        outcome = load(&chunk, self, index);
    if (outcome != STATUS_OK)
        return status_fail(outcome, "%s (rows %llu to %llu)", status_text(),
                           (unsigned long long)(index * self->chunk_rows),
                           (unsigned long long)((index + 1) * self->chunk_rows - 1));
    const struct chunk_values values = { .form = chunk->form,
                                         .bytes = chunk->bytes,
                                         .count = (size_t)self->chunk_rows * self->width,
                                         .value_bytes = self->value_bytes,
                                         .bits = self->bits };
    chunk_take(rows, &values, (size_t)(first % self->chunk_rows) * self->width,
               (size_t)count * self->width);
    return STATUS_OK;
}

enum status store_column_take(void *rows, struct store_column *column, uint64_t first,
                              uint64_t count)
{
    uint8_t *next = rows;
    enum status outcome = STATUS_OK;
    if (first > column->rows || count > column->rows - first)
        return status_fail(STATUS_CORRUPT, "%s: %s has %llu rows, row %llu was asked for",
                           column->path, column->name, (unsigned long long)column->rows,
                           (unsigned long long)(first + count));
    while (count > 0 && outcome == STATUS_OK) {
        const uint64_t left = column->chunk_rows - first % column->chunk_rows;
        const uint64_t taken = count < left ? count : left;
        outcome = take_from_chunk(next, column, first, taken);
        next += (size_t)taken * store_column_row_bytes(column);
        first += taken;
        count -= taken;
    }
    return outcome;
}

void store_column_close(struct store_column *column)
{
    if (column == NULL)
        return;
    if (column->dataset >= 0)
        H5Dclose(column->dataset);
    free(column->packed);
    free(column);
}
