#include "stages/submit/job_script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where in a template something stands, for messages. */
struct place {
    const char *path;
    size_t line;
};

static bool is_name_character(char character)
{
    return (character >= 'a' && character <= 'z') || character == '_';
}

/* Bytes of the name that `text`, which begins with '@', asks for; 0 where it asks for none. */
static size_t name_bytes(const char *text)
{
    size_t bytes = 0;
    while (is_name_character(text[1 + bytes]))
        bytes++;
    return text[1 + bytes] == '@' ? bytes : 0;
}

static const struct script_value *find_value(const struct script_value *values, size_t count,
                                             const char *name, size_t bytes)
{
    for (size_t v = 0; v < count; v++)
        if (strlen(values[v].name) == bytes && memcmp(values[v].name, name, bytes) == 0)
            return &values[v];
    return NULL;
}

/* One word for a POSIX shell, whatever it holds. */
static void write_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    fputc('\'', out);
}

static enum status check_text(const char *text, const struct script_value *value,
                              const struct place *place)
{
    for (const char *at = text; *at != '\0'; at++)
        if (iscntrl((unsigned char)*at))
            return status_fail(STATUS_INVALID, "%s:%zu: @%s@: a control character in \"%.80s\"",
                               place->path, place->line, value->name, text);
    return STATUS_OK;
}

/* How often a line is written. */
static enum status count_copies(size_t *copies, const char *line, const struct place *place,
                                const struct script_value *values, size_t value_count)
{
    *copies = 1;
    for (const char *at = strchr(line, '@'); at != NULL; at = strchr(at + 1, '@')) {
        const size_t bytes = name_bytes(at);
        if (bytes == 0)
            continue;
        const struct script_value *value = find_value(values, value_count, at + 1, bytes);
        if (value == NULL)
            return status_fail(STATUS_INVALID, "%s:%zu: @%.*s@: no such value for a job script",
                               place->path, place->line, (int)bytes, at + 1);
        for (size_t t = 0; t < value->count; t++) {
            const enum status outcome = check_text(value->texts[t], value, place);
            if (outcome != STATUS_OK)
                return outcome;
        }
        if (value->count != 1 && !(value->count == 0 && value->is_shell))
            *copies = value->count;
        at += bytes + 1;
    }
    return STATUS_OK;
}

static void write_copy(FILE *out, const char *line, size_t copy, const struct script_value *values,
                       size_t value_count)
{
    const bool is_comment = line[strspn(line, " \t")] == '#';
    for (const char *at = line; *at != '\0'; at++) {
        const size_t bytes = *at == '@' ? name_bytes(at) : 0;
        if (bytes == 0) {
            fputc(*at, out);
            continue;
        }
        const struct script_value *value = find_value(values, value_count, at + 1, bytes);
        const char *text = value->count == 0 ? "" : value->texts[value->count > 1 ? copy : 0];
        if (is_comment || value->is_shell)
            fputs(text, out);
        else
            write_quoted(out, text);
        at += bytes + 1;
    }
    fputc('\n', out);
}

static enum status fill_lines(FILE *out, char *lines, const char *path,
                              const struct script_value *values, size_t value_count)
{
    struct place place = { .path = path };
    enum status outcome = STATUS_OK;
    char *line;
    while (outcome == STATUS_OK && (line = strsep(&lines, "\n")) != NULL) {
        size_t copies = 0;
        place.line++;
        if (lines == NULL && line[0] == '\0') /* after the last line feed */
            break;
        outcome = count_copies(&copies, line, &place, values, value_count);
        for (size_t c = 0; c < copies && outcome == STATUS_OK; c++)
            write_copy(out, line, c, values, value_count);
    }
    return outcome;
}

enum status job_script_fill(char **script, const char *template_text, const char *path,
                            const struct script_value *values, size_t value_count)
{
    size_t bytes = 0;
    *script = NULL;
    char *lines = strdup(template_text);
    FILE *out = lines == NULL ? NULL : open_memstream(script, &bytes);
    enum status outcome = STATUS_OK;
    if (out == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    else {
        outcome = fill_lines(out, lines, path, values, value_count);
        if (fclose(out) != 0 && outcome == STATUS_OK)
            outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    }
    free(lines);
    if (outcome != STATUS_OK) {
        free(*script);
        *script = NULL;
    }
    return outcome;
}
