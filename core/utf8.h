/** UTF-8: well-formed or not, as RFC 3629 has it (no overlong forms, no surrogates). */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/** Bytes of the well-formed character at `text`, 1 .. 4; 0 where there is none. `byte_count` bytes
 * may be looked at. A zero byte is a character of length 1. */
size_t utf8_character_bytes(const char *text, size_t byte_count);

/** True where all of the text is well-formed. */
bool utf8_is_valid(const char *text, size_t byte_count);

#endif
