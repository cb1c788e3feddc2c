#include "recognition/word.h"

#include <stddef.h>

enum { APOSTROPHE = '\'' };

/* The apostrophe is U+2019 in some texts; the rest of that block is quotes, dashes and spaces. */
static size_t punctuation_bytes(const unsigned char *at)
{
    return at[0] == 0xE2 && at[1] == 0x80 && at[2] >= 0x80 ? 3 : 0;
}

static size_t apostrophe_bytes(const unsigned char *at)
{
    if (at[0] == APOSTROPHE)
        return 1;
    return punctuation_bytes(at) > 0 && at[2] == 0x99 ? 3 : 0;
}

static bool is_word_byte(const unsigned char *at)
{
    const unsigned char c = at[0];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c >= 0x80 && punctuation_bytes(at) == 0);
}

static char small(unsigned char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool word_next(char word[WORD_BYTES], const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    size_t length = 0;
    while (*at != '\0' && !is_word_byte(at)) {
        const size_t bytes = punctuation_bytes(at);
        at += bytes > 0 ? bytes : 1;
    }
    while (*at != '\0') {
        char c = small(*at);
        size_t bytes = 1;
        if (!is_word_byte(at)) {
            bytes = apostrophe_bytes(at);
            if (bytes == 0 || !is_word_byte(at + bytes))
                break;
            c = APOSTROPHE;
        }
        if (length + 1 < WORD_BYTES)
            word[length++] = c;
        at += bytes;
    }
    word[length] = '\0';
    *text = (const char *)at;
    return length > 0;
}
