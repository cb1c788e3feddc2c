#include "storage/plain_store.h"

#include "storage/hdf5_file.h"
#include "storage/shard_format.h"
#include "storage/shard_memory.h"
#include "storage/store_packing.h"

static hid_t create_file(const char *path, const struct team *team)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, team->comm, MPI_INFO_NULL);
    H5Pset_all_coll_metadata_ops(access, true);
    H5Pset_coll_metadata_write(access, true);
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    return file;
}

static hid_t layout_of(const struct store_dataset *dataset, const struct store_options *options,
                       int dimension_count, const hsize_t *dims)
{
    const struct hdf5_packing packing = store_packing_of(dataset, options);
    return hdf5_layout(&packing, dimension_count, dims);
}

static hid_t type_of(const struct store_dataset *dataset, bool is_packed)
{
    if (dataset->type == COLUMN_TEXT)
        return hdf5_text_type(dataset->width);
    if (dataset->type == COLUMN_F16 || dataset->type == COLUMN_F32)
        return shard_memory_type(dataset->type);
    return hdf5_unsigned_type(column_type_bytes(dataset->type), is_packed ? dataset->bits : 0);
}

static herr_t write_rows(hid_t dataset, hid_t type, hid_t file_space, int dimension_count,
                         const struct plain_store_rows *rows)
{
    const hsize_t start[2] = { rows->first, 0 };
    const hsize_t extent[2] = { rows->count, rows->dataset->width };
    const hid_t memory_space = H5Screate_simple(dimension_count, extent, NULL);
    const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE);
    H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, extent, NULL);
    const herr_t written =
        H5Dwrite(dataset, type, memory_space, file_space, transfer, rows->values);
    H5Pclose(transfer);
    H5Sclose(memory_space);
    return written;
}

static herr_t write_dataset(hid_t file, const struct plain_store_rows *rows,
                            const struct store_options *options, bool is_packed)
{
    const struct store_dataset *dataset = rows->dataset;
    const hsize_t dims[2] = { dataset->rows, dataset->width };
    const int dimension_count = dataset->type != COLUMN_TEXT && dataset->width > 1 ? 2 : 1;
    const hid_t space = H5Screate_simple(dimension_count, dims, NULL);
    const hid_t layout = is_packed ? layout_of(dataset, options, dimension_count, dims)
                                   : H5Pcreate(H5P_DATASET_CREATE);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE);
    const hid_t type = type_of(dataset, is_packed);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t created = H5Dcreate2(file, dataset->name, type, space, links, layout, H5P_DEFAULT);
    herr_t written = -1;
    if (created >= 0) {
        written = write_rows(created, type, space, dimension_count, rows);
        H5Dclose(created);
    }
    H5Tclose(type);
    H5Pclose(links);
    H5Pclose(layout);
    H5Sclose(space);
    return written;
}

void plain_store_write(const struct store_options *options, const struct team *team,
                       const struct plain_store_rows *rows, size_t dataset_count, bool is_packed)
{
    const hid_t file = create_file(options->path, team);
    herr_t written = file >= 0 ? 0 : -1;
    for (size_t d = 0; d < dataset_count && written >= 0; d++)
        written = write_dataset(file, &rows[d], options, is_packed);
    if (written < 0 || H5Fclose(file) < 0) {
        hdf5_fail(options->path, "cannot write");
        team_abort(team, status_text());
    }
}
