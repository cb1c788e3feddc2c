#include "storage/footprint.h"

#include "core/file.h"
#include "storage/hdf5_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OBJECTS_MAX = 1000000, CHECKSUM_BYTES = 4 };

struct visit {
    struct footprint *footprint;
    size_t capacity;
    enum status outcome;
};

static bool add_checked(uint64_t *sum, uint64_t value)
{
    return !__builtin_add_overflow(*sum, value, sum);
}

/* Rows, width and unpacked size; STATUS_CORRUPT where they do not fit into 64 bits. */
static enum status measure_extent(struct footprint_object *object, hid_t dataset)
{
    hsize_t dims[H5S_MAX_RANK] = { 1 };
    const hid_t space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    const int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    const size_t value_bytes = H5Tget_size(type);
    const bool is_text = H5Tget_class(type) == H5T_STRING;
    object->value_bits =
        (unsigned)(is_text || H5Tget_precision(type) == 0 ? 8 * value_bytes
                                                          : H5Tget_precision(type));
    H5Tclose(type);
    H5Sclose(space);
    object->rows = rank < 1 ? 1 : dims[0];
    object->width = 1;
    bool fits = rank >= 0;
    for (int d = 1; d < rank; d++)
        fits = fits && !__builtin_mul_overflow(object->width, dims[d], &object->width);
    fits = fits && !__builtin_mul_overflow(object->rows, object->width, &object->logical_bytes) &&
           !__builtin_mul_overflow(object->logical_bytes, value_bytes, &object->logical_bytes);
    return fits ? STATUS_OK : status_fail(STATUS_CORRUPT, "%s: absurdly large", object->name);
}

static enum status measure_chunks(struct footprint_object *object, hid_t dataset)
{
    hsize_t chunk_count = 0;
    const hid_t layout = H5Dget_create_plist(dataset), space = H5Dget_space(dataset);
    const bool is_chunked = H5Pget_layout(layout) == H5D_CHUNKED;
    const herr_t counted = is_chunked ? H5Dget_num_chunks(dataset, space, &chunk_count) : 0;
    const int filter_count = H5Pget_nfilters(layout);
    bool has_checksums = false;
    for (int f = 0; f < filter_count; f++) {
        unsigned flags, configuration;
        size_t value_count = 0;
        has_checksums |= H5Pget_filter2(layout, (unsigned)f, &flags, &value_count, NULL, 0, NULL,
                                        &configuration) == H5Z_FILTER_FLETCHER32;
    }
    H5Sclose(space);
    H5Pclose(layout);
    if (counted < 0)
        return status_fail(STATUS_CORRUPT, "%s: damaged index of chunks", object->name);
    object->chunk_count = chunk_count;
    object->data_bytes = H5Dget_storage_size(dataset);
    object->checksum_bytes = has_checksums ? chunk_count * CHECKSUM_BYTES : 0;
    if (object->checksum_bytes > object->data_bytes)
        return status_fail(STATUS_CORRUPT, "%s: chunks shorter than their checksums", object->name);
    return STATUS_OK;
}

static enum status measure_dataset(struct footprint_object *object, hid_t place)
{
    const hid_t dataset = H5Dopen2(place, object->name, H5P_DEFAULT);
    if (dataset < 0) {
        hdf5_fail(object->name, "cannot open the dataset");
        return status_fail(STATUS_CORRUPT, "%s: cannot be opened: damaged", object->name);
    }
    enum status outcome = measure_extent(object, dataset);
    if (outcome == STATUS_OK)
        outcome = measure_chunks(object, dataset);
    H5Dclose(dataset);
    return outcome;
}

/* H5Ovisit names the root "." and others without the slash in front. */
static char *copy_name(const char *name)
{
    const bool is_root = strcmp(name, ".") == 0;
    const size_t bytes = strlen(name) + 2;
    char *copy = malloc(bytes);
    if (copy != NULL)
        snprintf(copy, bytes, "/%s", is_root ? "" : name);
    return copy;
}

static enum status add_object(struct visit *visit, hid_t root, const char *name,
                              const H5O_info_t *info)
{
    struct footprint *footprint = visit->footprint;
    if (footprint->object_count == OBJECTS_MAX)
        return status_fail(STATUS_INVALID, "more than %d objects", OBJECTS_MAX);
    if (footprint->object_count == visit->capacity) {
        const size_t capacity = 2 * visit->capacity + 32;
        struct footprint_object *grown = realloc(footprint->objects, capacity * sizeof *grown);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "footprint: %zu objects", capacity);
        footprint->objects = grown;
        visit->capacity = capacity;
    }
    struct footprint_object *object = &footprint->objects[footprint->object_count];
    *object = (struct footprint_object){ .name = copy_name(name),
                                         .is_dataset = info->type == H5O_TYPE_DATASET };
    if (object->name == NULL)
        return status_fail(STATUS_NO_MEMORY, "footprint: no memory");
    footprint->object_count++;
    object->header_bytes = info->hdr.space.total + info->meta_size.attr.index_size +
                           info->meta_size.attr.heap_size + info->meta_size.obj.heap_size;
    if (!object->is_dataset) {
        object->header_bytes += info->meta_size.obj.index_size;
        return STATUS_OK;
    }
    object->index_bytes = info->meta_size.obj.index_size;
    return measure_dataset(object, root);
}

static herr_t visit_object(hid_t root, const char *name, const H5O_info_t *info, void *payload)
{
    struct visit *visit = payload;
    visit->outcome = add_object(visit, root, name, info);
    return visit->outcome == STATUS_OK ? 0 : 1;
}

static int compare_names(const void *left, const void *right)
{
    const struct footprint_object *a = left, *b = right;
    return strcmp(a->name, b->name);
}

/* Sums over the objects; the rest of the file is overhead. */
static enum status sum_up(struct footprint *footprint)
{
    uint64_t headers = 0;
    bool fits = true;
    for (size_t o = 0; o < footprint->object_count; o++) {
        const struct footprint_object *object = &footprint->objects[o];
        fits = fits && add_checked(&footprint->data_bytes, object->data_bytes) &&
               add_checked(&footprint->index_bytes, object->index_bytes) &&
               add_checked(&headers, object->header_bytes);
        footprint->checksum_bytes += object->checksum_bytes;
    }
    uint64_t claimed = footprint->data_bytes;
    fits = fits && add_checked(&claimed, footprint->index_bytes) && add_checked(&claimed, headers);
    if (!fits || claimed > footprint->file_bytes)
        return status_fail(STATUS_CORRUPT, "its objects claim more bytes than the file has");
    footprint->overhead_bytes =
        footprint->file_bytes - footprint->data_bytes - footprint->index_bytes;
    return STATUS_OK;
}

static enum status read_objects(struct footprint *out, hid_t file)
{
    struct visit visit = { .footprint = out };
    const herr_t visited = H5Ovisit2(file, H5_INDEX_NAME, H5_ITER_NATIVE, visit_object, &visit,
                                     H5O_INFO_BASIC | H5O_INFO_HDR | H5O_INFO_META_SIZE);
    if (visit.outcome != STATUS_OK)
        return visit.outcome;
    if (visited < 0) {
        hdf5_fail("objects", "cannot be listed");
        return status_fail(STATUS_CORRUPT, "its objects cannot be listed: damaged");
    }
    qsort(out->objects, out->object_count, sizeof *out->objects, compare_names);
    return sum_up(out);
}

enum status footprint_read(struct footprint *out, const char *path)
{
    hid_t file;
    *out = (struct footprint){ 0 };
    enum status outcome = hdf5_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    out->file_bytes = file_bytes(path);
    outcome = read_objects(out, file);
    H5Fclose(file);
    if (outcome == STATUS_OK)
        return outcome;
    footprint_end(out);
    return status_fail(outcome, "%s: %s", path, status_text());
}

void footprint_end(struct footprint *footprint)
{
    for (size_t o = 0; o < footprint->object_count; o++)
        free(footprint->objects[o].name);
    free(footprint->objects);
    *footprint = (struct footprint){ 0 };
}

const struct footprint_object *footprint_find(const struct footprint *footprint, const char *name)
{
    for (size_t o = 0; o < footprint->object_count; o++)
        if (strcmp(footprint->objects[o].name, name) == 0)
            return &footprint->objects[o];
    return NULL;
}
