#include "core/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0u) == 0x80u;
}

size_t utf8_character_bytes(const char *text, size_t byte_count)
{
    if (byte_count == 0)
        return 0;
    const unsigned char *bytes = (const unsigned char *)text;
    const unsigned char first = bytes[0];
    if (first < 0x80)
        return 1;
    const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || byte_count < length)
        return 0;

    /* The second byte's range is narrower after these first bytes: overlong forms, surrogates,
     * and what lies beyond U+10FFFF. */
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (bytes[1] < low || bytes[1] > high)
        return 0;
    for (size_t b = 2; b < length; b++)
        if (!is_continuation(bytes[b]))
            return 0;
    return length;
}

bool utf8_is_valid(const char *text, size_t byte_count)
{
    while (byte_count > 0) {
        const size_t length = utf8_character_bytes(text, byte_count);
        if (length == 0)
            return false;
        text += length;
        byte_count -= length;
    }
    return true;
}
