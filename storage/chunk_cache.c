#include "storage/chunk_cache.h"

#include <stdlib.h>

enum { BUCKETS = 4096 };

/* A chunk in its bucket, and in the order of use. */
struct entry {
    struct cached_chunk chunk; /* first: chunk_cache_drop is given this */
    struct entry *next_in_bucket, *older, *newer;
};

struct chunk_cache {
    struct entry *buckets[BUCKETS];
    struct entry *oldest, *newest;
    size_t byte_limit, byte_count;
};

enum status chunk_cache_create(struct chunk_cache **out, size_t byte_limit)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "chunk cache: no memory");
    (*out)->byte_limit = byte_limit;
    return STATUS_OK;
}

static struct entry **bucket_of(struct chunk_cache *cache, size_t column, uint64_t index)
{
    const uint64_t mixed = (index * 31 + column) * UINT64_C(0x9E3779B97F4A7C15);
    return &cache->buckets[mixed >> 52];
}

static void leave_order(struct chunk_cache *cache, struct entry *entry)
{
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
}

static void become_newest(struct chunk_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void forget(struct chunk_cache *cache, struct entry *entry)
{
    struct entry **link = bucket_of(cache, entry->chunk.column, entry->chunk.index);
    while (*link != entry)
        link = &(*link)->next_in_bucket;
    *link = entry->next_in_bucket;
    leave_order(cache, entry);
    cache->byte_count -= entry->chunk.byte_count;
    free(entry->chunk.bytes);
    free(entry);
}

const struct cached_chunk *chunk_cache_find(struct chunk_cache *cache, size_t column,
                                            uint64_t index)
{
    struct entry *entry = *bucket_of(cache, column, index);
    while (entry != NULL && (entry->chunk.column != column || entry->chunk.index != index))
        entry = entry->next_in_bucket;
    if (entry == NULL)
        return NULL;
    leave_order(cache, entry);
    become_newest(cache, entry);
    return &entry->chunk;
}

enum status chunk_cache_add(struct cached_chunk **out, struct chunk_cache *cache, size_t column,
                            uint64_t index, size_t byte_count)
{
    *out = NULL;
    while (cache->oldest != NULL &&
           (byte_count > cache->byte_limit || cache->byte_count > cache->byte_limit - byte_count))
        forget(cache, cache->oldest);
    struct entry *entry = calloc(1, sizeof *entry);
    uint8_t *bytes = malloc(byte_count > 0 ? byte_count : 1);
    if (entry == NULL || bytes == NULL) {
        free(entry);
        free(bytes);
        return status_fail(STATUS_NO_MEMORY, "a chunk of %zu bytes", byte_count);
    }
    struct entry **bucket = bucket_of(cache, column, index);
    entry->chunk = (struct cached_chunk){ column, index, CHUNK_PLAIN, byte_count, bytes };
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    become_newest(cache, entry);
    cache->byte_count += byte_count;
    *out = &entry->chunk;
    return STATUS_OK;
}

void chunk_cache_drop(struct chunk_cache *cache, struct cached_chunk *chunk)
{
    struct entry *entry = cache->newest;
    while (&entry->chunk != chunk)
        entry = entry->older;
    forget(cache, entry);
}

size_t chunk_cache_bytes(const struct chunk_cache *cache)
{
    return cache->byte_count;
}

void chunk_cache_destroy(struct chunk_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->oldest != NULL)
        forget(cache, cache->oldest);
    free(cache);
}
