#include "storage/plain_reader.h"

#include "storage/hdf5_file.h"

#include <stdlib.h>

enum { IMAGES, OFFSETS, UNITS, DURATIONS, PICTURES, DATASET_COUNT };

static const char *const names[DATASET_COUNT] = { "/captions/image", "/speech/offsets",
                                                  "/speech/units", "/speech/durations",
                                                  "/images/units" };

struct plain_reader {
    hid_t file, datasets[DATASET_COUNT], spaces[DATASET_COUNT];
    hsize_t tokens;
};

void plain_reader_close(struct plain_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t d = 0; d < DATASET_COUNT; d++) {
        if (reader->spaces[d] >= 0)
            H5Sclose(reader->spaces[d]);
        if (reader->datasets[d] >= 0)
            H5Dclose(reader->datasets[d]);
    }
    if (reader->file >= 0)
        H5Fclose(reader->file);
    free(reader);
}

enum status plain_reader_open(struct plain_reader **out, const char *path)
{
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    struct plain_reader *reader = calloc(1, sizeof *reader);
    *out = NULL;
    if (reader == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    for (size_t d = 0; d < DATASET_COUNT; d++)
        reader->datasets[d] = reader->spaces[d] = H5I_INVALID_HID;
    enum status outcome = hdf5_open(&reader->file, path);
    for (size_t d = 0; d < DATASET_COUNT && outcome == STATUS_OK; d++) {
        outcome =
            hdf5_open_dataset(&reader->datasets[d], reader->file, names[d], &dimension_count, dims);
        if (outcome == STATUS_OK)
            reader->spaces[d] = H5Dget_space(reader->datasets[d]);
    }
    reader->tokens = dims[1]; /* of the last, the pictures */
    if (outcome != STATUS_OK) {
        plain_reader_close(reader);
        return outcome;
    }
    *out = reader;
    return STATUS_OK;
}

static enum status read_rows(void *rows, hid_t type, const struct plain_reader *reader,
                             size_t dataset, hsize_t first, hsize_t count)
{
    const hsize_t start[2] = { first, 0 }, extent[2] = { count, reader->tokens };
    const int dimension_count = dataset == PICTURES ? 2 : 1;
    if (count == 0)
        return STATUS_OK;
    const hid_t memory = H5Screate_simple(dimension_count, extent, NULL);
    H5Sselect_hyperslab(reader->spaces[dataset], H5S_SELECT_SET, start, NULL, extent, NULL);
    const herr_t got = H5Dread(reader->datasets[dataset], type, memory, reader->spaces[dataset],
                               H5P_DEFAULT, rows);
    H5Sclose(memory);
    return got >= 0 ? STATUS_OK : hdf5_fail(names[dataset], "cannot read");
}

enum status plain_reader_record(size_t *unit_count, uint16_t *units, uint16_t *durations,
                                uint16_t *image_units, struct plain_reader *reader, uint64_t record,
                                size_t unit_capacity)
{
    uint64_t ends[2] = { 0, 0 };
    uint32_t picture = 0;
    enum status outcome = read_rows(ends, H5T_NATIVE_UINT64, reader, OFFSETS, record, 2);
    const uint64_t length = ends[1] - ends[0];
    *unit_count = length < unit_capacity ? (size_t)length : unit_capacity;
    if (outcome == STATUS_OK)
        outcome = read_rows(units, H5T_NATIVE_UINT16, reader, UNITS, ends[0], *unit_count);
    if (outcome == STATUS_OK)
        outcome = read_rows(durations, H5T_NATIVE_UINT16, reader, DURATIONS, ends[0], *unit_count);
    if (outcome == STATUS_OK)
        outcome = read_rows(&picture, H5T_NATIVE_UINT32, reader, IMAGES, record, 1);
    return outcome == STATUS_OK
               ? read_rows(image_units, H5T_NATIVE_UINT16, reader, PICTURES, picture, 1)
               : outcome;
}
