#include "storage/store_writer.h"

#include "core/file.h"
#include "core/log.h"
#include "storage/hdf5_file.h"
#include "storage/seal.h"
#include "storage/shard_format.h"
#include "storage/shard_memory.h"
#include "storage/store_packing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What may be needed beside the cached metadata: rounding, the superblock, the seal. */
enum { ROOM_BYTES = 128 << 10 };

/* For ranks that come out of HDF5 a little later than the one that failed. */
enum { PATIENCE_SECONDS = 5 };

enum { DATASETS_MAX = 32 };

struct open_dataset {
    hid_t dataset, memory_type;
    bool is_matrix, is_empty;
    size_t width;
};

struct store_writer {
    const struct team *team; /* borrowed */
    struct store_options options;
    char path[PATH_BYTES], partial_path[PATH_BYTES];
    hid_t file, transfer;
    struct open_dataset datasets[DATASETS_MAX];
    size_t dataset_count;
    bool is_poisoned; /* HDF5 failed inside a collective call; equal on all ranks */
};

/* Settles a collective HDF5 step. Where HDF5 fails on one rank, the others may wait for it inside
 * HDF5. A failure of HDF5 on any rank poisons the file. */
static enum status agree(struct store_writer *writer, const char *step, enum status mine)
{
    bool any = false;
    if (!team_any_within(&any, writer->team, mine != STATUS_OK, PATIENCE_SECONDS)) {
        unlink(writer->partial_path);
        if (writer->team->rank != 0)
            log_failure(status_text());
        team_abort(writer->team, status_text());
    }
    writer->is_poisoned |= any;
    return team_agree(writer->team, step, mine);
}

static enum status prepare(struct store_writer **out, const struct team *team,
                           const struct store_options *options)
{
    *out = NULL;
    if (options->chunk_bytes == 0)
        return status_fail(STATUS_INVALID, "%s: chunk_bytes must be positive", options->path);
    if (options->deflate_level < 0 || options->deflate_level > 9)
        return status_fail(STATUS_INVALID, "%s: deflate_level %d is not in 0 .. 9", options->path,
                           options->deflate_level);
    if (strlen(options->path) + sizeof ".partial" > PATH_BYTES)
        return status_fail(STATUS_INVALID, "%s: path too long", options->path);
    struct store_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", options->path);
    *out = writer;
    writer->team = team;
    writer->options = *options;
    writer->file = H5I_INVALID_HID;
    strcpy(writer->path, options->path);
    sprintf(writer->partial_path, "%s.partial", options->path);
    writer->transfer = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_dxpl_mpio(writer->transfer, H5FD_MPIO_COLLECTIVE);
    return STATUS_OK;
}

/* Rank 0 tries the folder alone first: one that is missing, read-only or full is then a plain error
 * instead of a failure inside HDF5, where ranks without one would wait for it for ever. */
static enum status try_folder(const struct store_writer *writer)
{
    if (writer->team->rank != 0)
        return STATUS_OK;
    FILE *file = fopen(writer->partial_path, "wbe");
    if (file == NULL)
        return file_fail(writer->partial_path, "cannot create");
    const off_t bytes = (off_t)writer->options.least_bytes;
    const int error = bytes > 0 ? posix_fallocate(fileno(file), 0, bytes) : 0;
    fclose(file);
    if (error == ENOSPC || error == EFBIG || error == EDQUOT) {
        errno = error;
        return file_fail(writer->partial_path, "cannot write");
    }
    return STATUS_OK; /* other errors: a file system that cannot tell */
}

static enum status create_file(struct store_writer *writer)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, writer->team->comm, MPI_INFO_NULL);
    H5Pset_all_coll_metadata_ops(access, true);
    H5Pset_coll_metadata_write(access, true);
    /* The chunk indexes of 1.10 take a tenth of the room of the older ones. */
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    writer->file = H5Fcreate(writer->partial_path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    const enum status outcome =
        writer->file >= 0 ? STATUS_OK : hdf5_fail(writer->partial_path, "cannot create");
    H5Pclose(access);
    return outcome;
}

enum status store_writer_create(struct store_writer **out, const struct team *team,
                                const struct store_options *options)
{
    struct store_writer *writer = NULL;
    *out = NULL;
    enum status outcome = team_agree(team, "prepare store", prepare(&writer, team, options));
    if (outcome == STATUS_OK)
        outcome = team_agree(team, "try store folder", try_folder(writer));
    if (outcome == STATUS_OK)
        outcome = agree(writer, "create store file", create_file(writer));
    if (outcome != STATUS_OK) {
        store_writer_destroy(writer);
        return outcome;
    }
    *out = writer;
    return STATUS_OK;
}

enum status store_writer_add_group(struct store_writer *writer, const char *name)
{
    const hid_t group = H5Gcreate2(writer->file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const enum status outcome =
        group >= 0 && H5Gclose(group) >= 0 ? STATUS_OK : hdf5_fail(name, "cannot create");
    return agree(writer, "create store group", outcome);
}

/* HDF5 1.10 writes what it caches of the file's structure in its own time, all ranks together, and
 * where the disk is full then some ranks never come back. So it is not let to run into that. */
static enum status look_for_room(struct store_writer *writer)
{
    enum status outcome = STATUS_OK;
    struct statvfs disk;
    size_t cached_bytes = 0;
    if (writer->team->rank == 0 &&
        H5Fget_mdc_size(writer->file, NULL, NULL, &cached_bytes, NULL) >= 0 &&
        statvfs(writer->partial_path, &disk) == 0) {
        const uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
        if (free_bytes < cached_bytes + ROOM_BYTES)
            outcome = status_fail(STATUS_IO, "%s: No space left on device: %llu bytes are free",
                                  writer->partial_path, (unsigned long long)free_bytes);
    }
    return agree(writer, "look for room", outcome);
}

static hid_t type_in_file(const struct store_dataset *dataset)
{
    if (dataset->type == COLUMN_TEXT)
        return hdf5_text_type(dataset->width);
    if (dataset->type == COLUMN_F16 || dataset->type == COLUMN_F32)
        return shard_memory_type(dataset->type);
    return hdf5_unsigned_type(column_type_bytes(dataset->type), dataset->bits);
}

/* The extent in HDF5's terms; a text is one value. */
static int extent_of(hsize_t dims[2], const struct store_dataset *dataset)
{
    dims[0] = dataset->rows;
    dims[1] = dataset->width;
    const bool is_matrix =
        dataset->type != COLUMN_TEXT && (dataset->has_row_vector || dataset->width > 1);
    return is_matrix ? 2 : 1;
}

static enum status create_dataset(struct store_writer *writer, const struct store_dataset *dataset)
{
    struct open_dataset *entry = &writer->datasets[writer->dataset_count];
    hsize_t dims[2];
    const int dimension_count = extent_of(dims, dataset);
    const struct hdf5_packing packing = store_packing_of(dataset, &writer->options);
    const hid_t space = H5Screate_simple(dimension_count, dims, NULL);
    const hid_t layout = hdf5_layout(&packing, dimension_count, dims);
    /* Parallel writes allow no conversion: the memory type is the file type. */
    *entry = (struct open_dataset){ .memory_type = type_in_file(dataset),
                                    .is_matrix = dimension_count == 2,
                                    .is_empty = dataset->rows == 0,
                                    .width = dataset->width };
    entry->dataset = H5Dcreate2(writer->file, dataset->name, entry->memory_type, space, H5P_DEFAULT,
                                layout, H5P_DEFAULT);
    enum status outcome =
        entry->dataset >= 0 ? STATUS_OK : hdf5_fail(dataset->name, "cannot create the dataset");
    H5Pclose(layout);
    H5Sclose(space);
    if (outcome != STATUS_OK) {
        H5Tclose(entry->memory_type);
        return outcome;
    }
    writer->dataset_count++;
    return hdf5_put_text(entry->dataset, "meaning", dataset->meaning);
}

enum status store_writer_add(size_t *index, struct store_writer *writer,
                             const struct store_dataset *dataset)
{
    *index = writer->dataset_count;
    if (writer->dataset_count == DATASETS_MAX)
        return status_fail(STATUS_INVALID, "%s: more than %d datasets", writer->path, DATASETS_MAX);
    const enum status outcome = look_for_room(writer);
    if (outcome != STATUS_OK)
        return outcome;
    return agree(writer, "create store dataset", create_dataset(writer, dataset));
}

enum status store_writer_put(struct store_writer *writer, size_t index, uint64_t first_row,
                             uint64_t row_count, const void *values)
{
    const struct open_dataset *entry = &writer->datasets[index];
    if (entry->is_empty) /* HDF5 1.10 refuses even an empty selection there */
        return agree(writer, "write store rows", STATUS_OK);
    const hsize_t start[2] = { first_row, 0 }, count[2] = { row_count, entry->width };
    const hid_t file_space = H5Dget_space(entry->dataset);
    const hid_t memory_space = H5Screate_simple(entry->is_matrix ? 2 : 1, count, NULL);

    /* A rank with nothing to add still takes part, with an empty selection. */
    if (row_count > 0)
        H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL);
    else {
        H5Sselect_none(file_space);
        H5Sselect_none(memory_space);
    }
    const herr_t written = H5Dwrite(entry->dataset, entry->memory_type, memory_space, file_space,
                                    writer->transfer, values);
    const enum status outcome =
        written >= 0 ? STATUS_OK : hdf5_fail(writer->partial_path, "cannot write");
    H5Sclose(memory_space);
    H5Sclose(file_space);
    return agree(writer, "write store rows", outcome);
}

enum status store_writer_note_text(struct store_writer *writer, const char *place, const char *name,
                                   const char *text)
{
    const hid_t object = H5Oopen(writer->file, place, H5P_DEFAULT);
    enum status outcome =
        object >= 0 ? hdf5_put_text(object, name, text) : hdf5_fail(place, "cannot open");
    if (object >= 0)
        H5Oclose(object);
    return agree(writer, "note in store", outcome);
}

enum status store_writer_note_number(struct store_writer *writer, const char *place,
                                     const char *name, uint64_t number)
{
    const hid_t object = H5Oopen(writer->file, place, H5P_DEFAULT);
    enum status outcome =
        object >= 0 ? hdf5_put_number(object, name, number) : hdf5_fail(place, "cannot open");
    if (object >= 0)
        H5Oclose(object);
    return agree(writer, "note in store", outcome);
}

static enum status close_file(struct store_writer *writer)
{
    herr_t closed = 0;
    for (size_t d = 0; d < writer->dataset_count; d++) {
        closed |= H5Dclose(writer->datasets[d].dataset);
        closed |= H5Tclose(writer->datasets[d].memory_type);
    }
    writer->dataset_count = 0;
    if (writer->file >= 0)
        closed |= H5Fclose(writer->file);
    writer->file = H5I_INVALID_HID;
    return closed >= 0 ? STATUS_OK : hdf5_fail(writer->partial_path, "cannot close");
}

enum status store_writer_commit(struct store_writer *writer)
{
    enum status outcome = look_for_room(writer);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = agree(writer, "close store", close_file(writer));
    if (outcome == STATUS_OK)
        outcome = seal_store(writer->team, writer->partial_path);
    if (outcome != STATUS_OK)
        return outcome;
    if (writer->team->rank == 0)
        outcome = file_publish(writer->path);
    return team_agree(writer->team, "publish store", outcome);
}

void store_writer_destroy(struct store_writer *writer)
{
    if (writer == NULL)
        return;
    if (writer->team->rank == 0)
        unlink(writer->partial_path);
    if (writer->is_poisoned)
        team_abort(writer->team, status_text());
    close_file(writer);
    H5Pclose(writer->transfer);
    free(writer);
}
