/** What all users of HDF5 share: its messages as status text, attributes, datasets in one call,
 * and small files built in memory, so that they appear whole or not at all. All functions are
 * local and for serial files; the parallel store is storage/store_writer.c. */
#ifndef STORAGE_HDF5_FILE_H
#define STORAGE_HDF5_FILE_H

#include "core/status.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** STATUS_IO with "`subject`: `fact` (innermost HDF5 message)". */
enum status hdf5_fail(const char *subject, const char *fact);

/** A file in memory. On success `*file` is the caller's: hdf5_image_publish or H5Fclose ends it. */
enum status hdf5_image_create(hid_t *file);

/** Closes the file in memory, also on failure, and writes it to `path` (path.partial, flush,
 * rename), with a seal behind what HDF5 reads: 16 letters "unitmill sealed " and the digest of all
 * bytes before. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status hdf5_image_publish(hid_t file, const char *path);

/** As hdf5_open, for what hdf5_image_publish wrote, once its seal is found whole. HDF5 1.10 itself
 * does not survive every damage of its structures. Reads the whole file.
 * Errors: STATUS_NOT_FOUND; STATUS_CORRUPT; STATUS_IO; STATUS_NO_MEMORY. */
enum status hdf5_open_sealed(hid_t *file, const char *path);

/** Opens an existing file for reading. Errors: STATUS_NOT_FOUND; STATUS_CORRUPT (not HDF5, cut
 * short). */
enum status hdf5_open(hid_t *file, const char *path);

/** Attributes of `object`. Getting an absent or an unsuitable one is STATUS_CORRUPT. */
enum status hdf5_put_text(hid_t object, const char *name, const char *text);
enum status hdf5_put_number(hid_t object, const char *name, uint64_t number);
enum status hdf5_get_text(char *text, size_t text_bytes, hid_t object, const char *name);
enum status hdf5_get_number(uint64_t *number, hid_t object, const char *name);

/** How a dataset is held. */
struct hdf5_packing {
    unsigned bits;     /* N-bit filter: significant bits of an unsigned integer; 0: no filter */
    int deflate_level; /* 0: none */
    bool is_shuffled;
    size_t chunk_rows; /* 0: one chunk for all rows */
};

/** The file type for unsigned integers of `bytes` bytes, `bits` significant ones (0: all); close it
 * with H5Tclose. In a parallel write it is the memory type too: conversion is not allowed there. */
hid_t hdf5_unsigned_type(size_t bytes, unsigned bits);

/** The file type for UTF-8 texts of at most `bytes` bytes, padded with zeros; H5Tclose. */
hid_t hdf5_text_type(size_t bytes);

/** Creation properties for `dims` [dimension_count] under `packing`, with a Fletcher-32 checksum on
 * every chunk; H5Pclose. An empty dataset is contiguous, since it has nothing to filter. */
hid_t hdf5_layout(const struct hdf5_packing *packing, int dimension_count, const hsize_t *dims);

/** Creates and writes a whole dataset. `memory_type` is what `values` holds.
 * Errors: STATUS_IO, naming it. */
enum status hdf5_write(hid_t place, const char *name, hid_t file_type, hid_t memory_type,
                       int dimension_count, const hsize_t *dims, const struct hdf5_packing *packing,
                       const void *values);

/** Opens a dataset and gives its extent: `dims` [*dimension_count], at most 4.
 * H5Dclose ends it. Errors: STATUS_CORRUPT where it is absent or has more dimensions. */
enum status hdf5_open_dataset(hid_t *dataset, hid_t place, const char *name, int *dimension_count,
                              hsize_t dims[4]);

#endif
