#include "storage/flac_encoder.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_SAMPLES = 1024,
    BLOCK_CODE = 10, /* 256 << (10 - 8) samples */
    ORDER_COUNT = 5,
    PARTITION_ORDER_MAX = 3,
    RICE_MAX = 14, /* 15 would announce something else */
    HEADER_BYTES = 42,
    /* Beside the samples, which take two bytes each at most: a block's header and sums, and what
     * the writer stores beyond its end. */
    BLOCK_EXTRA_BYTES = 32
};

/* Bits go out from the highest; those that do not fill a byte yet are on top of `bits`. */
struct bit_writer {
    uint8_t *next;
    uint64_t bits;
    unsigned bit_count; /* below 8 */
};

/* CRC-16 with the polynomial x^16 + x^15 + x^2 + 1, for a byte with 0 to 7 zero bytes after it. */
struct crc16 {
    uint16_t table[8][256];
};

struct block {
    const int16_t *samples; /* [count] */
    size_t count;
    unsigned order;
    int32_t residual[BLOCK_SAMPLES]; /* [count], from `order` on */
};

static void crc16_prepare(struct crc16 *crc)
{
    for (unsigned b = 0; b < 256; b++) {
        unsigned sum = b << 8;
        for (int bit = 0; bit < 8; bit++)
            sum = (sum << 1) ^ ((sum & 0x8000u) != 0 ? 0x18005u : 0u);
        crc->table[0][b] = (uint16_t)sum;
    }
    for (size_t t = 1; t < 8; t++)
        for (size_t b = 0; b < 256; b++) {
            const unsigned before = crc->table[t - 1][b];
            crc->table[t][b] = (uint16_t)(before << 8) ^ crc->table[0][before >> 8];
        }
}

static unsigned crc16_of(const struct crc16 *crc, const uint8_t *bytes, size_t count)
{
    unsigned sum = 0;
    for (; count >= 8; count -= 8, bytes += 8)
        sum = crc->table[7][bytes[0] ^ (sum >> 8)] ^ crc->table[6][bytes[1] ^ (sum & 0xFFu)] ^
              crc->table[5][bytes[2]] ^ crc->table[4][bytes[3]] ^ crc->table[3][bytes[4]] ^
              crc->table[2][bytes[5]] ^ crc->table[1][bytes[6]] ^ crc->table[0][bytes[7]];
    for (; count > 0; count--, bytes++)
        sum = ((sum << 8) & 0xFFFFu) ^ crc->table[0][(sum >> 8) ^ bytes[0]];
    return sum;
}

/* x^8 + x^2 + x + 1. */
static unsigned crc8_of(const uint8_t *bytes, size_t count)
{
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = (sum << 1) ^ ((sum & 0x80u) != 0 ? 0x107u : 0u);
    }
    return sum;
}

/* The lowest `count` bits of `value`, which has no higher ones; 1 to 56. Always stores eight bytes,
 * because a branch on whether some are full would be guessed wrong too often. */
static inline void put(struct bit_writer *writer, uint64_t value, unsigned count)
{
    writer->bit_count += count;
    writer->bits |= value << (64 - writer->bit_count);
    const uint64_t stored = __builtin_bswap64(writer->bits);
    memcpy(writer->next, &stored, sizeof stored);
    writer->next += writer->bit_count / 8;
    writer->bits <<= writer->bit_count & ~7u;
    writer->bit_count %= 8;
}

/* Fills the last byte with zeros. */
static void put_end(struct bit_writer *writer)
{
    if (writer->bit_count > 0)
        put(writer, 0, 8 - writer->bit_count);
}

static inline uint32_t to_unsigned(int32_t residual)
{
    return (uint32_t)residual << 1 ^ (uint32_t)(residual >> 31);
}

/* The order whose residual has the least magnitude, and whether all samples are equal. */
static unsigned choose_order(bool *is_constant, const int16_t *samples, size_t count)
{
    uint32_t sums[ORDER_COUNT] = { 0 };
    *is_constant = true;
    for (size_t i = 1; i < count && *is_constant; i++)
        *is_constant = samples[i] == samples[0];
    /* 1024 residuals of 20 bits at most: no sum overflows. */
    for (size_t i = ORDER_COUNT - 1; i < count; i++) {
        const int32_t a = samples[i], b = samples[i - 1], c = samples[i - 2], d = samples[i - 3],
                      e = samples[i - 4];
        const int32_t ab = a - b, bc = b - c, cd = c - d, de = d - e;
        const int32_t abc = ab - bc, bcd = bc - cd, cde = cd - de;
        const int32_t abcd = abc - bcd, bcde = bcd - cde;
        sums[0] += (uint32_t)abs(a);
        sums[1] += (uint32_t)abs(ab);
        sums[2] += (uint32_t)abs(abc);
        sums[3] += (uint32_t)abs(abcd);
        sums[4] += (uint32_t)abs(abcd - bcde);
    }
    unsigned order = 0;
    for (unsigned o = 1; o < ORDER_COUNT; o++)
        order = sums[o] < sums[order] ? o : order;
    return order;
}

/* Differences of differences, as often as the order says; the first `order` stay as they are. */
static void take_residual(struct block *block)
{
    int32_t *residual = block->residual;
    for (size_t i = 0; i < block->count; i++)
        residual[i] = block->samples[i];
    for (size_t o = 0; o < block->order; o++)
        for (size_t i = block->count - 1; i > o; i--)
            residual[i] -= residual[i - 1];
}

/* The Rice parameter with the fewest bits. `*bits` is what they are at most. */
static unsigned choose_rice(size_t *bits, const int32_t *residual, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += to_unsigned(residual[i]);
    unsigned best = 0;
    *bits = SIZE_MAX;
    for (unsigned k = 0; k <= RICE_MAX; k++) {
        const size_t these = count * (k + 1) + (size_t)(sum >> k);
        if (these >= *bits)
            break; /* it only falls, then rises */
        *bits = these;
        best = k;
    }
    return best;
}

static void put_rice(struct bit_writer *out, const int32_t *residual, size_t count, unsigned k)
{
    struct bit_writer writer = *out; /* in registers */
    for (size_t i = 0; i < count; i++) {
        const uint32_t value = to_unsigned(residual[i]);
        unsigned zeros = value >> k;
        for (; zeros + 1 + k > 56; zeros -= 32)
            put(&writer, 0, 32);
        put(&writer, (UINT64_C(1) << k) | (value & ((1u << k) - 1u)), zeros + 1 + k);
    }
    *out = writer;
}

/* 2^order partitions, each with a parameter of its own. */
static unsigned choose_partition_order(size_t count)
{
    unsigned order = PARTITION_ORDER_MAX;
    while (order > 0 && (count % (1u << order) != 0 || count >> order <= ORDER_COUNT))
        order--;
    return order;
}

/* False, and nothing is written, where the samples as they are take less room. */
static bool put_predicted(struct bit_writer *writer, struct block *block)
{
    const unsigned partition_order = choose_partition_order(block->count);
    const size_t partition_samples = block->count >> partition_order;
    const int32_t *residual = block->residual + block->order;
    unsigned parameters[1 << PARTITION_ORDER_MAX];
    size_t all_bits = 16 * (size_t)block->order + 6;
    take_residual(block);
    for (size_t p = 0, at = 0; p < 1u << partition_order; p++) {
        const size_t count = partition_samples - (p == 0 ? block->order : 0);
        size_t bits = 0;
        parameters[p] = choose_rice(&bits, residual + at, count);
        all_bits += 4 + bits;
        at += count;
    }
    if (all_bits >= 16 * block->count)
        return false;
    put(writer, (8u | block->order) << 1, 8);
    for (size_t i = 0; i < block->order; i++)
        put(writer, (uint16_t)block->samples[i], 16);
    put(writer, partition_order, 2 + 4);
    for (size_t p = 0; p < 1u << partition_order; p++) {
        const size_t count = partition_samples - (p == 0 ? block->order : 0);
        put(writer, parameters[p], 4);
        put_rice(writer, residual, count, parameters[p]);
        residual += count;
    }
    return true;
}

static void put_samples(struct bit_writer *writer, struct block *block)
{
    bool is_constant = false;
    block->order = choose_order(&is_constant, block->samples, block->count);
    if (is_constant) {
        put(writer, 0, 8);
        put(writer, (uint16_t)block->samples[0], 16);
    } else if (block->count <= ORDER_COUNT || !put_predicted(writer, block)) {
        put(writer, 1u << 1, 8);
        for (size_t i = 0; i < block->count; i++)
            put(writer, (uint16_t)block->samples[i], 16);
    }
}

/* A number in as many bytes as it needs, in the way of UTF-8. */
static void put_number(struct bit_writer *writer, uint32_t number)
{
    unsigned more = 0; /* bytes of six bits */
    while (more < 5 && number >> (6 * more + (more == 0 ? 7 : 6 - more)) != 0)
        more++;
    if (more == 0) {
        put(writer, number, 8);
        return;
    }
    put(writer, ((0xFF00u >> (more + 1)) & 0xFFu) | number >> (6 * more), 8);
    while (more-- > 0)
        put(writer, 0x80u | ((number >> (6 * more)) & 0x3Fu), 8);
}

static uint8_t *put_block(uint8_t *out, struct block *block, uint32_t number,
                          const struct crc16 *crc)
{
    struct bit_writer writer = { .next = out };
    const bool is_whole = block->count == BLOCK_SAMPLES;
    put(&writer, 0xFFF8, 16);
    put(&writer, is_whole ? BLOCK_CODE : 7, 4);
    put(&writer, 0, 4 + 4);       /* the rate as in the header; mono */
    put(&writer, 4u << 1, 3 + 1); /* 16 bits */
    put_number(&writer, number);
    if (!is_whole)
        put(&writer, (uint64_t)block->count - 1, 16);
    put_end(&writer);
    *writer.next = (uint8_t)crc8_of(out, (size_t)(writer.next - out));
    writer.next++;
    put_samples(&writer, block);
    put_end(&writer);
    const unsigned sum = crc16_of(crc, out, (size_t)(writer.next - out));
    put(&writer, sum, 16);
    put_end(&writer);
    return writer.next;
}

/* The marker, and the one block of metadata that must be. Made apart, because the writer stores
 * more than it has. */
static void put_header(uint8_t *out, size_t count, unsigned rate_hz, size_t frame_minimum_bytes,
                       size_t frame_maximum_bytes)
{
    uint8_t header[HEADER_BYTES + sizeof(uint64_t)];
    struct bit_writer writer = { .next = header };
    put(&writer, 0x664C6143, 32); /* "fLaC" */
    put(&writer, 0x80000000u | (HEADER_BYTES - 8), 32);
    put(&writer, BLOCK_SAMPLES, 16);
    put(&writer, BLOCK_SAMPLES, 16);
    put(&writer, frame_minimum_bytes, 24);
    put(&writer, frame_maximum_bytes, 24);
    put(&writer, rate_hz, 20);
    put(&writer, 0, 3);      /* channels, less one */
    put(&writer, 16 - 1, 5); /* bits a sample, less one */
    put(&writer, (uint64_t)count >> 32, 4);
    put(&writer, (uint64_t)count & UINT32_MAX, 32);
    for (int i = 0; i < 4; i++)
        put(&writer, 0, 32); /* no MD5 sum */
    memcpy(out, header, HEADER_BYTES);
}

static size_t encode_into(uint8_t *out, const int16_t *samples, size_t count, unsigned rate_hz)
{
    struct crc16 crc;
    crc16_prepare(&crc);
    struct block block = { .samples = samples };
    uint8_t *next = out + HEADER_BYTES;
    size_t smallest = SIZE_MAX, largest = 0;
    for (uint32_t number = 0; count > (size_t)number * BLOCK_SAMPLES; number++) {
        const size_t done = (size_t)number * BLOCK_SAMPLES, left = count - done;
        block.samples = samples + done;
        block.count = left < BLOCK_SAMPLES ? left : BLOCK_SAMPLES;
        uint8_t *end = put_block(next, &block, number, &crc);
        const size_t bytes = (size_t)(end - next);
        smallest = bytes < smallest ? bytes : smallest;
        largest = bytes > largest ? bytes : largest;
        next = end;
    }
    put_header(out, count, rate_hz, smallest, largest);
    return (size_t)(next - out);
}

enum status flac_encode(uint8_t **bytes, size_t *byte_count, const int16_t *samples, size_t count,
                        unsigned rate_hz)
{
    *bytes = NULL;
    *byte_count = 0;
    if (count < 1 || count > INT32_MAX || rate_hz < 1 || rate_hz > FLAC_RATE_MAX_HZ)
        return status_fail(STATUS_INVALID, "FLAC: %zu samples at %u Hz cannot be written", count,
                           rate_hz);
    const size_t blocks = (count + BLOCK_SAMPLES - 1) / BLOCK_SAMPLES;
    uint8_t *out = malloc(HEADER_BYTES + 2 * count + BLOCK_EXTRA_BYTES * blocks);
    if (out == NULL)
        return status_fail(STATUS_NO_MEMORY, "FLAC: %zu samples", count);
    *byte_count = encode_into(out, samples, count, rate_hz);
    *bytes = out;
    return STATUS_OK;
}
