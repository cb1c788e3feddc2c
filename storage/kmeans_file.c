#include "storage/kmeans_file.h"

#include "storage/file_map.h"
#include "storage/hdf5_file.h"
#include "storage/joblib_array.h"
#include "storage/npy_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HDF5_VALUES_MAX = 1 << 28 };

static enum status check_extent(size_t clusters, size_t width, const char *name)
{
    if (clusters < 1 || clusters > KMEANS_CLUSTERS_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu clusters, not 1 .. %d", name, clusters,
                           KMEANS_CLUSTERS_MAX);
    if (width < 1 || width > KMEANS_WIDTH_MAX)
        return status_fail(STATUS_INVALID, "%s: centroids of %zu columns, not 1 .. %d", name, width,
                           KMEANS_WIDTH_MAX);
    return STATUS_OK;
}

static enum status take_array(float **centroids, size_t *clusters, size_t *width,
                              const struct numpy_array *array, const char *name)
{
    if (array->dimension_count != 2)
        return status_fail(STATUS_INVALID, "%s: centroids of %zu dimensions, expected 2", name,
                           array->dimension_count);
    const enum status outcome = check_extent(array->shape[0], array->shape[1], name);
    if (outcome != STATUS_OK)
        return outcome;
    return numpy_array_to_matrix(centroids, clusters, width, array, name);
}

/* The array may stand alone, in a dict, or among the fields of scikit-learn's object. */
static const struct pickle_value *find_centers(const struct pickle_value *root)
{
    static const char key[] = "cluster_centers_";
    const struct pickle_value *found = pickle_find(root, key);
    if (found == NULL && root->kind == PICKLE_OBJECT)
        found = pickle_find(root->state, key);
    return found != NULL ? found : root;
}

static enum status read_pickle(float **centroids, size_t *clusters, size_t *width,
                               const uint8_t *bytes, size_t byte_count, const char *name)
{
    struct pickle *pickle = NULL;
    struct numpy_array array;
    const struct pickle_hook hook = joblib_array_hook(name);
    enum status outcome = pickle_read(&pickle, bytes, byte_count, &hook, name);
    if (outcome == STATUS_OK)
        outcome = joblib_array_read(&array, find_centers(pickle_root(pickle)), name);
    if (outcome == STATUS_OK)
        outcome = take_array(centroids, clusters, width, &array, name);
    pickle_destroy(pickle);
    return outcome;
}

static bool begins_with(const uint8_t *bytes, size_t byte_count, const char *magic)
{
    return byte_count >= strlen(magic) && memcmp(bytes, magic, strlen(magic)) == 0;
}

enum status kmeans_file_read_bytes(float **centroids, size_t *clusters, size_t *width,
                                   const uint8_t *bytes, size_t byte_count, const char *name)
{
    *centroids = NULL;
    if (begins_with(bytes, byte_count, "\x93NUMPY")) {
        struct numpy_array array;
        const enum status outcome = npy_file_parse(&array, bytes, byte_count, name);
        return outcome == STATUS_OK ? take_array(centroids, clusters, width, &array, name)
                                    : outcome;
    }
    if (begins_with(bytes, byte_count, "\x80"))
        return read_pickle(centroids, clusters, width, bytes, byte_count, name);
    if (begins_with(bytes, byte_count, "\x78") || begins_with(bytes, byte_count, "\x1f\x8b") ||
        begins_with(bytes, byte_count, "BZh") ||
        begins_with(bytes, byte_count,
                    "\xfd"
                    "7zXZ"))
        return status_fail(STATUS_INVALID, "%s: a compressed file; save it uncompressed", name);
    return status_fail(STATUS_INVALID, "%s: neither .npy nor HDF5 nor a pickle of k-means", name);
}

static bool is_of_reals(hid_t dataset)
{
    const hid_t type = H5Dget_type(dataset);
    const bool is_real = type >= 0 && H5Tget_class(type) == H5T_FLOAT;
    if (type >= 0)
        H5Tclose(type);
    return is_real;
}

static enum status read_values(float *centroids, size_t clusters, size_t width, hid_t dataset,
                               const char *path)
{
    if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, centroids) < 0)
        return hdf5_fail(path, "cannot read /centroids");
    for (size_t i = 0; i < clusters * width; i++)
        if (!isfinite(centroids[i]))
            return status_fail(STATUS_CORRUPT, "%s: centroid %zu is not finite", path, i / width);
    return STATUS_OK;
}

static enum status read_dataset(float **centroids, size_t *clusters, size_t *width, hid_t dataset,
                                int dimension_count, const hsize_t *extent, const char *path)
{
    if (dimension_count != 2 || !is_of_reals(dataset))
        return status_fail(STATUS_INVALID, "%s: /centroids is not a matrix of floats", path);
    *clusters = (size_t)extent[0];
    *width = (size_t)extent[1];
    const enum status outcome = check_extent(*clusters, *width, path);
    if (outcome != STATUS_OK)
        return outcome;
    if (*clusters * *width > HDF5_VALUES_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu x %zu centroids are too many", path, *clusters,
                           *width);
    *centroids = malloc(*clusters * *width * sizeof **centroids);
    if (*centroids == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: centroids", path);
    return read_values(*centroids, *clusters, *width, dataset, path);
}

static enum status read_hdf5(float **centroids, size_t *clusters, size_t *width, const char *path)
{
    hid_t file, dataset;
    hsize_t extent[4];
    int dimension_count;
    enum status outcome = hdf5_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = hdf5_open_dataset(&dataset, file, "centroids", &dimension_count, extent);
    if (outcome == STATUS_OK) {
        outcome = read_dataset(centroids, clusters, width, dataset, dimension_count, extent, path);
        H5Dclose(dataset);
    } else
        outcome = status_fail(outcome, "%s: %s", path, status_text());
    H5Fclose(file);
    if (outcome != STATUS_OK) {
        free(*centroids);
        *centroids = NULL;
    }
    return outcome;
}

enum status kmeans_file_read(float **centroids, size_t *clusters, size_t *width, const char *path)
{
    *centroids = NULL;
    struct file_map *map = NULL;
    enum status outcome = file_map_open(&map, path);
    if (outcome != STATUS_OK)
        return outcome;
    if (begins_with(map->bytes, map->byte_count, "\x89HDF\r\n\x1a\n"))
        outcome = read_hdf5(centroids, clusters, width, path);
    else
        outcome =
            kmeans_file_read_bytes(centroids, clusters, width, map->bytes, map->byte_count, path);
    file_map_close(map);
    return outcome;
}
