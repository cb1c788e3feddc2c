/* Which packing is smallest? Found by trying them on a sample, in memory. */
#include "storage/store_packing.h"

#include "storage/shard_format.h"
#include "storage/shard_memory.h"

enum { SAMPLE_BYTES = 4 << 20 };

/* As many rows as fit into a chunk at the most, and of as many chunks as that makes, equal ones:
 * HDF5 stores the last chunk whole, however few of its rows there are. */
static size_t rows_of_chunk(const struct store_dataset *dataset, size_t chunk_bytes)
{
    const uint64_t fitting = chunk_bytes / (dataset->width * column_type_bytes(dataset->type));
    const uint64_t rows = dataset->rows > 0 ? dataset->rows : 1;
    const uint64_t chunks = fitting > 0 ? (rows - 1) / fitting + 1 : rows;
    return (size_t)((rows - 1) / chunks + 1);
}

struct hdf5_packing store_packing_of(const struct store_dataset *dataset,
                                     const struct store_options *options)
{
    const size_t value_bytes = column_type_bytes(dataset->type);
    const bool is_narrower =
        dataset->chunk_bytes > 0 && dataset->chunk_bytes < options->chunk_bytes;
    const size_t chunk_bytes = is_narrower ? dataset->chunk_bytes : options->chunk_bytes;
    const bool is_shuffled =
        dataset->is_deflated && value_bytes > 1 && (dataset->bits == 0 || dataset->is_shuffled);
    return (struct hdf5_packing){
        .bits = is_shuffled ? 0 : dataset->bits,
        .deflate_level = dataset->is_deflated ? options->deflate_level : 0,
        .is_shuffled = is_shuffled,
        .chunk_rows = rows_of_chunk(dataset, chunk_bytes),
    };
}

static enum status stored_bytes(hsize_t *bytes, const struct store_dataset *dataset,
                                const struct store_options *options, uint64_t rows,
                                const void *values)
{
    hid_t file;
    enum status outcome = hdf5_image_create(&file);
    if (outcome != STATUS_OK)
        return outcome;
    const bool is_text = dataset->type == COLUMN_TEXT;
    const size_t value_bytes = column_type_bytes(dataset->type);
    const hid_t type = is_text             ? hdf5_text_type(dataset->width)
                       : dataset->bits > 0 ? hdf5_unsigned_type(value_bytes, dataset->bits)
                                           : shard_memory_type(dataset->type);
    const hsize_t dims[2] = { rows, dataset->width };
    const struct hdf5_packing packing = store_packing_of(dataset, options);
    outcome = hdf5_write(file, "sample", type, type, is_text ? 1 : 2, dims, &packing, values);
    if (outcome == STATUS_OK) {
        const hid_t sample = H5Dopen2(file, "sample", H5P_DEFAULT);
        *bytes = H5Dget_storage_size(sample);
        H5Dclose(sample);
    }
    H5Tclose(type);
    H5Fclose(file);
    return outcome;
}

/* Rows of the sample: whole chunks where there is one, since HDF5 fills the last one up. */
static uint64_t sample_rows(const struct store_dataset *dataset,
                            const struct store_options *options, uint64_t rows)
{
    const uint64_t chunk_rows = store_packing_of(dataset, options).chunk_rows;
    const uint64_t most = SAMPLE_BYTES / (dataset->width * column_type_bytes(dataset->type)) + 1;
    const uint64_t wanted = rows < most ? rows : most;
    return wanted > chunk_rows ? wanted - wanted % chunk_rows
           : rows < chunk_rows ? rows
                               : chunk_rows;
}

enum status store_packing_choose(struct store_dataset *dataset, const struct store_options *options,
                                 uint64_t rows, const void *values)
{
    struct store_dataset trial = *dataset;
    const bool has_choice = dataset->bits > 0 && column_type_bytes(dataset->type) > 1;
    hsize_t plain = 0, deflated = 0, shuffled = 0;
    dataset->is_deflated = dataset->is_shuffled = trial.is_deflated = trial.is_shuffled = false;
    if (rows == 0 || options->deflate_level == 0)
        return STATUS_OK;
    rows = sample_rows(dataset, options, rows);
    enum status outcome = stored_bytes(&plain, &trial, options, rows, values);
    trial.is_deflated = true;
    if (outcome == STATUS_OK)
        outcome = stored_bytes(&deflated, &trial, options, rows, values);
    trial.is_shuffled = true;
    if (outcome == STATUS_OK && has_choice)
        outcome = stored_bytes(&shuffled, &trial, options, rows, values);
    if (outcome != STATUS_OK)
        return outcome;
    const bool shuffle_wins = has_choice && shuffled < deflated;
    dataset->is_deflated = (shuffle_wins ? shuffled : deflated) < plain - plain / 20;
    dataset->is_shuffled = dataset->is_deflated && shuffle_wins;
    return STATUS_OK;
}
