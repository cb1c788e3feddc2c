#include "core/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char newest_text[STATUS_TEXT_BYTES];

enum status status_fail(enum status code, const char *format, ...)
{
    assert(code != STATUS_OK);

    /* The arguments may point into the newest text, as when a caller adds a prefix to it. */
    char text[STATUS_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(newest_text, text, sizeof text);
    return code;
}

const char *status_text(void)
{
    return newest_text;
}

const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_STOPPED:
        return "stopped";
    case STATUS_NOT_FOUND:
        return "not found";
    case STATUS_INVALID:
        return "invalid";
    case STATUS_CORRUPT:
        return "corrupt";
    case STATUS_IO:
        return "input/output";
    case STATUS_NO_MEMORY:
        return "no memory";
    case STATUS_DIVERGED:
        return "diverged";
    }
    return "unknown";
}
