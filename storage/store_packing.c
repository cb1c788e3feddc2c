/* Does deflate pay? Found by trying it on a sample, in memory. */
#include "storage/hdf5_file.h"
#include "storage/shard_format.h"
#include "storage/shard_memory.h"
#include "storage/store_writer.h"

static enum status stored_bytes(hsize_t *bytes, const struct store_dataset *dataset, uint64_t rows,
                                const void *values, int deflate_level)
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
    const struct hdf5_packing packing = { .bits = dataset->bits,
                                          .deflate_level = deflate_level,
                                          .is_shuffled = deflate_level > 0 && dataset->bits == 0 &&
                                                         value_bytes > 1 };
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

enum status store_packing_pays(bool *pays, const struct store_dataset *dataset, uint64_t rows,
                               const void *values, int deflate_level)
{
    hsize_t plain = 0, deflated = 0;
    *pays = false;
    if (rows == 0 || deflate_level == 0)
        return STATUS_OK;
    enum status outcome = stored_bytes(&plain, dataset, rows, values, 0);
    if (outcome == STATUS_OK)
        outcome = stored_bytes(&deflated, dataset, rows, values, deflate_level);
    *pays = outcome == STATUS_OK && deflated < plain - plain / 20;
    return outcome;
}
