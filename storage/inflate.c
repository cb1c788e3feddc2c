#include "storage/inflate.h"

#include <stdbool.h>
#include <zlib.h>

/* zlib's format: two bytes ahead, four behind that are a checksum; raw deflate between. */
enum { HEAD_BYTES = 2, TAIL_BYTES = 4, RAW_DEFLATE = -15, DEFLATE_METHOD = 8 };

static bool has_head(const uint8_t *packed, size_t packed_bytes)
{
    return packed_bytes > HEAD_BYTES + TAIL_BYTES && (packed[0] & 15) == DEFLATE_METHOD &&
           (packed[0] * 256 + packed[1]) % 31 == 0 && (packed[1] & 32) == 0;
}

enum status inflate_bytes(size_t *byte_count, uint8_t *bytes, size_t capacity,
                          const uint8_t *packed, size_t packed_bytes)
{
    z_stream stream = { .avail_out = (uInt)capacity };
    *byte_count = 0;
    if (packed_bytes > UINT32_MAX || capacity > UINT32_MAX || !has_head(packed, packed_bytes))
        return status_fail(STATUS_CORRUPT, "not deflated bytes");
    stream.next_in = (z_const Bytef *)(uintptr_t)(packed + HEAD_BYTES);
    stream.avail_in = (uInt)(packed_bytes - HEAD_BYTES - TAIL_BYTES);
    stream.next_out = bytes;
    if (inflateInit2(&stream, RAW_DEFLATE) != Z_OK)
        return status_fail(STATUS_NO_MEMORY, "inflate: no memory");
    const int code = inflate(&stream, Z_FINISH);
    *byte_count = capacity - stream.avail_out;
    inflateEnd(&stream);
    return code == Z_STREAM_END ? STATUS_OK
                                : status_fail(STATUS_CORRUPT, "its deflated bytes are damaged");
}
