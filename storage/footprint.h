/** Footprint: what an HDF5 file really takes on disk, object by object. All functions are local. */
#ifndef STORAGE_FOOTPRINT_H
#define STORAGE_FOOTPRINT_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One dataset or group. A group has only a name and header_bytes. */
struct footprint_object {
    char *name; /* "/speech/units"; owned by the footprint */
    bool is_dataset;
    uint64_t rows, width;    /* extent: rows of `width` values; a text is one value */
    unsigned value_bits;     /* significant bits of a value; of a text: 8 a byte of its width */
    uint64_t chunk_count;    /* 0 where it is not chunked */
    uint64_t logical_bytes;  /* rows * width values as they are read, unpacked */
    uint64_t data_bytes;     /* stored: packed values with their checksums */
    uint64_t checksum_bytes; /* of data_bytes: 4 a chunk under Fletcher-32 */
    uint64_t index_bytes;    /* where the chunks are */
    uint64_t header_bytes;   /* object header with attributes; of a group its table of names too */
};

/** A whole file. data_bytes + index_bytes + overhead_bytes is file_bytes. */
struct footprint {
    struct footprint_object *objects; /* sorted by name; the root is "/" */
    size_t object_count;
    uint64_t file_bytes; /* size on disk */
    uint64_t data_bytes; /* sums over the datasets */
    uint64_t index_bytes;
    uint64_t checksum_bytes;
    uint64_t overhead_bytes; /* the rest: headers, names, attributes, and space that HDF5 left */
};

/** Reads the footprint of the file at `path`; no values are read. On success the caller ends `*out`
 * with footprint_end; on failure it is empty.
 *
 * Errors: STATUS_NOT_FOUND
 *         STATUS_CORRUPT    not HDF5, cut short, or objects that claim more than the file has
 *         STATUS_INVALID    more than a million objects
 *         STATUS_NO_MEMORY */
enum status footprint_read(struct footprint *out, const char *path);

/** An all-zero footprint is allowed. */
void footprint_end(struct footprint *footprint);

/** The object of that name, or NULL. */
const struct footprint_object *footprint_find(const struct footprint *footprint, const char *name);

#endif
