/** Tensor table: the named tensors of a weights file, before any net has claimed them.
 *
 * Readers in storage/ fill one; nets in tokenizers/ and models/ take from it. The table borrows or
 * owns its bytes through `owner`, so a memory-mapped file is shared by the ranks of a node for
 * as long as a net borrows from it. */
#ifndef NN_TENSOR_TABLE_H
#define NN_TENSOR_TABLE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tensor_type {
    TENSOR_F32,
    TENSOR_F64,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I8,
    TENSOR_U8,
    TENSOR_I16,
    TENSOR_I32,
    TENSOR_I64,
    TENSOR_BOOL
};

enum { TENSOR_DIMENSIONS_MAX = 8 };

struct tensor {
    char *name; /* owned by the table */
    enum tensor_type type;
    size_t dimension_count; /* 0 for a scalar */
    size_t shape[TENSOR_DIMENSIONS_MAX];
    size_t count;     /* product of shape */
    const void *data; /* row-major, contiguous, little-endian, perhaps unaligned */
    void *owned;      /* `data` where it was allocated for this entry alone, else NULL */
};

struct tensor_table {
    struct tensor *tensors; /* owned, sorted by name */
    size_t count;
    char *source; /* owned: the file's path, for messages */
    void *owner;  /* what holds the bytes of `data` */
    void (*release)(void *owner);
};

/** Bytes of one element. */
size_t tensor_type_bytes(enum tensor_type type);

/** "F32", "BF16", ... as safetensors writes them. */
const char *tensor_type_name(enum tensor_type type);

/** Frees names, entries and, through `release`, the bytes. An all-zero table is allowed. */
void tensor_table_end(struct tensor_table *table);

/** Adds an F32 tensor of zeros for the caller to fill: `*values` [product of shape], owned by the
 * table. Errors: STATUS_NO_MEMORY; STATUS_INVALID for a name that is there already. */
enum status tensor_table_add(float **values, struct tensor_table *table, const char *name,
                             size_t dimension_count, const size_t *shape);

/** The tensor called `name`, or NULL. */
const struct tensor *tensor_table_find(const struct tensor_table *table, const char *name);

/** Checks that `name` is there with this shape, that every value is finite, and copies it as
 * float.
 *
 *     values [product of shape]  out
 *
 * Errors: STATUS_CORRUPT, naming file, tensor and what was expected. */
enum status tensor_table_read(float *values, const struct tensor_table *table, const char *name,
                              size_t dimension_count, const size_t *shape);

/** As tensor_table_read, but without a copy where the file's bytes can be used as they are
 * (F32, aligned): `*values` is then borrowed from the table, and `*owned` is NULL. Otherwise
 * `*owned` is a new buffer for the caller to free, and `*values` points to it. */
enum status tensor_table_borrow(const float **values, float **owned,
                                const struct tensor_table *table, const char *name,
                                size_t dimension_count, const size_t *shape);

#endif
