/** An array as NumPy lays it out, inside an .npy file or a pickle. All functions are local. */
#ifndef STORAGE_NUMPY_ARRAY_H
#define STORAGE_NUMPY_ARRAY_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMPY_DIMENSIONS_MAX = 32 };

struct numpy_array {
    char byte_order; /* '<', '>', '|' (none) or '=' (of the machine) */
    char kind;       /* NumPy's letter: 'f', 'i', 'u', 'b', ... */
    size_t element_bytes;
    bool is_fortran; /* first index fastest */
    size_t dimension_count, shape[NUMPY_DIMENSIONS_MAX];
    size_t byte_count;    /* of all elements */
    const uint8_t *bytes; /* [byte_count], borrowed */
};

/** Reads a type such as "<f4", "f4" or "|b1"; without an order it is '='. False for what has
 * no fixed size or no such form. */
bool numpy_array_read_type(struct numpy_array *array, const char *text, size_t text_bytes);

/** Computes byte_count from shape and element size; false where it overflows. */
bool numpy_array_measure(struct numpy_array *array);

/** Converts a vector or a matrix to float, in C order.
 *
 *     values [rows][columns]  out  the caller's, to free; NULL on failure
 *     array                   in   f2, f4, f8, integers of 1 to 8 bytes or bool, little-endian; one
 *                                  dimension gives one column
 *
 * `name` is for messages. Errors: STATUS_INVALID (another type or number of dimensions),
 * STATUS_CORRUPT (a value that is not finite), STATUS_NO_MEMORY. */
enum status numpy_array_to_matrix(float **values, size_t *rows, size_t *columns,
                                  const struct numpy_array *array, const char *name);

#endif
