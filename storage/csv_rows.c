#include "storage/csv_rows.h"

#include "core/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct csv_rows {
    const char *path; /* borrowed */
    struct csv_options options;
    FILE *file;
    size_t line;     /* in hand, from 1 */
    size_t row_line; /* where the row began */
    char *text;      /* [capacity]: fields, a zero behind each */
    size_t used, capacity;
    size_t *starts; /* [start_capacity], of the fields */
    size_t count, start_capacity;
};

static enum status fail(const struct csv_rows *rows, size_t line, const char *what)
{
    return status_fail(STATUS_INVALID, "%s:%zu: %s", rows->path, line, what);
}

static enum status put(struct csv_rows *rows, char letter)
{
    if (rows->used == rows->options.row_bytes_max)
        return fail(rows, rows->row_line, "the row is too long; is a quote not closed?");
    if (rows->used == rows->capacity) {
        const size_t capacity = 2 * rows->capacity + 1024;
        char *grown = realloc(rows->text, capacity);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s:%zu: no memory", rows->path, rows->line);
        rows->text = grown;
        rows->capacity = capacity;
    }
    rows->text[rows->used++] = letter;
    return STATUS_OK;
}

static enum status begin_field(struct csv_rows *rows)
{
    if (rows->count == rows->options.field_max)
        return fail(rows, rows->row_line, "too many fields");
    if (rows->count == rows->start_capacity) {
        const size_t capacity = 2 * rows->start_capacity + 16;
        size_t *grown = realloc(rows->starts, capacity * sizeof *grown);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s:%zu: no memory", rows->path, rows->line);
        rows->starts = grown;
        rows->start_capacity = capacity;
    }
    rows->starts[rows->count++] = rows->used;
    return STATUS_OK;
}

/* CR LF counts as LF; a CR alone stays. */
static int next_letter(struct csv_rows *rows)
{
    int letter = getc_unlocked(rows->file);
    if (letter == '\r') {
        const int after = getc_unlocked(rows->file);
        if (after == '\n')
            return '\n';
        ungetc(after, rows->file);
    }
    return letter;
}

/* Behind the opening quote, up to what follows the closing one, which goes to `*end`. */
static enum status read_quoted(int *end, struct csv_rows *rows)
{
    for (;;) {
        int letter = getc_unlocked(rows->file);
        if (letter == EOF)
            return ferror(rows->file) ? file_fail(rows->path, "cannot read")
                                      : fail(rows, rows->row_line, "a quote is not closed");
        if (letter == 0)
            return fail(rows, rows->line, "holds a zero byte");
        rows->line += letter == '\n';
        if (letter == '"') {
            letter = next_letter(rows);
            if (letter != '"') {
                *end = letter;
                return STATUS_OK;
            }
        }
        const enum status outcome = put(rows, (char)letter);
        if (outcome != STATUS_OK)
            return outcome;
    }
}

/* One field; `*end` is the separator, line feed or end of file behind it. */
static enum status read_field(int *end, struct csv_rows *rows, int first)
{
    const char separator = rows->options.separator;
    int letter = first;
    enum status outcome = begin_field(rows);
    if (outcome == STATUS_OK && letter == '"' && rows->options.has_quotes) {
        outcome = read_quoted(&letter, rows);
        if (outcome == STATUS_OK && letter != separator && letter != '\n' && letter != EOF)
            outcome = fail(rows, rows->line, "text behind a closing quote");
    }
    while (outcome == STATUS_OK && letter != separator && letter != '\n' && letter != EOF) {
        outcome =
            letter == 0 ? fail(rows, rows->line, "holds a zero byte") : put(rows, (char)letter);
        if (outcome == STATUS_OK)
            letter = next_letter(rows);
    }
    *end = letter;
    return outcome == STATUS_OK ? put(rows, '\0') : outcome;
}

enum status csv_rows_next(bool *is_there, struct csv_rows *rows)
{
    *is_there = false;
    rows->used = rows->count = 0;
    int letter = next_letter(rows);
    for (; letter == '\n'; letter = next_letter(rows))
        rows->line++;
    rows->row_line = rows->line;
    enum status outcome = STATUS_OK;
    while (letter != EOF && outcome == STATUS_OK) {
        *is_there = true;
        outcome = read_field(&letter, rows, letter);
        if (outcome != STATUS_OK || letter != rows->options.separator)
            break;
        letter = next_letter(rows);
        if (letter == EOF && (outcome = begin_field(rows)) == STATUS_OK)
            outcome = put(rows, '\0');
    }
    rows->line += letter == '\n';
    if (outcome == STATUS_OK && ferror(rows->file))
        outcome = file_fail(rows->path, "cannot read");
    return outcome;
}

enum status csv_rows_open(struct csv_rows **out, const char *path,
                          const struct csv_options *options)
{
    static const unsigned char mark[3] = { 0xEF, 0xBB, 0xBF };
    unsigned char first[sizeof mark];
    struct csv_rows *rows = calloc(1, sizeof *rows);
    *out = NULL;
    if (rows == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    *rows = (struct csv_rows){ .path = path, .options = *options, .line = 1 };
    const enum status outcome = file_open(&rows->file, path);
    if (outcome != STATUS_OK) {
        free(rows);
        return outcome;
    }
    if (fread(first, 1, sizeof first, rows->file) != sizeof first ||
        memcmp(first, mark, sizeof mark) != 0)
        rewind(rows->file);
    *out = rows;
    return STATUS_OK;
}

size_t csv_rows_line(const struct csv_rows *rows)
{
    return rows->row_line;
}

size_t csv_rows_count(const struct csv_rows *rows)
{
    return rows->count;
}

const char *csv_rows_field(const struct csv_rows *rows, size_t index)
{
    return rows->text + rows->starts[index];
}

void csv_rows_close(struct csv_rows *rows)
{
    if (rows == NULL)
        return;
    fclose(rows->file);
    free(rows->text);
    free(rows->starts);
    free(rows);
}
