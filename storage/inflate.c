#include "storage/inflate.h"

#include <zlib.h>

enum status inflate_bytes(size_t *byte_count, uint8_t *bytes, size_t capacity,
                          const uint8_t *packed, size_t packed_bytes)
{
    uLongf given = (uLongf)capacity;
    const int code = uncompress(bytes, &given, packed, (uLong)packed_bytes);
    *byte_count = (size_t)given;
    if (code == Z_MEM_ERROR)
        return status_fail(STATUS_NO_MEMORY, "inflate: no memory");
    if (code != Z_OK)
        return status_fail(STATUS_CORRUPT, "its deflated bytes are damaged");
    return STATUS_OK;
}
