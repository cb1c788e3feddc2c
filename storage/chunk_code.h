/** Codes of HDF5 chunks: the Fletcher-32 checksum, and integers out of what the N-bit and shuffle
 * filters hold, a few at a time. HDF5 undoes a filter for a whole chunk, and N-bit slowly; a reader
 * of single records wants a few values out of many chunks. All functions are local.
 *
 * Source: what HDF5 1.10 writes (H5Zfletcher32.c, H5Znbit.c and H5Zshuffle.c say how), equal bit
 * for bit. */
#ifndef STORAGE_CHUNK_CODE_H
#define STORAGE_CHUNK_CODE_H

#include <stddef.h>
#include <stdint.h>

/** How unsigned little-endian integers lie in a chunk. */
enum chunk_form {
    CHUNK_PLAIN,  /* one after the other */
    CHUNK_PLANES, /* shuffled: all first bytes, all second bytes, ... */
    CHUNK_BITS    /* N-bit: the significant bits of each, highest first, without gaps */
};

/** The values of a chunk. */
struct chunk_values {
    enum chunk_form form;
    const uint8_t *bytes;
    size_t count;       /* values in the chunk */
    size_t value_bytes; /* 1 .. 8, of an unpacked value */
    unsigned bits;      /* CHUNK_BITS: significant bits, 1 .. 8 * value_bytes */
};

/** Fletcher-32 as HDF5 has it; stored little-endian behind the bytes. */
uint32_t chunk_checksum(const uint8_t *bytes, size_t byte_count);

/** Bytes that `count` values take in a form. */
size_t chunk_form_bytes(enum chunk_form form, size_t count, size_t value_bytes, unsigned bits);

/** Values first .. first + count - 1 as they are in memory: [count][value_bytes].
 *
 *     values  out; first + count is at most chunk->count */
void chunk_take(void *values, const struct chunk_values *chunk, size_t first, size_t count);

#endif
