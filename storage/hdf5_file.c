#include "storage/hdf5_file.h"

#include "core/digest.h"
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file in memory grows by this much at a time. */
enum { IMAGE_STEP_BYTES = 1 << 20 };

void hdf5_prepare(void)
{
    setenv("HDF5_USE_FILE_LOCKING", "FALSE", 0);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* H5Ewalk2 upward starts at the innermost record, which is the one that says what happened. */
static herr_t take_first(unsigned index, const H5E_error2_t *error, void *text)
{
    char *out = text;
    if (index == 0 && error->desc != NULL)
        snprintf(out, STATUS_TEXT_BYTES / 2, "%s", error->desc);
    for (; *out != '\0'; out++) /* HDF5 puts the time in, with its line end */
        if (*out == '\n')
            *out = ' ';
    return 0;
}

static enum status fail_with(enum status code, const char *subject, const char *fact)
{
    char innermost[STATUS_TEXT_BYTES / 2] = "no detail from HDF5";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, innermost);
    H5Eclear2(H5E_DEFAULT);
    return status_fail(code, "%s: %s (%s)", subject, fact, innermost);
}

enum status hdf5_fail(const char *subject, const char *fact)
{
    return fail_with(STATUS_IO, subject, fact);
}

enum status hdf5_image_create(hid_t *file)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, IMAGE_STEP_BYTES, false);
    /* Not H5F_LIBVER_V110 from below: the image of such a file has a wrong checksum in 1.10.8. */
    H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V110);
    *file = H5Fcreate("image", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    const enum status outcome =
        *file >= 0 ? STATUS_OK : hdf5_fail("HDF5", "cannot create a file in memory");
    H5Pclose(access);
    return outcome;
}

/* Puts the seal behind `byte_count` bytes. */
static void seal(uint8_t *bytes, size_t byte_count)
{
    char digest[DIGEST_TEXT_BYTES];
    digest_of(digest, bytes, byte_count);
    seal_write(bytes + byte_count, digest);
}

enum status hdf5_image_publish(hid_t file, const char *path)
{
    uint8_t *bytes = NULL;
    enum status outcome = STATUS_OK;
    H5Fflush(file, H5F_SCOPE_GLOBAL);
    const ssize_t size = H5Fget_file_image(file, NULL, 0);
    if (size <= 0)
        outcome = hdf5_fail(path, "cannot measure the file in memory");
    else if ((bytes = malloc((size_t)size + SEAL_BYTES)) == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zd bytes", path, size);
    else if (H5Fget_file_image(file, bytes, (size_t)size) != size)
        outcome = hdf5_fail(path, "cannot take the file from memory");
    H5Fclose(file);
    if (outcome == STATUS_OK) {
        seal(bytes, (size_t)size);
        outcome = file_write(path, bytes, (size_t)size + SEAL_BYTES);
    }
    free(bytes);
    return outcome;
}

enum status hdf5_open(hid_t *file, const char *path)
{
    *file = H5I_INVALID_HID;
    if (!file_exists(path))
        return status_fail(STATUS_NOT_FOUND, "%s: no such file", path);
    *file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    return *file >= 0 ? STATUS_OK : fail_with(STATUS_CORRUPT, path, "not a whole HDF5 file");
}

enum status hdf5_open_sealed(hid_t *file, const char *path)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    char digest[DIGEST_TEXT_BYTES];
    *file = H5I_INVALID_HID;
    enum status outcome = file_read(&bytes, &byte_count, path, SIZE_MAX - 1);
    if (outcome == STATUS_INVALID)
        return status_fail(STATUS_CORRUPT, "%s", status_text());
    if (outcome != STATUS_OK)
        return outcome;
    const size_t sealed_bytes = byte_count < SEAL_BYTES ? 0 : byte_count - SEAL_BYTES;
    const uint8_t *found = bytes + sealed_bytes;
    digest_of(digest, bytes, sealed_bytes);
    if (sealed_bytes == 0 || !seal_is_one(found))
        outcome = status_fail(STATUS_CORRUPT, "%s: cut short, or not by unitmill", path);
    else if (!seal_matches(found, digest))
        outcome =
            status_fail(STATUS_CORRUPT, "%s: damaged: its bytes are not those of its seal", path);
    free(bytes);
    return outcome == STATUS_OK ? hdf5_open(file, path) : outcome;
}

static enum status put(hid_t object, const char *name, hid_t type, const void *value)
{
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    const enum status outcome = attribute >= 0 && H5Awrite(attribute, type, value) >= 0
                                    ? STATUS_OK
                                    : hdf5_fail(name, "cannot write the attribute");
    if (attribute >= 0)
        H5Aclose(attribute);
    H5Sclose(space);
    return outcome;
}

enum status hdf5_put_text(hid_t object, const char *name, const char *text)
{
    const hid_t type = hdf5_text_type(strlen(text) + 1);
    const enum status outcome = put(object, name, type, text);
    H5Tclose(type);
    return outcome;
}

enum status hdf5_put_number(hid_t object, const char *name, uint64_t number)
{
    return put(object, name, H5T_NATIVE_UINT64, &number);
}

static enum status open_attribute(hid_t *attribute, hid_t object, const char *name,
                                  H5T_class_t wanted)
{
    *attribute = H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1;
    if (*attribute < 0)
        return status_fail(STATUS_CORRUPT, "attribute %s is missing", name);
    const hid_t type = H5Aget_type(*attribute), space = H5Aget_space(*attribute);
    const bool suits = H5Tget_class(type) == wanted && H5Sget_simple_extent_npoints(space) == 1 &&
                       (wanted != H5T_STRING || H5Tis_variable_str(type) == 0);
    H5Sclose(space);
    H5Tclose(type);
    if (suits)
        return STATUS_OK;
    H5Aclose(*attribute);
    return status_fail(STATUS_CORRUPT, "attribute %s is of another kind", name);
}

enum status hdf5_get_text(char *text, size_t text_bytes, hid_t object, const char *name)
{
    hid_t attribute;
    text[0] = '\0';
    const enum status outcome = open_attribute(&attribute, object, name, H5T_STRING);
    if (outcome != STATUS_OK)
        return outcome;
    const hid_t type = hdf5_text_type(text_bytes);
    const herr_t got = H5Aread(attribute, type, text);
    H5Tclose(type);
    H5Aclose(attribute);
    text[text_bytes - 1] = '\0';
    return got >= 0 ? STATUS_OK : fail_with(STATUS_CORRUPT, name, "cannot read the attribute");
}

enum status hdf5_get_number(uint64_t *number, hid_t object, const char *name)
{
    hid_t attribute;
    *number = 0;
    const enum status outcome = open_attribute(&attribute, object, name, H5T_INTEGER);
    if (outcome != STATUS_OK)
        return outcome;
    const herr_t got = H5Aread(attribute, H5T_NATIVE_UINT64, number);
    H5Aclose(attribute);
    return got >= 0 ? STATUS_OK : fail_with(STATUS_CORRUPT, name, "cannot read the attribute");
}

hid_t hdf5_unsigned_type(size_t bytes, unsigned bits)
{
    const hid_t type = H5Tcopy(bytes == 1   ? H5T_STD_U8LE
                               : bytes == 2 ? H5T_STD_U16LE
                               : bytes == 4 ? H5T_STD_U32LE
                                            : H5T_STD_U64LE);
    if (bits > 0 && bits < 8 * bytes)
        H5Tset_precision(type, bits);
    return type;
}

hid_t hdf5_text_type(size_t bytes)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, bytes > 0 ? bytes : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

hid_t hdf5_layout(const struct hdf5_packing *packing, int dimension_count, const hsize_t *dims)
{
    const hid_t layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_obj_track_times(layout, false); /* equal content, equal bytes */
    hsize_t chunk[4];
    for (int d = 0; d < dimension_count; d++) {
        if (dims[d] == 0)
            return layout;
        chunk[d] = dims[d];
    }
    if (packing->chunk_rows > 0 && packing->chunk_rows < chunk[0])
        chunk[0] = packing->chunk_rows;
    H5Pset_chunk(layout, dimension_count, chunk);
    if (packing->bits > 0)
        H5Pset_nbit(layout);
    if (packing->is_shuffled)
        H5Pset_shuffle(layout);
    if (packing->deflate_level > 0)
        H5Pset_deflate(layout, (unsigned)packing->deflate_level);
    H5Pset_fletcher32(layout);
    return layout;
}

enum status hdf5_write(hid_t place, const char *name, hid_t file_type, hid_t memory_type,
                       int dimension_count, const hsize_t *dims, const struct hdf5_packing *packing,
                       const void *values)
{
    const hid_t space = H5Screate_simple(dimension_count, dims, NULL);
    const hid_t layout = hdf5_layout(packing, dimension_count, dims);
    const bool is_empty = H5Sget_simple_extent_npoints(space) <= 0;
    const hid_t dataset =
        H5Dcreate2(place, name, file_type, space, H5P_DEFAULT, layout, H5P_DEFAULT);
    /* The message must be taken before the next call of HDF5, which forgets it. */
    enum status outcome = dataset >= 0 ? STATUS_OK : hdf5_fail(name, "cannot create the dataset");
    if (dataset >= 0 && !is_empty &&
        H5Dwrite(dataset, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        outcome = hdf5_fail(name, "cannot write the dataset");
    if (dataset >= 0)
        H5Dclose(dataset);
    H5Pclose(layout);
    H5Sclose(space);
    return outcome;
}

enum status hdf5_open_dataset(hid_t *dataset, hid_t place, const char *name, int *dimension_count,
                              hsize_t dims[4])
{
    *dataset = H5Dopen2(place, name, H5P_DEFAULT);
    if (*dataset < 0)
        return fail_with(STATUS_CORRUPT, name, "cannot open the dataset");
    const hid_t space = H5Dget_space(*dataset);
    *dimension_count = H5Sget_simple_extent_ndims(space);
    const bool fits = *dimension_count >= 0 && *dimension_count <= 4;
    if (fits)
        H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space);
    if (fits)
        return STATUS_OK;
    H5Dclose(*dataset);
    return status_fail(STATUS_CORRUPT, "%s: more than 4 dimensions", name);
}
