#include "storage/exif_orientation.h"

#include <stdbool.h>
#include <string.h>

enum { ENTRY_BYTES = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

/* A TIFF block in either byte order. */
struct tiff {
    const uint8_t *bytes;
    size_t count;
    bool big_endian;
};

static uint32_t read_16(const struct tiff *tiff, size_t at)
{
    const uint8_t *two = tiff->bytes + at;
    return tiff->big_endian ? (uint32_t)two[0] << 8 | two[1] : (uint32_t)two[1] << 8 | two[0];
}

static uint32_t read_32(const struct tiff *tiff, size_t at)
{
    const uint32_t first = read_16(tiff, at), second = read_16(tiff, at + 2);
    return tiff->big_endian ? first << 16 | second : second << 16 | first;
}

static int find_orientation(const struct tiff *tiff)
{
    const size_t directory = read_32(tiff, 4);
    if (directory > tiff->count || tiff->count - directory < 2)
        return 1;
    const size_t entries = read_16(tiff, directory);
    for (size_t e = 0; e < entries; e++) {
        const size_t entry = directory + 2 + e * ENTRY_BYTES;
        if (entry + ENTRY_BYTES > tiff->count)
            return 1;
        if (read_16(tiff, entry) != TAG_ORIENTATION)
            continue;
        const uint32_t value = read_16(tiff, entry + 8);
        const bool is_valid =
            read_16(tiff, entry + 2) == TYPE_SHORT && read_32(tiff, entry + 4) == 1;
        return is_valid && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

int exif_orientation(const uint8_t *block, size_t byte_count)
{
    static const uint8_t signature[6] = "Exif\0";
    if (byte_count < sizeof signature + 8 || memcmp(block, signature, sizeof signature) != 0)
        return 1;

    struct tiff tiff = { .bytes = block + sizeof signature,
                         .count = byte_count - sizeof signature };
    if (memcmp(tiff.bytes, "MM\0\x2a", 4) == 0)
        tiff.big_endian = true;
    else if (memcmp(tiff.bytes, "II\x2a\0", 4) != 0)
        return 1;
    return find_orientation(&tiff);
}
