/** Inflating what deflate made, as HDF5's deflate filter writes it (zlib's format). The door to
 * zlib. Local. */
#ifndef STORAGE_INFLATE_H
#define STORAGE_INFLATE_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Inflates `packed` [packed_bytes] into `bytes` [capacity]; `*byte_count` is what it gave. One
 * byte too many is an error, so a small input never becomes a large output. The checksum behind the
 * deflated bytes is not looked at: chunks of stores have one of their own.
 * Errors: STATUS_CORRUPT; STATUS_NO_MEMORY. */
enum status inflate_bytes(size_t *byte_count, uint8_t *bytes, size_t capacity,
                          const uint8_t *packed, size_t packed_bytes);

#endif
