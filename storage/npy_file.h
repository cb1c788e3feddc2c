/** .npy files: one array behind a short header in Python's notation.
 *
 * Format: NumPy, numpy/lib/format.py, versions 1 to 3. All functions are local. */
#ifndef STORAGE_NPY_FILE_H
#define STORAGE_NPY_FILE_H

#include "storage/numpy_array.h"

/** Finds the array in the bytes of a file; it borrows them. `name` is for messages.
 * Errors: STATUS_CORRUPT (no .npy file, cut short, longer than its header says), STATUS_INVALID (a
 * version or a type that is not supported). */
enum status npy_file_parse(struct numpy_array *out, const uint8_t *bytes, size_t byte_count,
                           const char *name);

/** Reads a vector or a matrix as float, in C order whatever the file's order.
 *
 *     values [rows][columns]  out  the caller's, to free; NULL on failure
 *
 * Errors: as npy_file_parse and numpy_array_to_matrix; STATUS_NOT_FOUND, STATUS_IO. */
enum status npy_file_read(float **values, size_t *rows, size_t *columns, const char *path);

#endif
