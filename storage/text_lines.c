#include "storage/text_lines.h"

#include "core/file.h"

#include <stdlib.h>
#include <string.h>

enum status text_lines_open(struct text_lines *lines, const char *path, size_t bytes_max)
{
    return text_lines_open_part(lines, path, bytes_max, UINT64_MAX);
}

enum status text_lines_open_part(struct text_lines *lines, const char *path, size_t bytes_max,
                                 uint64_t byte_count)
{
    static const unsigned char mark[3] = { 0xEF, 0xBB, 0xBF };
    unsigned char first[sizeof mark];
    *lines = (struct text_lines){ .path = path, .bytes_max = bytes_max, .bytes_left = byte_count };
    const enum status outcome = file_open(&lines->file, path);
    if (outcome != STATUS_OK)
        return outcome;
    if (fread(first, 1, sizeof first, lines->file) != sizeof first ||
        memcmp(first, mark, sizeof mark) != 0 || byte_count < sizeof mark)
        rewind(lines->file);
    else
        lines->bytes_left -= sizeof mark;
    return STATUS_OK;
}

static bool reserve(struct text_lines *lines, size_t bytes)
{
    if (bytes <= lines->capacity)
        return true;
    const size_t capacity = 2 * lines->capacity + 4096;
    char *grown = realloc(lines->text, capacity);
    if (grown == NULL)
        return false;
    lines->text = grown;
    lines->capacity = capacity;
    return true;
}

enum status text_lines_next(bool *is_there, struct text_lines *lines)
{
    int byte = 0;
    size_t taken = 0;
    lines->number++;
    lines->bytes = 0;
    *is_there = false;
    for (; byte != '\n' && lines->bytes_left > 0; lines->bytes_left--) {
        byte = getc_unlocked(lines->file);
        if (byte == EOF)
            break;
        if (taken++ == lines->bytes_max)
            return status_fail(STATUS_INVALID, "%s:%zu: a line of more than %zu bytes", lines->path,
                               lines->number, lines->bytes_max);
        if (!reserve(lines, lines->bytes + 2))
            return status_fail(STATUS_NO_MEMORY, "%s:%zu: no memory", lines->path, lines->number);
        lines->text[lines->bytes++] = (char)byte;
    }
    if (ferror(lines->file))
        return file_fail(lines->path, "cannot read");
    *is_there = taken > 0;
    if (!*is_there)
        return STATUS_OK;
    if (byte == '\n')
        lines->bytes--;
    if (byte == '\n' && lines->bytes > 0 && lines->text[lines->bytes - 1] == '\r')
        lines->bytes--;
    lines->text[lines->bytes] = '\0';
    return STATUS_OK;
}

void text_lines_close(struct text_lines *lines)
{
    if (lines->file != NULL)
        fclose(lines->file);
    free(lines->text);
    *lines = (struct text_lines){ 0 };
}
