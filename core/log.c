#include "core/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static struct {
    char stage[32];
    int rank;
    bool is_quiet;
    FILE *file;
} current;

enum status log_begin(const struct log_options *options)
{
    log_enter_stage(options->stage);
    current.rank = options->rank;
    current.is_quiet = options->is_quiet;
    if (options->path == NULL)
        return STATUS_OK;
    current.file = fopen(options->path, "ae");
    if (current.file == NULL)
        return status_fail(STATUS_IO, "%s: cannot open the log: %s", options->path,
                           strerror(errno));
    setvbuf(current.file, NULL, _IOLBF, 0);
    return STATUS_OK;
}

void log_end(void)
{
    if (current.file != NULL)
        fclose(current.file);
    current.file = NULL;
}

void log_enter_stage(const char *stage)
{
    snprintf(current.stage, sizeof current.stage, "%s", stage);
}

/* The whole line in one write, so that the lines of several ranks do not mix. */
static void write_event(FILE *stream, const char *step, const char *format, va_list arguments)
{
    char moment[32], line[1024];
    const time_t now = time(NULL);
    struct tm calendar;
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &calendar));

    int used =
        snprintf(line, sizeof line, "%s %s rank=%d %s ", moment, current.stage, current.rank, step);
    used += vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    if (used > (int)sizeof line - 2)
        used = (int)sizeof line - 2;
    line[used] = '\n';
    fwrite(line, 1, (size_t)used + 1, stream);
}

void log_event(const char *step, const char *format, ...)
{
    va_list arguments;
    if (current.file != NULL) {
        va_start(arguments, format);
        write_event(current.file, step, format, arguments);
        va_end(arguments);
    }
    if (!current.is_quiet) {
        va_start(arguments, format);
        write_event(stderr, step, format, arguments);
        va_end(arguments);
    }
}

void log_say(const char *format, ...)
{
    if (current.is_quiet || current.rank != 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void log_failure(const char *text)
{
    fprintf(stderr, "unitmill %s: %s\n", current.stage, text);
    if (current.file != NULL)
        fprintf(current.file, "unitmill %s: %s\n", current.stage, text);
}
