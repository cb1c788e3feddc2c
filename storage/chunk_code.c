#include "storage/chunk_code.h"

#include <string.h>

enum { CHECKSUM_WORDS = 32, CHECKSUM_MODULUS = 65535 };

/* Sums of 16-bit words, highest byte first: of the words, and of the running sums. */
struct fletcher {
    uint64_t words, sums;
};

/* The fixed length lets the compiler use wide registers. */
static void add_words(struct fletcher *sum, const uint8_t *bytes)
{
    uint32_t words = 0, weighted = 0;
    for (uint32_t w = 0; w < CHECKSUM_WORDS; w++) {
        const uint32_t word = (uint32_t)bytes[2 * w] << 8 | bytes[2 * w + 1];
        words += word;
        weighted += (CHECKSUM_WORDS - w) * word;
    }
    sum->sums += CHECKSUM_WORDS * sum->words + weighted;
    sum->words += words;
}

/* HDF5 folds sums instead of dividing: a multiple of 65,535 is 65,535 then, and 0 only if all words
 * are. */
static uint32_t fold(uint64_t sum)
{
    const uint32_t rest = (uint32_t)(sum % CHECKSUM_MODULUS);
    return rest == 0 && sum > 0 ? CHECKSUM_MODULUS : rest;
}

uint32_t chunk_checksum(const uint8_t *bytes, size_t byte_count)
{
    struct fletcher sum = { 0 };
    size_t at = 0;
    for (size_t step = 0; byte_count - at >= 2 * CHECKSUM_WORDS; step++) {
        add_words(&sum, bytes + at);
        at += 2 * CHECKSUM_WORDS;
        if (step % 65536 == 65535) { /* long before the sums overflow */
            sum.words = fold(sum.words);
            sum.sums = fold(sum.sums);
        }
    }
    for (; at < byte_count; at += 2) {
        sum.words += (uint32_t)bytes[at] << 8 | (at + 1 < byte_count ? bytes[at + 1] : 0u);
        sum.sums += sum.words;
    }
    return fold(sum.sums) << 16 | fold(sum.words);
}

size_t chunk_form_bytes(enum chunk_form form, size_t count, size_t value_bytes, unsigned bits)
{
    if (form != CHUNK_BITS)
        return count * value_bytes;
    return count / 8 * bits + (count % 8 * bits + 7) / 8;
}

/* The eight bytes from `at` on, the first one highest; zeros behind the end. */
static uint64_t load_high_first(const uint8_t *bytes, size_t byte_count, size_t at)
{
    uint64_t loaded = 0;
    if (at + sizeof loaded <= byte_count) {
        memcpy(&loaded, bytes + at, sizeof loaded);
        return __builtin_bswap64(loaded);
    }
    for (size_t b = 0; b < sizeof loaded; b++)
        loaded = loaded << 8 | (at + b < byte_count ? bytes[at + b] : 0u);
    return loaded;
}

/* A value of up to 57 bits lies in the eight bytes from its first on; a wider one reaches into the
 * ninth. */
static uint64_t value_at(const struct chunk_values *chunk, size_t byte_count, size_t index)
{
    const size_t at = index / 8 * chunk->bits + index % 8 * chunk->bits / 8;
    const unsigned skipped = (unsigned)(index % 8 * chunk->bits % 8);
    uint64_t value = load_high_first(chunk->bytes, byte_count, at) << skipped;
    if (skipped + chunk->bits > 64)
        value |= (uint64_t)chunk->bytes[at + 8] >> (8 - skipped);
    return value >> (64 - chunk->bits);
}

/* Unit ids, by far the most: those whose eight bytes are all there. How many. */
static size_t take_ids(uint8_t *values, const struct chunk_values *chunk, size_t byte_count,
                       size_t first, size_t count)
{
    const size_t bits = chunk->bits;
    const unsigned shift = (unsigned)(64 - bits);
    size_t bit = first * bits, v = 0;
    for (; v < count && bit / 8 + sizeof(uint64_t) <= byte_count; v++, bit += bits) {
        uint64_t loaded;
        memcpy(&loaded, chunk->bytes + bit / 8, sizeof loaded);
        const uint16_t value = (uint16_t)(__builtin_bswap64(loaded) << bit % 8 >> shift);
        memcpy(values + v * sizeof value, &value, sizeof value);
    }
    return v;
}

static void take_bits(uint8_t *values, const struct chunk_values *chunk, size_t first, size_t count)
{
    const size_t byte_count = chunk_form_bytes(CHUNK_BITS, chunk->count, 0, chunk->bits);
    const size_t done = chunk->value_bytes == sizeof(uint16_t)
                            ? take_ids(values, chunk, byte_count, first, count)
                            : 0;
    for (size_t v = done; v < count; v++) {
        const uint64_t value = value_at(chunk, byte_count, first + v);
        memcpy(values + v * chunk->value_bytes, &value, chunk->value_bytes); /* little-endian */
    }
}

static void take_planes(uint8_t *values, const struct chunk_values *chunk, size_t first,
                        size_t count)
{
    for (size_t b = 0; b < chunk->value_bytes; b++) {
        const uint8_t *plane = chunk->bytes + b * chunk->count + first;
        for (size_t v = 0; v < count; v++)
            values[v * chunk->value_bytes + b] = plane[v];
    }
}

void chunk_take(void *values, const struct chunk_values *chunk, size_t first, size_t count)
{
    if (chunk->form == CHUNK_BITS)
        take_bits(values, chunk, first, count);
    else if (chunk->form == CHUNK_PLANES)
        take_planes(values, chunk, first, count);
    else
        memcpy(values, chunk->bytes + first * chunk->value_bytes, count * chunk->value_bytes);
}
