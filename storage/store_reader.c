#include "storage/store_reader.h"

#include "storage/hdf5_file.h"
#include "storage/shard_format.h"

#include <stdlib.h>
#include <string.h>

const char store_format_name[] = "unitmill store";

struct store_reader {
    hid_t file;
    char *path;
};

static enum status fail_in(const struct store_reader *reader, enum status outcome)
{
    return status_fail(outcome, "%s: %s", reader->path, status_text());
}

static enum status check_format(const struct store_reader *reader, const char *wanted)
{
    char format[32];
    uint64_t version = 0;
    enum status outcome = hdf5_get_text(format, sizeof format, reader->file, "format");
    if (outcome == STATUS_OK && strcmp(format, wanted) != 0)
        outcome = status_fail(STATUS_CORRUPT, "not a %s", wanted);
    if (outcome == STATUS_OK)
        outcome = hdf5_get_number(&version, reader->file, "format_version");
    if (outcome == STATUS_OK && version != STORE_FORMAT_VERSION)
        outcome = status_fail(STATUS_CORRUPT, "format version %llu, this program reads %d",
                              (unsigned long long)version, STORE_FORMAT_VERSION);
    return outcome == STATUS_OK ? outcome : fail_in(reader, outcome);
}

enum status store_reader_open(struct store_reader **out, const char *path)
{
    return store_reader_open_format(out, path, store_format_name);
}

enum status store_reader_open_format(struct store_reader **out, const char *path,
                                     const char *format)
{
    hid_t file;
    *out = NULL;
    enum status outcome = hdf5_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    struct store_reader *reader = calloc(1, sizeof *reader);
    char *copy = strdup(path);
    if (reader == NULL || copy == NULL) {
        H5Fclose(file);
        free(reader);
        free(copy);
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    }
    *reader = (struct store_reader){ .file = file, .path = copy };
    outcome = check_format(reader, format);
    if (outcome != STATUS_OK) {
        store_reader_close(reader);
        return outcome;
    }
    *out = reader;
    return STATUS_OK;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    H5Fclose(reader->file);
    free(reader->path);
    free(reader);
}

bool store_is_made_by(const char *path, const char *recipe)
{
    char recorded[DIGEST_TEXT_BYTES] = "";
    struct store_reader *reader = NULL;
    if (store_reader_open(&reader, path) != STATUS_OK)
        return false;
    const enum status outcome =
        store_reader_note_text(recorded, sizeof recorded, reader, "/", "recipe_digest");
    store_reader_close(reader);
    return outcome == STATUS_OK && strcmp(recorded, recipe) == 0;
}

bool store_reader_has(const struct store_reader *reader, const char *dataset)
{
    char group[64];
    const char *slash = strrchr(dataset, '/');
    if (slash != dataset && (size_t)(slash - dataset) < sizeof group) {
        memcpy(group, dataset, (size_t)(slash - dataset));
        group[slash - dataset] = '\0';
        if (H5Lexists(reader->file, group, H5P_DEFAULT) <= 0)
            return false;
    }
    return H5Lexists(reader->file, dataset, H5P_DEFAULT) > 0;
}

static enum status open_dataset(hid_t *dataset, hsize_t dims[4], int *dimension_count,
                                const struct store_reader *reader, const char *name)
{
    *dataset = H5I_INVALID_HID;
    if (!store_reader_has(reader, name))
        return status_fail(STATUS_CORRUPT, "%s: %s is missing", reader->path, name);
    enum status outcome = hdf5_open_dataset(dataset, reader->file, name, dimension_count, dims);
    if (outcome == STATUS_OK && (*dimension_count < 1 || *dimension_count > 2)) {
        H5Dclose(*dataset);
        outcome = status_fail(STATUS_CORRUPT, "%s: not rows", name);
    }
    return outcome == STATUS_OK ? outcome : fail_in(reader, outcome);
}

enum status store_reader_extent(uint64_t *rows, size_t *width, const struct store_reader *reader,
                                const char *dataset)
{
    hid_t opened;
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    const enum status outcome = open_dataset(&opened, dims, &dimension_count, reader, dataset);
    if (outcome != STATUS_OK)
        return outcome;
    H5Dclose(opened);
    *rows = dims[0];
    *width = dimension_count == 2 ? (size_t)dims[1] : 1;
    return STATUS_OK;
}

/* Rows of `width` values, from the file's own type of class `kind` to `memory_type`. */
static enum status read_rows(void *values, hid_t memory_type, const struct store_reader *reader,
                             const char *name, uint64_t first, uint64_t count, size_t width,
                             H5T_class_t kind)
{
    hid_t dataset;
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    enum status outcome = open_dataset(&dataset, dims, &dimension_count, reader, name);
    if (outcome != STATUS_OK)
        return outcome;
    const hid_t stored = H5Dget_type(dataset);
    if (H5Tget_class(stored) != kind)
        outcome = status_fail(STATUS_CORRUPT, "%s: %s is of another type", reader->path, name);
    else if ((dimension_count == 2 ? dims[1] : 1) != width)
        outcome = status_fail(STATUS_CORRUPT, "%s: %s has rows of %llu values, expected %zu",
                              reader->path, name,
                              (unsigned long long)(dimension_count == 2 ? dims[1] : 1), width);
    else if (first > dims[0] || count > dims[0] - first)
        outcome = status_fail(STATUS_CORRUPT, "%s: %s has %llu rows, row %llu was asked for",
                              reader->path, name, (unsigned long long)dims[0],
                              (unsigned long long)(first + count));
    else if (count > 0) {
        const hsize_t start[2] = { first, 0 }, extent[2] = { count, dims[1] };
        const hid_t file_space = H5Dget_space(dataset);
        const hid_t memory_space = H5Screate_simple(dimension_count, extent, NULL);
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL);
        if (H5Dread(dataset, memory_type, memory_space, file_space, H5P_DEFAULT, values) < 0) {
            hdf5_fail(name, "");
            outcome = status_fail(STATUS_CORRUPT, "%s: %s is damaged between rows %llu and %llu",
                                  reader->path, name, (unsigned long long)first,
                                  (unsigned long long)(first + count - 1));
        }
        H5Sclose(memory_space);
        H5Sclose(file_space);
    }
    H5Tclose(stored);
    H5Dclose(dataset);
    return outcome;
}

enum status store_reader_numbers(uint64_t *values, const struct store_reader *reader,
                                 const char *dataset, uint64_t first, uint64_t count, size_t width)
{
    return read_rows(values, H5T_NATIVE_UINT64, reader, dataset, first, count, width, H5T_INTEGER);
}

enum status store_reader_halves(uint16_t *values, const struct store_reader *reader,
                                const char *dataset, uint64_t first, uint64_t count, size_t width)
{
    const hid_t type = shard_memory_type(COLUMN_F16);
    const enum status outcome =
        read_rows(values, type, reader, dataset, first, count, width, H5T_FLOAT);
    H5Tclose(type);
    return outcome;
}

enum status store_reader_floats(float *values, const struct store_reader *reader,
                                const char *dataset, uint64_t first, uint64_t count, size_t width)
{
    return read_rows(values, H5T_NATIVE_FLOAT, reader, dataset, first, count, width, H5T_FLOAT);
}

enum status store_reader_texts(char *texts, size_t text_bytes, const struct store_reader *reader,
                               const char *dataset, uint64_t first, uint64_t count)
{
    size_t longest = 0;
    enum status outcome = store_reader_text_bytes(&longest, reader, dataset);
    if (outcome == STATUS_OK && longest > text_bytes)
        outcome = status_fail(STATUS_CORRUPT, "%s: %s holds texts of %zu bytes", reader->path,
                              dataset, longest);
    if (outcome != STATUS_OK)
        return outcome;
    const hid_t type = hdf5_text_type(text_bytes);
    outcome = read_rows(texts, type, reader, dataset, first, count, 1, H5T_STRING);
    H5Tclose(type);
    return outcome;
}

enum status store_reader_text_bytes(size_t *text_bytes, const struct store_reader *reader,
                                    const char *dataset)
{
    hid_t opened;
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    enum status outcome = open_dataset(&opened, dims, &dimension_count, reader, dataset);
    if (outcome != STATUS_OK)
        return outcome;
    const hid_t type = H5Dget_type(opened);
    if (H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0)
        *text_bytes = H5Tget_size(type) + 1;
    else
        outcome = status_fail(STATUS_CORRUPT, "%s: %s holds no texts", reader->path, dataset);
    H5Tclose(type);
    H5Dclose(opened);
    return outcome;
}

enum status store_reader_note_text(char *text, size_t text_bytes, const struct store_reader *reader,
                                   const char *place, const char *name)
{
    const hid_t object = H5Oopen(reader->file, place, H5P_DEFAULT);
    if (object < 0)
        return status_fail(STATUS_CORRUPT, "%s: %s is missing", reader->path, place);
    const enum status outcome = hdf5_get_text(text, text_bytes, object, name);
    H5Oclose(object);
    return outcome == STATUS_OK ? outcome : fail_in(reader, outcome);
}

enum status store_reader_note_number(uint64_t *number, const struct store_reader *reader,
                                     const char *place, const char *name)
{
    const hid_t object = H5Oopen(reader->file, place, H5P_DEFAULT);
    if (object < 0)
        return status_fail(STATUS_CORRUPT, "%s: %s is missing", reader->path, place);
    const enum status outcome = hdf5_get_number(number, object, name);
    H5Oclose(object);
    return outcome == STATUS_OK ? outcome : fail_in(reader, outcome);
}
