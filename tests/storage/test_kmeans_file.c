/* K-means files: the published pickle, other pickles, .npy and HDF5 give their centroids; others
 * are told by name. */
#include "storage/kmeans_file.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/npy_file.h"

#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *data_path(const char *name)
{
    static char path[PATH_BYTES];
    const char *source = getenv("UNITMILL_SOURCE");
    snprintf(path, sizeof path, "%s/tests/data/weights/%s", source == NULL ? "." : source, name);
    return path;
}

static const char *golden_path(const char *name)
{
    static char path[PATH_BYTES];
    check_status(path_join(path, check_golden_folder(), name), STATUS_OK, NULL);
    return path;
}

struct matrix {
    float *values;
    size_t rows, columns;
};

static void check_same(struct matrix actual, struct matrix expected)
{
    CU_ASSERT_EQUAL(actual.rows, expected.rows);
    CU_ASSERT_EQUAL(actual.columns, expected.columns);
    if (actual.values != NULL && expected.values != NULL && actual.rows == expected.rows &&
        actual.columns == expected.columns)
        CU_ASSERT_EQUAL(
            memcmp(actual.values, expected.values, actual.rows * actual.columns * sizeof(float)),
            0);
    free(actual.values);
}

static struct matrix read_model(const char *path)
{
    struct matrix matrix = { 0 };
    check_status(kmeans_file_read(&matrix.values, &matrix.rows, &matrix.columns, path), STATUS_OK,
                 NULL);
    CU_ASSERT_PTR_NOT_NULL(matrix.values);
    return matrix;
}

static struct matrix read_array(const char *path)
{
    struct matrix matrix = { 0 };
    check_status(npy_file_read(&matrix.values, &matrix.rows, &matrix.columns, path), STATUS_OK,
                 NULL);
    return matrix;
}

static void the_published_pickle_gives_its_centroids(void)
{
    struct matrix expected = read_array(golden_path("kmeans/km_bin_centers.npy"));
    CU_ASSERT(expected.rows > 1 && expected.columns > 1);
    check_same(read_model(golden_path("kmeans/km.bin")), expected);
    check_same(read_model(golden_path("kmeans/km_bin_centers.npy")), expected);
    free(expected.values);
}

static void other_pickles_give_their_centroids(void)
{
    struct matrix expected = read_array(data_path("km_f64_random_state.npy"));
    const char *names[] = { "km_f64_random_state.bin", "km_array_fortran.bin", "km_plain_p4.pkl",
                            "km_f64_random_state.npy" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        check_same(read_model(data_path(names[i])), expected);
    free(expected.values);
}

static const char *write_hdf5(const char *name, hid_t type, size_t rows, size_t columns,
                              const float *values)
{
    const char *path = check_scratch(name);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t extent[2] = { rows, columns };
    const hid_t space = H5Screate_simple(2, extent, NULL);
    const hid_t dataset =
        H5Dcreate2(file, "centroids", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (values != NULL)
        CU_ASSERT(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Fclose(file);
    return path;
}

static void an_hdf5_file_gives_its_centroids(void)
{
    float values[6] = { 1, 2, 3, 4, 5, 6 };
    const struct matrix expected = { values, 2, 3 };
    check_same(read_model(write_hdf5("km.h5", H5T_IEEE_F32LE, 2, 3, values)), expected);
    check_same(read_model(write_hdf5("km64.h5", H5T_IEEE_F64LE, 2, 3, values)), expected);
}

static void check_told(const char *path, enum status expected, const char *told)
{
    float *values = NULL;
    size_t rows, columns;
    check_status(kmeans_file_read(&values, &rows, &columns, path), expected, told);
    CU_ASSERT_PTR_NULL(values);
}

static void bad_hdf5_files_are_told(void)
{
    const float bad[2] = { 1.0f, NAN };
    check_told(write_hdf5("nan.h5", H5T_IEEE_F32LE, 2, 1, bad), STATUS_CORRUPT,
               "centroid 1 is not finite");
    check_told(write_hdf5("many.h5", H5T_IEEE_F32LE, 65536, 1, NULL), STATUS_INVALID,
               "65536 clusters");
    check_told(write_hdf5("none.h5", H5T_IEEE_F32LE, 0, 1, NULL), STATUS_INVALID, "0 clusters");
    check_told(write_hdf5("wide.h5", H5T_IEEE_F32LE, 1, 65536, NULL), STATUS_INVALID,
               "65536 columns");
    check_told(write_hdf5("integers.h5", H5T_STD_I32LE, 2, 1, NULL), STATUS_INVALID,
               "not a matrix of floats");
    const char *empty = check_scratch("empty.h5");
    H5Fclose(H5Fcreate(empty, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
    check_told(empty, STATUS_CORRUPT, "empty.h5");
    const char *cut = check_scratch("cut.h5");
    check_status(file_write(cut, "\x89HDF\r\n\x1a\n....", 12), STATUS_OK, NULL);
    check_told(cut, STATUS_CORRUPT, "cut.h5");
}

static void other_files_are_told_by_name(void)
{
    check_told(data_path("km_compressed.bin"), STATUS_INVALID, "compressed");
    check_told(data_path("km_objects.bin"), STATUS_INVALID, "type object");
    check_told(data_path("km_plain_p2.pkl"), STATUS_INVALID, "protocol 2");
    check_told(data_path("plain.pt"), STATUS_INVALID, "neither .npy nor HDF5");
    check_told(data_path("README.md"), STATUS_INVALID, "neither .npy nor HDF5");
    check_told(data_path("absent.npy"), STATUS_NOT_FOUND, "absent.npy");
}

/* An .npy file of float zeros. */
static enum status read_zeros(const char *shape, size_t count)
{
    char header[118];
    float *values = NULL;
    size_t rows, columns;
    uint8_t *bytes = calloc(1, 128 + count * sizeof(float));
    memcpy(bytes, "\x93NUMPY\1\0\x76", 9);
    snprintf(header, sizeof header, "{'descr': '<f4', 'fortran_order': False, 'shape': %s}", shape);
    memset(bytes + 10, ' ', 118);
    memcpy(bytes + 10, header, strlen(header));
    const enum status outcome = kmeans_file_read_bytes(&values, &rows, &columns, bytes,
                                                       128 + count * sizeof(float), "made");
    free(values);
    free(bytes);
    return outcome;
}

static void impossible_sizes_are_told(void)
{
    check_status(read_zeros("(65535, 1)", 65535), STATUS_OK, NULL);
    check_status(read_zeros("(65536, 1)", 65536), STATUS_INVALID, "65536 clusters");
    check_status(read_zeros("(0, 4)", 0), STATUS_INVALID, "0 clusters");
    check_status(read_zeros("(4, 0)", 0), STATUS_INVALID, "0 columns");
    check_status(read_zeros("(4,)", 4), STATUS_INVALID, "1 dimensions");
}

static void every_cut_and_every_flip_is_survived(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0, rows, columns;
    float *values = NULL;
    check_status(file_read(&bytes, &byte_count, golden_path("kmeans/km.bin"), 1 << 24), STATUS_OK,
                 NULL);
    for (size_t cut = 0; cut < byte_count; cut += 5) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, bytes, cut);
        CU_ASSERT_NOT_EQUAL(kmeans_file_read_bytes(&values, &rows, &columns, exact, cut, "cut"),
                            STATUS_OK);
        CU_ASSERT_PTR_NULL(values);
        free(exact);
    }
    for (size_t flip = 0; flip < byte_count; flip++) {
        bytes[flip] ^= (uint8_t)(1u << flip % 8);
        kmeans_file_read_bytes(&values, &rows, &columns, bytes, byte_count, "flipped");
        free(values);
        bytes[flip] ^= (uint8_t)(1u << flip % 8);
    }
    free(bytes);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the published pickle", the_published_pickle_gives_its_centroids },
        { "other pickles", other_pickles_give_their_centroids },
        { "an HDF5 file", an_hdf5_file_gives_its_centroids },
        { "bad HDF5 files", bad_hdf5_files_are_told },
        { "other files", other_files_are_told_by_name },
        { "impossible sizes", impossible_sizes_are_told },
        { "every cut and every flip", every_cut_and_every_flip_is_survived },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "kmeans_file", cases);
}
