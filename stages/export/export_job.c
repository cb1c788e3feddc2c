#include "stages/export/export_job.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 20, BLOCK_BYTES = 1 << 22 };

/* Bytes of the texts of a dataset that has one in each row. */
static enum status text_width(size_t *bytes, uint64_t *rows, const struct export_job *job,
                              const char *dataset)
{
    size_t width = 0;
    enum status outcome = store_reader_text_bytes(bytes, job->reader, dataset);
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(rows, &width, job->reader, dataset);
    if (outcome == STATUS_OK && (width != 1 || *bytes > TEXT_BYTES_MAX))
        outcome = status_fail(STATUS_CORRUPT, "%s: %s holds %zu texts a row, of %zu bytes",
                              job->options->store, dataset, width, *bytes);
    return outcome;
}

enum status export_find_row(uint64_t *row, const struct export_job *job, const char *dataset,
                            const char *kind, const char *id)
{
    uint64_t rows = 0;
    size_t bytes = 0;
    enum status outcome = text_width(&bytes, &rows, job, dataset);
    if (outcome != STATUS_OK)
        return outcome;
    const uint64_t block = BLOCK_BYTES / bytes;
    char *texts = malloc(BLOCK_BYTES);
    if (texts == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: ids", dataset);
    bool is_found = false;
    for (uint64_t first = 0; first < rows && outcome == STATUS_OK && !is_found; first += block) {
        const uint64_t count = rows - first < block ? rows - first : block;
        outcome = store_reader_texts(texts, bytes, job->reader, dataset, first, count);
        for (uint64_t t = 0; t < count && outcome == STATUS_OK && !is_found; t++) {
            is_found = strcmp(texts + t * bytes, id) == 0;
            *row = first + t;
        }
    }
    free(texts);
    if (outcome != STATUS_OK || is_found)
        return outcome;
    return status_fail(STATUS_NOT_FOUND, "%s: no %s %.100s in it; h5dump -d %s '%s' lists the ids",
                       job->options->store, kind, id, dataset, job->options->store);
}

enum status export_find_picture(uint64_t *row, const struct export_job *job, const char *id)
{
    static const char list[] = "/images/duplicates/id";
    uint64_t at = 0;
    enum status outcome = STATUS_NOT_FOUND;
    if (store_reader_has(job->reader, list))
        outcome = export_find_row(&at, job, list, "picture", id);
    if (outcome == STATUS_OK)
        return export_read_number(row, job, "/images/duplicates/row", at);
    return outcome == STATUS_NOT_FOUND ? export_find_row(row, job, "/images/id", "picture", id)
                                       : outcome;
}

enum status export_read_text(char **text, const struct export_job *job, const char *dataset,
                             uint64_t row)
{
    uint64_t rows = 0;
    size_t bytes = 0;
    *text = NULL;
    enum status outcome = text_width(&bytes, &rows, job, dataset);
    if (outcome != STATUS_OK)
        return outcome;
    *text = malloc(bytes);
    if (*text == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: a text", dataset);
    outcome = store_reader_texts(*text, bytes, job->reader, dataset, row, 1);
    if (outcome != STATUS_OK) {
        free(*text);
        *text = NULL;
    }
    return outcome;
}

enum status export_read_number(uint64_t *number, const struct export_job *job, const char *dataset,
                               uint64_t row)
{
    uint64_t rows = 0;
    size_t width = 0;
    const enum status outcome = store_reader_extent(&rows, &width, job->reader, dataset);
    if (outcome != STATUS_OK)
        return outcome;
    if (width != 1)
        return status_fail(STATUS_CORRUPT, "%s: not one value a row", dataset);
    return store_reader_numbers(number, job->reader, dataset, row, 1, 1);
}

void export_note(struct export_job *job, const char *format, ...)
{
    struct export_report *report = job->report;
    if (report->note_count == EXPORT_NOTES_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->notes[report->note_count++], sizeof report->notes[0], format, arguments);
    va_end(arguments);
}

enum status export_path(char path[PATH_BYTES], struct export_job *job, const char *ending)
{
    char name[RECORD_NAME_BYTES + 16];
    snprintf(name, sizeof name, "%s%s", job->name, ending);
    const enum status outcome = path_join(path, job->options->out, name);
    if (outcome == STATUS_OK)
        memcpy(job->report->files[job->report->file_count++], path, strlen(path) + 1);
    return outcome;
}

enum status export_write(struct export_job *job, const char *ending, const void *bytes,
                         size_t byte_count)
{
    char path[PATH_BYTES];
    const enum status outcome = export_path(path, job, ending);
    return outcome == STATUS_OK ? file_write(path, bytes, byte_count) : outcome;
}

enum status export_write_json(struct export_job *job, struct json_writer *writer)
{
    char path[PATH_BYTES], *text = NULL;
    enum status outcome = export_path(path, job, ".json");
    json_writer_open_array(writer, "files");
    for (size_t f = 0; f < job->report->file_count; f++)
        json_writer_text(writer, NULL, path_name(job->report->files[f]));
    json_writer_close(writer);
    json_writer_open_array(writer, "notes");
    for (size_t n = 0; n < job->report->note_count; n++)
        json_writer_text(writer, NULL, job->report->notes[n]);
    json_writer_close(writer);
    json_writer_close(writer);
    if (outcome == STATUS_OK)
        outcome = json_writer_format(&text, writer);
    if (outcome == STATUS_OK)
        outcome = file_write(path, text, strlen(text));
    free(text);
    return outcome;
}
