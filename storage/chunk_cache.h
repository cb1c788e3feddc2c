/** Chunk cache: what was last read of several datasets, up to a number of bytes. The chunk that was
 * used longest ago makes room. All functions are local. */
#ifndef STORAGE_CHUNK_CACHE_H
#define STORAGE_CHUNK_CACHE_H

#include "core/status.h"
#include "storage/chunk_code.h"

#include <stddef.h>
#include <stdint.h>

struct chunk_cache; /* opaque */

/** One chunk. The bytes are the reader's to fill after chunk_cache_add. */
struct cached_chunk {
    size_t column;  /* the reader's number of the dataset */
    uint64_t index; /* of the chunk in it */
    enum chunk_form form;
    size_t byte_count;
    uint8_t *bytes; /* owned by the cache */
};

/** An empty cache for up to `byte_limit` bytes of chunks, and always for one chunk. On success the
 * caller ends `*out` with chunk_cache_destroy. Errors: STATUS_NO_MEMORY. */
enum status chunk_cache_create(struct chunk_cache **out, size_t byte_limit);

/** The chunk, now the one used last, or NULL. Valid until chunk_cache_add or chunk_cache_drop. */
const struct cached_chunk *chunk_cache_find(struct chunk_cache *cache, size_t column,
                                            uint64_t index);

/** Room for a chunk that is not there yet, after what must go has gone. `*out` is valid until the
 * next call. Errors: STATUS_NO_MEMORY. */
enum status chunk_cache_add(struct cached_chunk **out, struct chunk_cache *cache, size_t column,
                            uint64_t index, size_t byte_count);

/** Forgets a chunk that was just added and could not be filled. */
void chunk_cache_drop(struct chunk_cache *cache, struct cached_chunk *chunk);

/** Bytes of the chunks held now. */
size_t chunk_cache_bytes(const struct chunk_cache *cache);

/** NULL is allowed. */
void chunk_cache_destroy(struct chunk_cache *cache);

#endif
