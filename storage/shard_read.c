/* Shards out of HDF5 files, every size checked. Layout: docs/FORMATS.md, "Shards". */
#include "storage/hdf5_file.h"
#include "storage/shard_format.h"
#include "storage/shard_memory.h"

#include <stdlib.h>
#include <string.h>

/* What a dataset may hold at the most, however its header lies. */
static const uint64_t dataset_bytes_max = UINT64_C(1) << 34;

/* Opens a dataset of rows. `*width` is what a row must have, or 0: then it becomes what it has. */
static enum status read_extent(hid_t *dataset, hid_t place, const char *name, size_t *width,
                               size_t value_bytes, hsize_t *rows)
{
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    enum status outcome = hdf5_open_dataset(dataset, place, name, &dimension_count, dims);
    if (outcome != STATUS_OK)
        return outcome;
    const hsize_t found = dimension_count == 2 ? dims[1] : 1;
    if (dimension_count < 1 || dimension_count > 2 || found == 0 ||
        (*width != 0 && found != *width))
        outcome = status_fail(STATUS_CORRUPT, "%s: rows of another width", name);
    else if (found > dataset_bytes_max || dims[0] > dataset_bytes_max / value_bytes / found)
        outcome = status_fail(STATUS_CORRUPT, "%s: absurdly large", name);
    if (outcome != STATUS_OK)
        H5Dclose(*dataset);
    *width = (size_t)found;
    *rows = dims[0];
    return outcome;
}

/* Fills a fresh buffer from a dataset of rows of `*width` values, as above. */
static enum status read_into(struct shard_buffer *buffer, hid_t place, const char *name,
                             size_t *width, size_t value_bytes, hid_t memory_type)
{
    hid_t dataset;
    hsize_t rows = 0;
    enum status outcome = read_extent(&dataset, place, name, width, value_bytes, &rows);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t bytes = (size_t)rows * *width * value_bytes;
    buffer->bytes = malloc(bytes > 0 ? bytes : 1);
    if (buffer->bytes == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu bytes", name, bytes);
    else if (bytes > 0 &&
             H5Dread(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer->bytes) < 0)
        outcome = status_fail(STATUS_CORRUPT, "%s: cannot be read: damaged", name);
    else
        buffer->used = buffer->capacity = bytes;
    H5Dclose(dataset);
    return outcome;
}

static enum status read_numbers(struct shard_buffer *buffer, hid_t place, const char *name,
                                size_t expected_count)
{
    size_t width = 1;
    enum status outcome =
        read_into(buffer, place, name, &width, sizeof(uint64_t), H5T_NATIVE_UINT64);
    if (outcome == STATUS_OK && buffer->used != expected_count * sizeof(uint64_t))
        outcome = status_fail(STATUS_CORRUPT, "%s: %zu entries, expected %zu", name,
                              buffer->used / sizeof(uint64_t), expected_count);
    return outcome;
}

static enum status split_texts(struct shard_rows *texts, const char *padded, size_t count,
                               size_t width)
{
    texts->row_bytes = 1;
    for (size_t t = 0; t < count; t++) {
        const char *text = padded + t * width;
        if (!shard_buffer_add(&texts->values, text, strnlen(text, width)) ||
            !shard_buffer_add(&texts->values, "", 1) || !shard_rows_end(texts))
            return status_fail(STATUS_NO_MEMORY, "texts: no memory");
    }
    return STATUS_OK;
}

static enum status read_texts(struct shard_rows *texts, hid_t place, const char *name,
                              size_t expected_count)
{
    hid_t dataset;
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    enum status outcome = hdf5_open_dataset(&dataset, place, name, &dimension_count, dims);
    if (outcome != STATUS_OK)
        return outcome;
    const hid_t stored = H5Dget_type(dataset);
    const bool is_text = H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0;
    const size_t width = is_text ? H5Tget_size(stored) : 0;
    H5Tclose(stored);
    char *padded = NULL;
    const hid_t type = hdf5_text_type(width);
    if (!is_text || dimension_count != 1 || dims[0] != expected_count)
        outcome = status_fail(STATUS_CORRUPT, "%s: not %zu texts", name, expected_count);
    else if (width > dataset_bytes_max / (expected_count + 1))
        outcome = status_fail(STATUS_CORRUPT, "%s: absurdly large", name);
    else if ((padded = calloc(expected_count + 1, width)) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    else if (expected_count > 0 &&
             H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, padded) < 0)
        outcome = status_fail(STATUS_CORRUPT, "%s: cannot be read: damaged", name);
    else
        outcome = split_texts(texts, padded, expected_count, width);
    free(padded);
    H5Tclose(type);
    H5Dclose(dataset);
    return outcome;
}

/* Offsets [count + 1] from 0, never falling, up to the rows there are; kept as the ends. */
static enum status read_offsets(struct shard_rows *rows, hid_t file, const char *column,
                                size_t count)
{
    char name[SHARD_NAME_BYTES];
    struct shard_buffer offsets = { 0 };
    shard_offsets_name(name, column);
    enum status outcome = read_numbers(&offsets, file, name, count + 1);
    const uint64_t total = rows->values.used / rows->row_bytes;
    uint64_t before = 0;
    for (size_t r = 0; r <= count && outcome == STATUS_OK; r++) {
        const uint64_t offset = shard_buffer_number(&offsets, r);
        if (offset < before || offset > total || (r == 0 && offset != 0) ||
            (r == count && offset != total))
            outcome = status_fail(STATUS_CORRUPT, "%s: entry %zu is out of order", name, r);
        else if (r > 0 && !shard_buffer_add(&rows->ends, &offset, sizeof offset))
            outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
        before = offset;
    }
    free(offsets.bytes);
    return outcome;
}

static enum status end_fixed_rows(struct shard_rows *rows, const char *name, size_t count)
{
    if (rows->values.used != count * rows->row_bytes)
        return status_fail(STATUS_CORRUPT, "%s: not %zu rows", name, count);
    for (uint64_t end = 1; end <= count; end++)
        if (!shard_buffer_add(&rows->ends, &end, sizeof end))
            return status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    return STATUS_OK;
}

static enum status read_column(struct shard *shard, hid_t file, size_t index)
{
    struct shard_column *column = &shard->columns[index];
    struct shard_rows *rows = &shard->rows[index];
    const size_t value_bytes = column_type_bytes(column->type);
    if (column->type == COLUMN_TEXT)
        return read_texts(rows, file, column->name, shard->kept_count);
    const hid_t type = shard_memory_type(column->type);
    enum status outcome =
        read_into(&rows->values, file, column->name, &column->width, value_bytes, type);
    H5Tclose(type);
    if (outcome != STATUS_OK)
        return outcome;
    rows->row_bytes = column->width * value_bytes;
    return column->is_ragged ? read_offsets(rows, file, column->name, shard->kept_count)
                             : end_fixed_rows(rows, column->name, shard->kept_count);
}

/* Records are in the range of the shard, and in its order: what reads a shard counts on it. */
static enum status read_records(struct shard_buffer *records, const struct shard *shard, hid_t file,
                                const char *name, size_t count)
{
    enum status outcome = read_numbers(records, file, name, count);
    uint64_t next = shard->identity.first_record;
    for (size_t r = 0; r < count && outcome == STATUS_OK; r++) {
        const uint64_t record = shard_buffer_number(records, r);
        if (record < next || record - shard->identity.first_record >= shard->identity.record_count)
            outcome = status_fail(STATUS_CORRUPT, "%s: record %llu is out of place", name,
                                  (unsigned long long)record);
        next = record + 1;
    }
    return outcome;
}

static enum status read_rejects(struct shard *shard, hid_t file)
{
    const size_t count = shard->reject_count;
    enum status outcome =
        read_records(&shard->reject_records, shard, file, "rejects/record", count);
    if (outcome == STATUS_OK)
        outcome = read_texts(&shard->reject_ids, file, "rejects/id", count);
    if (outcome == STATUS_OK)
        outcome = read_texts(&shard->reject_reasons, file, "rejects/reason", count);
    return outcome;
}

static enum status read_summary(struct shard_summary *out, hid_t file)
{
    char format[32];
    uint64_t version = 0;
    const struct {
        const char *name;
        size_t *number;
    } numbers[] = {
        { "shard", &out->number },
        { "first_record", &out->first_record },
        { "record_count", &out->record_count },
        { "codebook", &out->codebook },
        { "kept_count", &out->kept_count },
        { "reject_count", &out->reject_count },
    };
    enum status outcome = hdf5_get_text(format, sizeof format, file, "format");
    if (outcome == STATUS_OK && strcmp(format, shard_format_name) != 0)
        outcome = status_fail(STATUS_CORRUPT, "not a shard of unitmill");
    if (outcome == STATUS_OK)
        outcome = hdf5_get_number(&version, file, "format_version");
    if (outcome == STATUS_OK && version != SHARD_FORMAT_VERSION)
        outcome = status_fail(STATUS_CORRUPT, "format version %llu, this program reads %d",
                              (unsigned long long)version, SHARD_FORMAT_VERSION);
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0] && outcome == STATUS_OK; n++) {
        uint64_t number = 0;
        outcome = hdf5_get_number(&number, file, numbers[n].name);
        *numbers[n].number = (size_t)number;
    }
    if (outcome == STATUS_OK)
        outcome = hdf5_get_text(out->stage, sizeof out->stage, file, "stage");
    if (outcome == STATUS_OK)
        outcome = hdf5_get_text(out->recipe, sizeof out->recipe, file, "recipe_digest");
    if (outcome == STATUS_OK)
        outcome = hdf5_get_text(out->content, sizeof out->content, file, "content_digest");
    if (outcome == STATUS_OK && (out->kept_count > out->record_count ||
                                 out->reject_count > out->record_count - out->kept_count))
        outcome = status_fail(STATUS_CORRUPT, "more records than its range has");
    return outcome;
}

static enum status close_with_summary(struct shard_summary *out, hid_t file, const char *path)
{
    const enum status outcome = read_summary(out, file);
    H5Fclose(file);
    return outcome == STATUS_OK ? outcome : status_fail(outcome, "%s: %s", path, status_text());
}

enum status shard_read_summary(struct shard_summary *out, const char *path)
{
    hid_t file;
    *out = (struct shard_summary){ 0 };
    const enum status outcome = hdf5_open_sealed(&file, path);
    return outcome == STATUS_OK ? close_with_summary(out, file, path) : outcome;
}

enum status shard_peek_summary(struct shard_summary *out, const char *path)
{
    hid_t file;
    *out = (struct shard_summary){ 0 };
    const enum status outcome = hdf5_open(&file, path);
    return outcome == STATUS_OK ? close_with_summary(out, file, path) : outcome;
}

static enum status create_from_summary(struct shard **out, const struct shard_summary *summary,
                                       const struct shard_column *columns, size_t column_count)
{
    const struct shard_identity identity = { .stage = summary->stage,
                                             .number = summary->number,
                                             .first_record = summary->first_record,
                                             .record_count = summary->record_count,
                                             .codebook = summary->codebook,
                                             .recipe = summary->recipe };
    const enum status outcome = shard_create(out, &identity, columns, column_count);
    if (outcome != STATUS_OK)
        return outcome;
    struct shard *shard = *out;
    shard->identity.stage = shard->stage = strdup(summary->stage);
    shard->identity.recipe = shard->recipe = strdup(summary->recipe);
    shard->kept_count = summary->kept_count;
    shard->reject_count = summary->reject_count;
    return shard->stage != NULL && shard->recipe != NULL
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "shard: no memory");
}

static void leave_out_missing(struct shard *shard, hid_t file)
{
    for (size_t c = 0; c < shard->column_count; c++)
        if (shard->columns[c].is_optional &&
            H5Lexists(file, shard->columns[c].name, H5P_DEFAULT) <= 0)
            shard->column_count = c;
}

static enum status read_content(struct shard *shard, hid_t file, const char *recorded_digest)
{
    char content[DIGEST_TEXT_BYTES];
    leave_out_missing(shard, file);
    enum status outcome = read_texts(&shard->ids, file, "id", shard->kept_count);
    if (outcome == STATUS_OK)
        outcome = read_records(&shard->records, shard, file, "record", shard->kept_count);
    for (size_t c = 0; c < shard->column_count && outcome == STATUS_OK; c++)
        outcome = read_column(shard, file, c);
    if (outcome == STATUS_OK)
        outcome = read_rejects(shard, file);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(content, shard);
    if (outcome == STATUS_OK && strcmp(content, recorded_digest) != 0)
        outcome = status_fail(STATUS_CORRUPT, "its content is not that of its digest");
    return outcome;
}

static enum status read_file(struct shard **out, const char *path,
                             const struct shard_column *columns, size_t column_count, bool is_whole)
{
    hid_t file;
    struct shard_summary summary = { 0 };
    struct shard *shard = NULL;
    *out = NULL;
    enum status outcome = hdf5_open_sealed(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = read_summary(&summary, file);
    if (outcome == STATUS_OK)
        outcome = create_from_summary(&shard, &summary, columns, column_count);
    if (outcome == STATUS_OK && !is_whole)
        shard->kept_count = 0;
    if (outcome == STATUS_OK)
        outcome = is_whole ? read_content(shard, file, summary.content) : read_rejects(shard, file);
    H5Fclose(file);
    if (outcome != STATUS_OK) {
        shard_destroy(shard);
        return status_fail(outcome, "%s: %s", path, status_text());
    }
    *out = shard;
    return STATUS_OK;
}

enum status shard_read(struct shard **out, const char *path, const struct shard_column *columns,
                       size_t column_count)
{
    return read_file(out, path, columns, column_count, true);
}

enum status shard_read_rejects(struct shard **out, const char *path)
{
    return read_file(out, path, NULL, 0, false);
}
