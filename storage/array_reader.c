#include "storage/array_reader.h"

#include "storage/hdf5_file.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 1 << 20 };

struct array_reader {
    hid_t file;
    char *path, *dataset;            /* owned */
    char (*names)[ARRAY_NAME_BYTES]; /* [count], owned */
    size_t count;
};

/* True where link number `link` is a group with the dataset in it; its name is then in `name`. */
static bool is_wanted(char name[ARRAY_NAME_BYTES], const struct array_reader *reader, hsize_t link)
{
    H5O_info_t info;
    const ssize_t length = H5Lget_name_by_idx(reader->file, ".", H5_INDEX_NAME, H5_ITER_INC, link,
                                              name, ARRAY_NAME_BYTES, H5P_DEFAULT);
    if (length < 1 || length >= ARRAY_NAME_BYTES ||
        H5Oget_info_by_name(reader->file, name, &info, H5P_DEFAULT) < 0 ||
        info.type != H5O_TYPE_GROUP)
        return false;
    const hid_t group = H5Gopen2(reader->file, name, H5P_DEFAULT);
    const bool has_dataset = group >= 0 && H5Lexists(group, reader->dataset, H5P_DEFAULT) > 0;
    if (group >= 0)
        H5Gclose(group);
    return has_dataset;
}

static enum status list_groups(struct array_reader *reader)
{
    H5G_info_t info;
    if (H5Gget_info(reader->file, &info) < 0 || info.nlinks > GROUPS_MAX)
        return status_fail(STATUS_CORRUPT, "%s: its groups cannot be listed", reader->path);
    reader->names = calloc((size_t)info.nlinks + 1, sizeof *reader->names);
    if (reader->names == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %llu groups", reader->path,
                           (unsigned long long)info.nlinks);
    for (hsize_t link = 0; link < info.nlinks; link++)
        reader->count += is_wanted(reader->names[reader->count], reader, link);
    return STATUS_OK;
}

enum status array_reader_open(struct array_reader **out, const char *path, const char *dataset)
{
    hid_t file;
    *out = NULL;
    enum status outcome = hdf5_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    struct array_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        H5Fclose(file);
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    }
    reader->file = file;
    reader->path = strdup(path);
    reader->dataset = strdup(dataset);
    outcome = reader->path == NULL || reader->dataset == NULL
                  ? status_fail(STATUS_NO_MEMORY, "%s: no memory", path)
                  : list_groups(reader);
    if (outcome != STATUS_OK) {
        array_reader_close(reader);
        return outcome;
    }
    *out = reader;
    return STATUS_OK;
}

void array_reader_close(struct array_reader *reader)
{
    if (reader == NULL)
        return;
    H5Fclose(reader->file);
    free(reader->path);
    free(reader->dataset);
    free(reader->names);
    free(reader);
}

size_t array_reader_count(const struct array_reader *reader)
{
    return reader->count;
}

const char *array_reader_name(const struct array_reader *reader, size_t group)
{
    return reader->names[group];
}

/* Wider than any id, so that what is no id is seen as such. */
static enum status read_wide(int64_t *wide, hid_t dataset, size_t count)
{
    const hid_t type = H5Dget_type(dataset);
    const bool is_whole = H5Tget_class(type) == H5T_INTEGER;
    H5Tclose(type);
    if (!is_whole)
        return status_fail(STATUS_CORRUPT, "not whole numbers");
    if (H5Dread(dataset, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, wide) < 0)
        return status_fail(STATUS_CORRUPT, "cannot be read");
    for (size_t i = 0; i < count; i++)
        if (wide[i] < 0 || wide[i] > UINT16_MAX)
            return status_fail(STATUS_CORRUPT, "%lld is no id", (long long)wide[i]);
    return STATUS_OK;
}

static enum status read_matrix(uint16_t **ids, size_t *rows, size_t *columns, hid_t dataset,
                               int dimension_count, const hsize_t dims[4])
{
    if (dimension_count != 2 || dims[0] < 1 || dims[0] > ARRAY_SIDE_MAX || dims[1] < 1 ||
        dims[1] > ARRAY_SIDE_MAX)
        return status_fail(STATUS_CORRUPT, "not a matrix with sides of 1 .. %d", ARRAY_SIDE_MAX);
    const size_t count = (size_t)(dims[0] * dims[1]);
    int64_t *wide = malloc(count * sizeof *wide);
    *ids = malloc(count * sizeof **ids);
    enum status outcome = STATUS_OK;
    if (wide == NULL || *ids == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%zu ids", count);
    else
        outcome = read_wide(wide, dataset, count);
    for (size_t i = 0; i < count && outcome == STATUS_OK; i++)
        (*ids)[i] = (uint16_t)wide[i];
    free(wide);
    *rows = (size_t)dims[0];
    *columns = (size_t)dims[1];
    return outcome;
}

enum status array_reader_ids(uint16_t **ids, size_t *rows, size_t *columns,
                             const struct array_reader *reader, size_t group)
{
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    hid_t dataset = H5I_INVALID_HID;
    *ids = NULL;
    const char *name = reader->names[group];
    const hid_t place = H5Gopen2(reader->file, name, H5P_DEFAULT);
    if (place < 0)
        return status_fail(STATUS_CORRUPT, "%s: %s cannot be opened", reader->path, name);
    enum status outcome =
        hdf5_open_dataset(&dataset, place, reader->dataset, &dimension_count, dims);
    if (outcome == STATUS_OK) {
        outcome = read_matrix(ids, rows, columns, dataset, dimension_count, dims);
        H5Dclose(dataset);
    }
    H5Gclose(place);
    if (outcome == STATUS_OK)
        return STATUS_OK;
    free(*ids);
    *ids = NULL;
    return status_fail(outcome, "%s: %s/%s: %s", reader->path, name, reader->dataset,
                       status_text());
}
