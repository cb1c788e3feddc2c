/* Footprints: what is counted adds up to the file, and damaged files are told. */
#include "storage/footprint.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/shard.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS = 300, VALUES = 7 };

static const struct shard_column columns[] = {
    { "bytes", COLUMN_U8, .is_ragged = true, .width = 1, .meaning = "any" },
    { "ids", COLUMN_U16, .width = VALUES, .bits = 13, .meaning = "any" },
    { "name", COLUMN_TEXT, .width = 1, .is_deflated = true, .meaning = "any" },
};

static void write_shard(const char *path, size_t records)
{
    struct shard *shard = NULL;
    const struct shard_identity identity = { .stage = "test",
                                             .record_count = RECORDS,
                                             .recipe = "none" };
    CU_ASSERT_EQUAL(shard_create(&shard, &identity, columns, 3), STATUS_OK);
    for (size_t r = 0; r < records; r++) {
        uint8_t bytes[RECORDS];
        uint16_t ids[VALUES];
        memset(bytes, (int)r, sizeof bytes);
        for (size_t v = 0; v < VALUES; v++)
            ids[v] = (uint16_t)((r * 31 + v * 977) % 8192);
        shard_add(shard, 0, bytes, r);
        shard_add(shard, 1, ids, 1);
        shard_add_text(shard, 2, "a name");
        shard_keep(shard, r, "id");
    }
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    shard_destroy(shard);
}

static void check_adds_up(const struct footprint *footprint, const char *path)
{
    uint64_t data = 0, index = 0, headers = 0;
    for (size_t o = 0; o < footprint->object_count; o++) {
        data += footprint->objects[o].data_bytes;
        index += footprint->objects[o].index_bytes;
        headers += footprint->objects[o].header_bytes;
        CU_ASSERT(footprint->objects[o].checksum_bytes <= footprint->objects[o].data_bytes);
    }
    CU_ASSERT_EQUAL(footprint->file_bytes, file_bytes(path));
    CU_ASSERT_EQUAL(footprint->data_bytes, data);
    CU_ASSERT_EQUAL(footprint->index_bytes, index);
    CU_ASSERT(headers > 0 && headers <= footprint->overhead_bytes);
    CU_ASSERT_EQUAL(data + index + footprint->overhead_bytes, footprint->file_bytes);
}

static void parts_add_up_to_the_file(void)
{
    struct footprint footprint;
    const char *path = check_scratch("whole.h5");
    write_shard(path, RECORDS);
    check_status(footprint_read(&footprint, path), STATUS_OK, NULL);
    check_adds_up(&footprint, path);

    const size_t byte_rows = RECORDS * (RECORDS - 1) / 2;
    const struct footprint_object *bytes = footprint_find(&footprint, "/bytes");
    CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
    CU_ASSERT(bytes->is_dataset);
    CU_ASSERT_EQUAL(bytes->rows, byte_rows);
    CU_ASSERT_EQUAL(bytes->chunk_count, 1);
    CU_ASSERT_EQUAL(bytes->checksum_bytes, 4);
    CU_ASSERT_EQUAL(bytes->data_bytes, byte_rows + 4); /* no filter but the checksum */
    CU_ASSERT(bytes->index_bytes > 0);

    const struct footprint_object *ids = footprint_find(&footprint, "/ids");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ids);
    CU_ASSERT_EQUAL(ids->width, VALUES);
    CU_ASSERT_EQUAL(ids->value_bits, 13);
    CU_ASSERT_EQUAL(ids->logical_bytes, RECORDS * VALUES * 2);
    const uint64_t packed = (RECORDS * VALUES * 13 + 7) / 8;
    CU_ASSERT(ids->data_bytes >= packed + 4 && ids->data_bytes <= packed + 8);

    const struct footprint_object *rejects = footprint_find(&footprint, "/rejects");
    CU_ASSERT_PTR_NOT_NULL_FATAL(rejects);
    CU_ASSERT(!rejects->is_dataset && rejects->header_bytes > 0);
    CU_ASSERT_PTR_NOT_NULL(footprint_find(&footprint, "/"));
    CU_ASSERT_PTR_NULL(footprint_find(&footprint, "/absent"));
    footprint_end(&footprint);
}

static void an_empty_shard_adds_up_too(void)
{
    struct footprint footprint;
    const char *path = check_scratch("empty.h5");
    write_shard(path, 0);
    check_status(footprint_read(&footprint, path), STATUS_OK, NULL);
    check_adds_up(&footprint, path);
    const struct footprint_object *ids = footprint_find(&footprint, "/ids");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ids);
    CU_ASSERT_EQUAL(ids->rows, 0);
    CU_ASSERT_EQUAL(ids->data_bytes, 0);
    footprint_end(&footprint);
}

static void scalars_and_large_extents_are_measured(void)
{
    struct footprint footprint;
    const char *path = check_scratch("odd.h5");
    const hsize_t huge[2] = { (hsize_t)1 << 40, (hsize_t)1 << 40 }, chunk[2] = { 16, 16 };
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t scalar = H5Screate(H5S_SCALAR);
    H5Dclose(H5Dcreate2(file, "one", H5T_STD_U8LE, scalar, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
    H5Sclose(scalar);
    check_status(footprint_read(&footprint, path), STATUS_OK, NULL);
    check_adds_up(&footprint, path);
    CU_ASSERT_EQUAL(footprint_find(&footprint, "/one")->rows, 1);
    footprint_end(&footprint);

    const hid_t again = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(2, huge, NULL), layout = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(layout, 2, chunk);
    H5Dclose(H5Dcreate2(again, "huge", H5T_STD_U64LE, space, H5P_DEFAULT, layout, H5P_DEFAULT));
    H5Pclose(layout);
    H5Sclose(space);
    H5Fclose(again);
    check_status(footprint_read(&footprint, path), STATUS_CORRUPT, "/huge: absurdly large");
    CU_ASSERT_PTR_NULL(footprint.objects);
}

/* Every cut is told as such; none is taken for a whole file. */
static void a_file_cut_short_is_corrupt(void)
{
    struct footprint footprint;
    const char *path = check_scratch("cut.h5");
    write_shard(path, 20);
    const uint64_t whole = file_bytes(path);
    const uint64_t seal_bytes = 48; /* behind what HDF5 reads; shard_read holds it */
    for (uint64_t left = whole - seal_bytes - 1; left > 0; left = left * 2 / 3) {
        CU_ASSERT_EQUAL(truncate(path, (off_t)left), 0);
        check_status(footprint_read(&footprint, path), STATUS_CORRUPT, path);
        CU_ASSERT_EQUAL(footprint.object_count, 0);
    }
}

/* Whatever a flipped byte does, the reader ends with an outcome, and sums that add up. */
static void flipped_bytes_never_break_the_sums(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0, refused = 0;
    const char *path = check_scratch("flipped.h5");
    write_shard(path, 20);
    CU_ASSERT_EQUAL(file_read(&bytes, &byte_count, path, 1 << 24), STATUS_OK);
    for (size_t at = 0; at < byte_count; at += 37) {
        struct footprint footprint;
        bytes[at] ^= 0xff;
        CU_ASSERT_EQUAL(file_write(path, bytes, byte_count), STATUS_OK);
        if (footprint_read(&footprint, path) == STATUS_OK)
            check_adds_up(&footprint, path);
        else
            refused++;
        footprint_end(&footprint);
        bytes[at] ^= 0xff;
    }
    CU_ASSERT(refused > 0);
    free(bytes);
}

static void other_files_are_told(void)
{
    struct footprint footprint;
    const char *path = check_scratch("text.h5");
    CU_ASSERT_EQUAL(file_write(path, "not HDF5\n", 9), STATUS_OK);
    check_status(footprint_read(&footprint, path), STATUS_CORRUPT, "text.h5");
    check_status(footprint_read(&footprint, check_scratch("absent.h5")), STATUS_NOT_FOUND,
                 "absent.h5");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "parts add up to the file", parts_add_up_to_the_file },
        { "an empty shard adds up too", an_empty_shard_adds_up_too },
        { "scalars and large extents are measured", scalars_and_large_extents_are_measured },
        { "a file cut short is corrupt", a_file_cut_short_is_corrupt },
        { "flipped bytes never break the sums", flipped_bytes_never_break_the_sums },
        { "other files are told", other_files_are_told },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "footprint", cases);
}
