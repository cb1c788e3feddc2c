/** Export job: what exporting a caption and exporting a picture share. All functions are local. */
#ifndef STAGES_EXPORT_EXPORT_JOB_H
#define STAGES_EXPORT_EXPORT_JOB_H

#include "stages/export/export.h"
#include "stages/record_name.h"
#include "storage/json.h"
#include "storage/store_reader.h"

struct export_job {
    const struct export_options *options;
    const struct run *run;   /* NULL: none */
    const char *run_missing; /* why */
    struct store_reader *reader;
    struct export_report *report;
    char name[RECORD_NAME_BYTES]; /* of the files, before the ending */
};

/** Row of `id` in a dataset of ids; `kind` ("caption") is for the message.
 * Errors: STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status export_find_row(uint64_t *row, const struct export_job *job, const char *dataset,
                            const char *kind, const char *id);

/** Row of the picture `id` in /images; where it has the bytes of an earlier one, the row of that.
 * Errors: as export_find_row. */
enum status export_find_picture(uint64_t *row, const struct export_job *job, const char *id);

/** One text of the store; the caller frees `*text`, NULL on failure. */
enum status export_read_text(char **text, const struct export_job *job, const char *dataset,
                             uint64_t row);

/** One number. */
enum status export_read_number(uint64_t *number, const struct export_job *job, const char *dataset,
                               uint64_t row);

/** Adds a note; the newest failure's text with export_note(job, "%s", status_text()). */
void export_note(struct export_job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The path of a file of this record, and its entry in the report. `ending`: ".wav". */
enum status export_path(char path[PATH_BYTES], struct export_job *job, const char *ending);

/** Writes a file of this record. Errors: STATUS_IO. */
enum status export_write(struct export_job *job, const char *ending, const void *bytes,
                         size_t byte_count);

/** Adds "files" and "notes" to the object that is open, closes it and writes ID.json. */
enum status export_write_json(struct export_job *job, struct json_writer *writer);

/** The two kinds of records. */
enum status export_caption(struct export_job *job);
enum status export_image(struct export_job *job);

#endif
