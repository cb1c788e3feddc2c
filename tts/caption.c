#include "tts/caption.h"

#include "core/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The code point of a well-formed character of `bytes` bytes. */
static uint32_t decode(const unsigned char *text, size_t bytes)
{
    uint32_t point = bytes == 1 ? text[0] : text[0] & (0xFFu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++)
        point = point << 6 | (text[i] & 0x3Fu);
    return point;
}

static bool is_white(uint32_t point)
{
    return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xA0 ||
           (point >= 0x2000 && point <= 0x200D) || point == 0x2028 || point == 0x2029 ||
           point == 0x202F || point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\t' && point != '\n' && point != '\r') ||
           (point >= 0x7F && point < 0xA0);
}

static bool is_unassigned(uint32_t point)
{
    return (point >= 0xE000 && point <= 0xF8FF) || (point >= 0xFDD0 && point <= 0xFDEF) ||
           (point & 0xFFFE) == 0xFFFE || point >= 0xF0000;
}

enum status caption_check(const char *text, size_t bytes_max)
{
    const size_t count = strnlen(text, bytes_max + 1);
    if (count > bytes_max)
        return status_fail(STATUS_INVALID, "caption is longer than %zu bytes", bytes_max);
    bool is_blank = true;
    for (size_t at = 0; at < count;) {
        const size_t bytes = utf8_character_bytes(text + at, count - at);
        if (bytes == 0)
            return status_fail(STATUS_INVALID, "caption is not UTF-8 at byte %zu", at);
        const uint32_t point = decode((const unsigned char *)text + at, bytes);
        if (is_control(point))
            return status_fail(STATUS_INVALID,
                               "caption has the control character U+%04X at byte "
                               "%zu",
                               (unsigned)point, at);
        if (is_unassigned(point))
            return status_fail(STATUS_INVALID,
                               "caption has U+%04X, which is no letter, at byte %zu",
                               (unsigned)point, at);
        is_blank = is_blank && is_white(point);
        at += bytes;
    }
    return is_blank ? status_fail(STATUS_INVALID, "caption is empty") : STATUS_OK;
}
