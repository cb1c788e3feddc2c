/** How a dataset of a store lies in HDF5: what the writer, its trials and its measure share. */
#ifndef STORAGE_STORE_PACKING_H
#define STORAGE_STORE_PACKING_H

#include "storage/hdf5_file.h"
#include "storage/store_writer.h"

/** Filters and chunks of the dataset. Local. */
struct hdf5_packing store_packing_of(const struct store_dataset *dataset,
                                     const struct store_options *options);

#endif
