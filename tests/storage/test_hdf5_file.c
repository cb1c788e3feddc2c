/* What all users of HDF5 share: files built in memory, their seal, attributes, datasets. */
#include "core/file.h"
#include "storage/hdf5_file.h"
#include "storage/hdf5_prepare.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

/* A file with a text, a number and a dataset [5][3]. */
static enum status write_sample(const char *path)
{
    static const uint16_t values[5][3] = { { 1, 2, 3 }, { 4, 5, 6 }, { 0, 0, 8191 } };
    const hsize_t dims[2] = { 5, 3 };
    const struct hdf5_packing packing = { .bits = 13, .deflate_level = 4, .chunk_rows = 2 };
    hid_t file;
    check_status(hdf5_image_create(&file), STATUS_OK, NULL);
    check_status(hdf5_put_text(file, "name", "a \xC3\xA9"), STATUS_OK, NULL);
    check_status(hdf5_put_number(file, "number", UINT64_MAX), STATUS_OK, NULL);
    const hid_t type = hdf5_unsigned_type(2, 13);
    check_status(hdf5_write(file, "values", type, H5T_NATIVE_UINT16, 2, dims, &packing, values),
                 STATUS_OK, NULL);
    H5Tclose(type);
    return hdf5_image_publish(file, path);
}

static void what_is_published_is_read_back(void)
{
    const char *path = check_scratch("file.h5");
    hid_t file, dataset;
    char text[32];
    uint64_t number = 0;
    uint16_t values[5][3];
    hsize_t dims[4] = { 0 };
    int dimension_count = 0;
    check_status(write_sample(path), STATUS_OK, NULL);
    check_status(hdf5_open_sealed(&file, path), STATUS_OK, NULL);
    check_status(hdf5_get_text(text, sizeof text, file, "name"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, "a \xC3\xA9");
    check_status(hdf5_get_number(&number, file, "number"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(number, UINT64_MAX);
    check_status(hdf5_open_dataset(&dataset, file, "values", &dimension_count, dims), STATUS_OK,
                 NULL);
    CU_ASSERT(dimension_count == 2 && dims[0] == 5 && dims[1] == 3);
    CU_ASSERT(H5Dread(dataset, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    CU_ASSERT(values[0][0] == 1 && values[2][2] == 8191 && values[4][1] == 0);
    H5Dclose(dataset);
    H5Fclose(file);
    CU_ASSERT_FALSE(file_exists(check_scratch("file.h5.partial")));
}

static void what_is_absent_or_of_another_kind_is_corrupt(void)
{
    hid_t file, dataset;
    char text[32];
    uint64_t number = 7;
    hsize_t dims[4];
    int dimension_count;
    check_status(write_sample(check_scratch("file.h5")), STATUS_OK, NULL);
    check_status(hdf5_open(&file, check_scratch("file.h5")), STATUS_OK, NULL);
    check_status(hdf5_get_text(text, sizeof text, file, "absent"), STATUS_CORRUPT, "absent");
    CU_ASSERT_STRING_EQUAL(text, "");
    check_status(hdf5_get_text(text, sizeof text, file, "number"), STATUS_CORRUPT, "number");
    check_status(hdf5_get_number(&number, file, "name"), STATUS_CORRUPT, "name");
    CU_ASSERT_EQUAL(number, 0);
    check_status(hdf5_open_dataset(&dataset, file, "absent", &dimension_count, dims),
                 STATUS_CORRUPT, "absent");
    const hsize_t five[5] = { 1, 1, 1, 1, 1 };
    const hid_t space = H5Screate_simple(5, five, NULL);
    H5Fclose(file);
    check_status(hdf5_image_create(&file), STATUS_OK, NULL);
    H5Dclose(
        H5Dcreate2(file, "deep", H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    check_status(hdf5_open_dataset(&dataset, file, "deep", &dimension_count, dims), STATUS_CORRUPT,
                 "4 dimensions");
    H5Sclose(space);
    H5Fclose(file);
}

static void texts_are_cut_to_the_room_there_is(void)
{
    hid_t file;
    char text[4];
    check_status(hdf5_image_create(&file), STATUS_OK, NULL);
    check_status(hdf5_put_text(file, "long", "0123456789"), STATUS_OK, NULL);
    check_status(hdf5_put_text(file, "empty", ""), STATUS_OK, NULL);
    check_status(hdf5_get_text(text, sizeof text, file, "long"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, "012");
    check_status(hdf5_get_text(text, sizeof text, file, "empty"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(text, "");
    check_status(hdf5_put_text(file, "empty", "again"), STATUS_IO, "empty");
    H5Fclose(file);
}

static void a_file_is_opened_only_with_its_seal(void)
{
    hid_t file;
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    const char *path = check_scratch("changed.h5");
    check_status(write_sample(check_scratch("file.h5")), STATUS_OK, NULL);
    file_read(&bytes, &byte_count, check_scratch("file.h5"), 1 << 20);
    CU_ASSERT(byte_count > 48 && memcmp(bytes + byte_count - 48, "unitmill sealed ", 16) == 0);
    file_write(path, bytes, byte_count - 1);
    check_status(hdf5_open_sealed(&file, path), STATUS_CORRUPT, "changed.h5");
    file_write(path, bytes, byte_count - 48); /* still HDF5, but nobody vouches for it */
    check_status(hdf5_open_sealed(&file, path), STATUS_CORRUPT, "changed.h5: cut short");
    bytes[100] ^= 1;
    file_write(path, bytes, byte_count);
    check_status(hdf5_open_sealed(&file, path), STATUS_CORRUPT, "changed.h5: damaged");
    CU_ASSERT(file < 0);
    file_write(path, bytes, 0);
    check_status(hdf5_open_sealed(&file, path), STATUS_CORRUPT, "changed.h5");
    file_write(path, bytes + byte_count - 48, 48); /* a seal of nothing */
    check_status(hdf5_open_sealed(&file, path), STATUS_CORRUPT, "changed.h5");
    check_status(hdf5_open_sealed(&file, check_scratch("absent.h5")), STATUS_NOT_FOUND,
                 "absent.h5");
    check_status(hdf5_open(&file, check_scratch("absent.h5")), STATUS_NOT_FOUND, "absent.h5");
    free(bytes);
}

static void an_unwritable_place_is_named_and_the_file_closed(void)
{
    check_status(write_sample(check_scratch("no/such/file.h5")), STATUS_NOT_FOUND, "no/such");
    CU_ASSERT_EQUAL(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

static void nothing_is_left_open(void)
{
    CU_ASSERT_EQUAL(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "what is published", what_is_published_is_read_back },
        { "absent or of another kind", what_is_absent_or_of_another_kind_is_corrupt },
        { "texts are cut", texts_are_cut_to_the_room_there_is },
        { "the seal", a_file_is_opened_only_with_its_seal },
        { "an unwritable place", an_unwritable_place_is_named_and_the_file_closed },
        { "nothing is left open", nothing_is_left_open },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "hdf5_file", cases);
}
