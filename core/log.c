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
    FILE *files[2]; /* of log_begin and of log_keep; NULL where there is none */
} current;

enum { FILE_COUNT = 2 };

static enum status open_file(size_t index, const char *path)
{
    current.files[index] = fopen(path, "ae");
    if (current.files[index] == NULL)
        return status_fail(STATUS_IO, "%s: cannot open the log: %s", path, strerror(errno));
    setvbuf(current.files[index], NULL, _IOLBF, 0);
    return STATUS_OK;
}

enum status log_begin(const struct log_options *options)
{
    log_enter_stage(options->stage);
    current.rank = options->rank;
    current.is_quiet = options->is_quiet;
    return options->path == NULL ? STATUS_OK : open_file(0, options->path);
}

enum status log_keep(const char *path)
{
    return open_file(1, path);
}

void log_end(void)
{
    for (size_t f = 0; f < FILE_COUNT; f++) {
        if (current.files[f] != NULL)
            fclose(current.files[f]);
        current.files[f] = NULL;
    }
}

void log_enter_stage(const char *stage)
{
    snprintf(current.stage, sizeof current.stage, "%s", stage);
}

/* Values come from outside: a line break or an escape sequence in one must not pass for the log's
 * own. */
static void blank_control_characters(char *text, size_t byte_count)
{
    for (size_t b = 0; b < byte_count; b++)
        if ((unsigned char)text[b] < 0x20 || text[b] == 0x7f)
            text[b] = ' ';
}

/* The whole line in one write, so that the lines of several ranks do not mix. */
static void write_event(FILE *stream, const char *step, const char *format, va_list arguments)
{
    char moment[32], line[1024];
    const time_t now = time(NULL);
    struct tm calendar;
    strftime(moment, sizeof moment, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &calendar));

    int used = snprintf(line, sizeof line, "%s %s rank=%d %.60s ", moment, current.stage,
                        current.rank, step);
    used += vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    if (used > (int)sizeof line - 2)
        used = (int)sizeof line - 2;
    blank_control_characters(line, (size_t)used);
    line[used] = '\n';
    fwrite(line, 1, (size_t)used + 1, stream);
}

void log_event(const char *step, const char *format, ...)
{
    FILE *const streams[] = { current.files[0], current.files[1],
                              current.is_quiet ? NULL : stderr };
    for (size_t s = 0; s < sizeof streams / sizeof streams[0]; s++) {
        if (streams[s] == NULL)
            continue;
        va_list arguments;
        va_start(arguments, format);
        write_event(streams[s], step, format, arguments);
        va_end(arguments);
    }
}

void log_say(const char *format, ...)
{
    if (current.is_quiet || current.rank != 0)
        return;
    char text[4096]; /* with its line break in one write: mpirun mixes what comes in two */
    va_list arguments;
    va_start(arguments, format);
    const int wanted = vsnprintf(text, sizeof text - 1, format, arguments);
    va_end(arguments);
    const size_t used = wanted < (int)sizeof text - 2 ? (size_t)wanted : sizeof text - 2;
    text[used] = '\n';
    fwrite(text, 1, used + 1, stderr);
}

void log_failure(const char *text)
{
    fprintf(stderr, "unitmill %s: %s\n", current.stage, text);
    for (size_t f = 0; f < FILE_COUNT; f++)
        if (current.files[f] != NULL)
            fprintf(current.files[f], "unitmill %s: %s\n", current.stage, text);
}
