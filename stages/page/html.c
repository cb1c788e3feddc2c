#include "stages/page/html.h"

#include <stdbool.h>
#include <string.h>

static const char *reference_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* U+202A to U+202E and U+2066 to U+2069: what follows them may seem to belong elsewhere. */
static bool turns_direction(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] != 0xe2 || bytes[1] == 0)
        return false;
    return (bytes[1] == 0x80 && bytes[2] >= 0xaa && bytes[2] <= 0xae) ||
           (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9);
}

void html_text(FILE *stream, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        const char *reference = reference_of(*text);
        const bool is_control = (unsigned char)*text < ' ' || *text == '\x7f';
        if (reference != NULL)
            fputs(reference, stream);
        else if (is_control || turns_direction(text)) {
            fputs("\xef\xbf\xbd", stream);
            text += is_control ? 0 : 2;
        } else
            fputc(*text, stream);
    }
}
