/** NumPy arrays inside pickles: NumPy's own form, and joblib's, which puts an array's bytes into
 * the stream behind the object that describes it. Sources: numpy/core/src/multiarray/methods.c
 * (__reduce__), joblib/numpy_pickle.py (NumpyArrayWrapper). */
#ifndef STORAGE_JOBLIB_ARRAY_H
#define STORAGE_JOBLIB_ARRAY_H

#include "storage/numpy_array.h"
#include "storage/pickle.h"

/** A hook for pickle_read that passes over the arrays of joblib. `name` (borrowed) is for messages.
 */
struct pickle_hook joblib_array_hook(const char *name);

/** Reads a value that is an array in one of the two forms; it borrows the pickle's bytes.
 * Errors: STATUS_INVALID (something else, by name), STATUS_CORRUPT. */
enum status joblib_array_read(struct numpy_array *out, const struct pickle_value *value,
                              const char *name);

#endif
