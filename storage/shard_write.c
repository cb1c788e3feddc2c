/* Shards into HDF5 files. Layout: docs/FORMATS.md, "Shards". */
#include "storage/hdf5_file.h"
#include "storage/shard_format.h"
#include "storage/shard_memory.h"

#include <stdlib.h>
#include <string.h>

enum { DEFLATE_LEVEL = 4 };

static hid_t file_type_of(const struct shard_column *column)
{
    if (column->type == COLUMN_F16 || column->type == COLUMN_F32)
        return shard_memory_type(column->type);
    return hdf5_unsigned_type(column_type_bytes(column->type), column->bits);
}

static enum status write_texts(hid_t place, const char *name, const struct shard_rows *texts,
                               size_t count)
{
    size_t width = 1, bytes = 0;
    for (size_t t = 0; t < count; t++) {
        shard_rows_at(texts, t, &bytes);
        if (bytes > width)
            width = bytes;
    }
    char *padded = calloc(count > 0 ? count : 1, width);
    if (padded == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    for (size_t t = 0; t < count; t++) {
        const uint8_t *text = shard_rows_at(texts, t, &bytes);
        memcpy(padded + t * width, text, bytes);
    }
    const hid_t type = hdf5_text_type(width);
    const hsize_t dims[1] = { count };
    const struct hdf5_packing packing = { .deflate_level = DEFLATE_LEVEL };
    const enum status outcome = hdf5_write(place, name, type, type, 1, dims, &packing, padded);
    H5Tclose(type);
    free(padded);
    return outcome;
}

static enum status write_numbers(hid_t place, const char *name, const uint64_t *numbers,
                                 size_t count)
{
    const hsize_t dims[1] = { count };
    const struct hdf5_packing packing = { .deflate_level = DEFLATE_LEVEL, .is_shuffled = true };
    return hdf5_write(place, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, dims, &packing, numbers);
}

static enum status write_offsets(hid_t file, const char *column, const struct shard_rows *rows,
                                 size_t count)
{
    char name[SHARD_NAME_BYTES];
    shard_offsets_name(name, column);
    uint64_t *offsets = malloc((count + 1) * sizeof *offsets);
    if (offsets == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", name);
    offsets[0] = 0;
    for (size_t r = 0; r < count; r++)
        offsets[r + 1] = shard_buffer_number(&rows->ends, r);
    const enum status outcome = write_numbers(file, name, offsets, count + 1);
    free(offsets);
    return outcome;
}

static enum status write_meaning(hid_t file, const struct shard_column *column)
{
    const hid_t dataset = H5Dopen2(file, column->name, H5P_DEFAULT);
    if (dataset < 0)
        return hdf5_fail(column->name, "cannot open the dataset");
    const enum status outcome = hdf5_put_text(dataset, "meaning", column->meaning);
    H5Dclose(dataset);
    return outcome;
}

static enum status write_values(hid_t file, const struct shard_column *column,
                                const struct shard_rows *rows)
{
    const hid_t file_type = file_type_of(column);
    const hid_t memory_type = shard_memory_type(column->type);
    const hsize_t dims[2] = { rows->values.used / rows->row_bytes, column->width };
    const struct hdf5_packing packing = {
        .bits = column->bits,
        .deflate_level = column->is_deflated ? DEFLATE_LEVEL : 0,
        .is_shuffled = column->is_deflated && column_type_bytes(column->type) > 1,
    };
    const enum status outcome =
        hdf5_write(file, column->name, file_type, memory_type, column->width > 1 ? 2 : 1, dims,
                   &packing, rows->values.bytes);
    H5Tclose(memory_type);
    H5Tclose(file_type);
    return outcome;
}

static enum status write_column(hid_t file, const struct shard *shard, size_t index)
{
    const struct shard_column *column = &shard->columns[index];
    const struct shard_rows *rows = &shard->rows[index];
    enum status outcome = column->type == COLUMN_TEXT
                              ? write_texts(file, column->name, rows, shard->kept_count)
                              : write_values(file, column, rows);
    if (outcome == STATUS_OK && column->is_ragged)
        outcome = write_offsets(file, column->name, rows, shard->kept_count);
    return outcome == STATUS_OK ? write_meaning(file, column) : outcome;
}

static enum status write_rejects(hid_t file, const struct shard *shard)
{
    const hid_t group = H5Gcreate2(file, "rejects", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0)
        return hdf5_fail("rejects", "cannot create the group");
    enum status outcome =
        write_numbers(group, "record", (const uint64_t *)(const void *)shard->reject_records.bytes,
                      shard->reject_count);
    if (outcome == STATUS_OK)
        outcome = write_texts(group, "id", &shard->reject_ids, shard->reject_count);
    if (outcome == STATUS_OK)
        outcome = write_texts(group, "reason", &shard->reject_reasons, shard->reject_count);
    H5Gclose(group);
    return outcome;
}

static enum status write_identity(hid_t file, const struct shard *shard)
{
    char content[DIGEST_TEXT_BYTES];
    const struct {
        const char *name, *text;
    } texts[] = {
        { "format", shard_format_name },
        { "stage", shard->identity.stage },
        { "recipe_digest", shard->identity.recipe },
        { "content_digest", content },
        { "unitmill_version", UNITMILL_VERSION },
    };
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {
        { "format_version", SHARD_FORMAT_VERSION },
        { "shard", shard->identity.number },
        { "first_record", shard->identity.first_record },
        { "record_count", shard->identity.record_count },
        { "codebook", shard->identity.codebook },
        { "kept_count", shard->kept_count },
        { "reject_count", shard->reject_count },
    };
    enum status outcome = shard_content_digest(content, shard);
    for (size_t t = 0; t < sizeof texts / sizeof texts[0] && outcome == STATUS_OK; t++)
        outcome = hdf5_put_text(file, texts[t].name, texts[t].text);
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0] && outcome == STATUS_OK; n++)
        outcome = hdf5_put_number(file, numbers[n].name, numbers[n].number);
    return outcome;
}

static enum status fill_file(hid_t file, const struct shard *shard)
{
    enum status outcome = write_identity(file, shard);
    if (outcome == STATUS_OK)
        outcome = write_texts(file, "id", &shard->ids, shard->kept_count);
    if (outcome == STATUS_OK)
        outcome =
            write_numbers(file, "record", (const uint64_t *)(const void *)shard->records.bytes,
                          shard->kept_count);
    for (size_t c = 0; c < shard->column_count && outcome == STATUS_OK; c++)
        outcome = write_column(file, shard, c);
    if (outcome == STATUS_OK)
        outcome = write_rejects(file, shard);
    return outcome;
}

enum status shard_write(const struct shard *shard, const char *path)
{
    hid_t file = H5I_INVALID_HID;
    enum status outcome = hdf5_image_create(&file);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = fill_file(file, shard);
    if (outcome == STATUS_OK)
        return hdf5_image_publish(file, path);
    H5Fclose(file);
    return status_fail(outcome, "%s: %s", path, status_text());
}
