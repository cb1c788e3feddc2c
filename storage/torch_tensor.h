/** One tensor of a PyTorch file: from the call that would rebuild it to bytes in order. Used by the
 * reader of such files only. */
#ifndef STORAGE_TORCH_TENSOR_H
#define STORAGE_TORCH_TENSOR_H

#include "nn/tensor_table.h"
#include "storage/pickle.h"

/** The storages of a file, which the pickle names by key. */
struct torch_storages {
    /** The bytes of a storage; false where there is none. */
    bool (*find)(struct pickle_bytes *out, const void *context, struct pickle_bytes key);
    const void *context;
    size_t copy_bytes_left; /* what may still be spent on putting views in order */
    const char *name;       /* the file, for messages */
};

/** The tensor inside Parameters, or `value` itself. */
const struct pickle_value *torch_tensor_unwrap(const struct pickle_value *value);

/** True where the (unwrapped) value is a call that rebuilds a tensor, of whatever sort. */
bool torch_tensor_is(const struct pickle_value *value);

/** Reads the element type that a storage's identity names. Errors: STATUS_INVALID, STATUS_CORRUPT.
 */
enum status torch_tensor_read_type(enum tensor_type *type, const struct pickle_value *persistent,
                                   const char *name);

/** The key of a storage. Errors: STATUS_CORRUPT. */
enum status torch_tensor_read_key(struct pickle_bytes *key, const struct pickle_value *persistent,
                                  const char *name);

/** Fills all of `tensor` but its name, which is there already and used in messages. A tensor that
 * lies in its storage row by row borrows those bytes; other views are put in order in a copy.
 *
 * Errors: STATUS_CORRUPT (outside its storage, storage absent, impossible shape), STATUS_INVALID (a
 * sort of tensor or a type that is not supported), STATUS_NO_MEMORY. */
enum status torch_tensor_read(struct tensor *tensor, const struct pickle_value *call,
                              struct torch_storages *storages);

#endif
