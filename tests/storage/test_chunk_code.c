/* The codes of HDF5 chunks against HDF5 itself: values of every width that N-bit may have, shuffled
 * and plain ones, out of the chunks as HDF5 wrote them, and the checksum behind each. */
#include "core/random.h"
#include "storage/chunk_cache.h"
#include "storage/chunk_code.h"
#include "storage/hdf5_file.h"
#include "storage/hdf5_prepare.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT = 1003, CHUNK_BYTES_MAX = COUNT * 8 + 64 };

/* Random numbers of `bits` bits, as they are in memory. */
static void fill(uint8_t *values, size_t value_bytes, unsigned bits)
{
    struct random_stream stream = random_stream_numbered(7, bits, "chunk");
    for (size_t v = 0; v < COUNT; v++) {
        const uint64_t value = (uint64_t)random_bits(&stream) << 32 | random_bits(&stream);
        const uint64_t narrow = value >> (64 - bits);
        memcpy(values + v * value_bytes, &narrow, value_bytes);
    }
}

/* One chunk of these values as HDF5 stores it under `packing`. */
static size_t stored_chunk(uint8_t *chunk, const struct hdf5_packing *packing, size_t value_bytes,
                           const uint8_t *values)
{
    hid_t file = H5I_INVALID_HID;
    const hsize_t dims = COUNT, origin = 0;
    hsize_t bytes = 0;
    uint32_t skipped = 0;
    check_status(hdf5_image_create(&file), STATUS_OK, NULL);
    const hid_t type = hdf5_unsigned_type(value_bytes, packing->bits);
    check_status(hdf5_write(file, "x", type, type, 1, &dims, packing, values), STATUS_OK, NULL);
    const hid_t dataset = H5Dopen2(file, "x", H5P_DEFAULT);
    CU_ASSERT(H5Dget_chunk_storage_size(dataset, &origin, &bytes) >= 0);
    CU_ASSERT(bytes <= CHUNK_BYTES_MAX);
    CU_ASSERT(H5Dread_chunk(dataset, H5P_DEFAULT, &origin, &skipped, chunk) >= 0);
    CU_ASSERT_EQUAL(skipped, 0);
    H5Dclose(dataset);
    H5Tclose(type);
    H5Fclose(file);
    return (size_t)bytes;
}

static void check_values(const struct chunk_values *chunk, const uint8_t *expected)
{
    uint8_t taken[COUNT * 8];
    const size_t firsts[] = { 0, 1, 2, 3, 5, 7, 8, 100, COUNT - 9, COUNT - 1, COUNT };
    for (size_t f = 0; f < sizeof firsts / sizeof firsts[0]; f++)
        for (size_t count = 0; count <= COUNT - firsts[f]; count += count / 2 + 1) {
            chunk_take(taken, chunk, firsts[f], count);
            CU_ASSERT_EQUAL(memcmp(taken, expected + firsts[f] * chunk->value_bytes,
                                   count * chunk->value_bytes),
                            0);
        }
}

static void check_form(size_t value_bytes, unsigned bits, bool is_shuffled)
{
    uint8_t values[COUNT * 8], *chunk = malloc(CHUNK_BYTES_MAX);
    const bool is_narrow = bits < 8 * value_bytes;
    const struct hdf5_packing packing = { .bits = is_narrow ? bits : 0,
                                          .is_shuffled = is_shuffled };
    fill(values, value_bytes, bits);
    const size_t stored = stored_chunk(chunk, &packing, value_bytes, values) - 4;
    uint32_t checksum = 0;
    memcpy(&checksum, chunk + stored, sizeof checksum);
    CU_ASSERT_EQUAL(chunk_checksum(chunk, stored), checksum);

    const enum chunk_form form = is_narrow ? CHUNK_BITS : is_shuffled ? CHUNK_PLANES : CHUNK_PLAIN;
    const size_t needed = chunk_form_bytes(form, COUNT, value_bytes, bits);
    CU_ASSERT(stored == needed || stored == needed + 1);
    uint8_t *exact = malloc(needed); /* nothing behind the end is read */
    memcpy(exact, chunk, needed);
    const struct chunk_values packed = { form, exact, COUNT, value_bytes, bits };
    check_values(&packed, values);
    free(exact);
    free(chunk);
}

static void bits_of_every_width(void)
{
    for (unsigned bits = 1; bits < 16; bits++)
        check_form(2, bits, false);
    for (unsigned bits = 1; bits < 64; bits++)
        check_form(8, bits, false);
    check_form(1, 3, false);
    check_form(4, 29, false);
}

static void planes_and_plain_values(void)
{
    for (size_t value_bytes = 1; value_bytes <= 8; value_bytes *= 2) {
        check_form(value_bytes, (unsigned)(8 * value_bytes), false);
        if (value_bytes > 1)
            check_form(value_bytes, (unsigned)(8 * value_bytes), true);
    }
}

/* HDF5's own sums, one word at a time. */
static uint32_t plain_checksum(const uint8_t *bytes, size_t byte_count)
{
    uint32_t words = 0, sums = 0;
    for (size_t b = 0; b < byte_count; b += 2) {
        words += (uint32_t)bytes[b] << 8 | (b + 1 < byte_count ? bytes[b + 1] : 0u);
        words = (words & 0xFFFF) + (words >> 16);
        sums += words;
        sums = (sums & 0xFFFF) + (sums >> 16);
    }
    return sums << 16 | words;
}

static void checksums_of_every_length(void)
{
    uint8_t bytes[COUNT];
    for (size_t length = 0; length <= sizeof bytes; length++) {
        fill(bytes, 1, 8);
        memset(bytes, (int)(length % 3) * 127, length / 2); /* zeros, and the largest sums */
        CU_ASSERT_EQUAL(chunk_checksum(bytes, length), plain_checksum(bytes, length));
    }
    memset(bytes, 0xFF, sizeof bytes);
    CU_ASSERT_EQUAL(chunk_checksum(bytes, 640), plain_checksum(bytes, 640));
    memset(bytes, 0, sizeof bytes);
    CU_ASSERT_EQUAL(chunk_checksum(bytes, 640), 0);
}

/* Chunk `index` of column `index` % 3, of 100 bytes. */
static void add(struct chunk_cache *cache, uint64_t index)
{
    struct cached_chunk *chunk = NULL;
    check_status(chunk_cache_add(&chunk, cache, index % 3, index, 100), STATUS_OK, NULL);
    memset(chunk->bytes, (int)index, 100);
}

static bool has(struct chunk_cache *cache, uint64_t index)
{
    const struct cached_chunk *chunk = chunk_cache_find(cache, index % 3, index);
    CU_ASSERT(chunk == NULL || (chunk->bytes[99] == (uint8_t)index && chunk->index == index));
    return chunk != NULL;
}

static void a_cache_keeps_what_was_used_last(void)
{
    struct chunk_cache *cache = NULL;
    check_status(chunk_cache_create(&cache, 1000), STATUS_OK, NULL);
    for (uint64_t index = 0; index < 10; index++)
        add(cache, index);
    CU_ASSERT_EQUAL(chunk_cache_bytes(cache), 1000);
    CU_ASSERT(has(cache, 0));
    add(cache, 10); /* in place of 1, used longest ago now */
    CU_ASSERT(has(cache, 0) && !has(cache, 1) && has(cache, 2) && has(cache, 10));
    CU_ASSERT_PTR_NULL(chunk_cache_find(cache, 1, 0)); /* of another column */
    for (uint64_t index = 100; index < 10000; index++) {
        add(cache, index);
        CU_ASSERT_EQUAL(chunk_cache_bytes(cache), 1000);
    }
    CU_ASSERT(!has(cache, 10) && has(cache, 9990) && has(cache, 9999));
    struct cached_chunk *chunk = NULL;
    check_status(chunk_cache_add(&chunk, cache, 0, 5, 5000), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(chunk_cache_bytes(cache), 5000); /* always one */
    chunk_cache_drop(cache, chunk);
    CU_ASSERT_EQUAL(chunk_cache_bytes(cache), 0);
    CU_ASSERT_PTR_NULL(chunk_cache_find(cache, 0, 5));
    chunk_cache_destroy(cache);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "bits of every width", bits_of_every_width },
        { "planes and plain values", planes_and_plain_values },
        { "checksums of every length", checksums_of_every_length },
        { "a cache keeps what was used last", a_cache_keeps_what_was_used_last },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "chunk code", cases);
}
