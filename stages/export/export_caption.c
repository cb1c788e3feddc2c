/* A caption: text, fields, units, speech and phones. */
#include "stages/export/export_job.h"
#include "stages/export/export_speech.h"

#include <stdlib.h>
#include <string.h>

enum { RATE_HZ = 16000, UNITS_MAX = 1 << 22 };

/* The units of one caption: run by run, repeats dropped. */
struct unit_runs {
    uint64_t *units, *durations; /* [count], in one allocation that `units` begins */
    size_t count;
};

static enum status read_range(uint64_t range[2], const struct export_job *job, uint64_t row)
{
    uint64_t rows = 0, duration_rows = 0;
    size_t width = 0, duration_width = 0;
    enum status outcome = export_read_number(&range[0], job, "/speech/offsets", row);
    if (outcome == STATUS_OK)
        outcome = export_read_number(&range[1], job, "/speech/offsets", row + 1);
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&rows, &width, job->reader, "/speech/units");
    if (outcome == STATUS_OK)
        outcome =
            store_reader_extent(&duration_rows, &duration_width, job->reader, "/speech/durations");
    if (outcome == STATUS_OK && (width != 1 || duration_width != 1 || rows != duration_rows))
        outcome =
            status_fail(STATUS_CORRUPT, "%s: units without their durations", job->options->store);
    if (outcome == STATUS_OK &&
        (range[0] > range[1] || range[1] > rows || range[1] - range[0] > UNITS_MAX))
        outcome = status_fail(STATUS_CORRUPT, "%s: /speech/offsets is out of order at row %llu",
                              job->options->store, (unsigned long long)row);
    return outcome;
}

static enum status read_units(struct unit_runs *runs, const struct export_job *job, uint64_t row)
{
    uint64_t range[2] = { 0 }, frames = 0;
    enum status outcome = read_range(range, job, row);
    if (outcome != STATUS_OK)
        return outcome;
    runs->count = (size_t)(range[1] - range[0]);
    runs->units = malloc((2 * runs->count + 1) * sizeof *runs->units);
    if (runs->units == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", runs->count);
    runs->durations = runs->units + runs->count;
    outcome =
        store_reader_numbers(runs->units, job->reader, "/speech/units", range[0], runs->count, 1);
    if (outcome == STATUS_OK)
        outcome = store_reader_numbers(runs->durations, job->reader, "/speech/durations", range[0],
                                       runs->count, 1);
    for (size_t r = 0; r < runs->count && outcome == STATUS_OK; r++)
        if (runs->durations[r] > UNITS_MAX || (frames += runs->durations[r]) > UNITS_MAX)
            outcome =
                status_fail(STATUS_CORRUPT, "%s: absurdly long durations", job->options->store);
    return outcome;
}

static void add_numbers(struct json_writer *writer, const char *key, const uint64_t *numbers,
                        size_t count)
{
    json_writer_open_array(writer, key);
    for (size_t n = 0; n < count; n++)
        json_writer_integer(writer, NULL, (int64_t)numbers[n]);
    json_writer_close(writer);
}

static enum status add_units(struct json_writer *writer, const struct export_job *job, uint64_t row)
{
    struct unit_runs runs = { 0 };
    const enum status outcome = read_units(&runs, job, row);
    if (outcome == STATUS_OK) {
        add_numbers(writer, "units", runs.units, runs.count);
        add_numbers(writer, "durations", runs.durations, runs.count);
        json_writer_open_array(writer, "frame_units");
        for (size_t r = 0; r < runs.count; r++)
            for (uint64_t frame = 0; frame < runs.durations[r]; frame++)
                json_writer_integer(writer, NULL, (int64_t)runs.units[r]);
        json_writer_close(writer);
    }
    free(runs.units);
    return outcome;
}

static enum status add_text(struct json_writer *writer, const struct export_job *job,
                            const char *key, const char *dataset, uint64_t row)
{
    char *text = NULL;
    const enum status outcome = export_read_text(&text, job, dataset, row);
    if (outcome == STATUS_OK)
        json_writer_text(writer, key, text);
    free(text);
    return outcome;
}

static enum status add_fields(struct json_writer *writer, const struct export_job *job,
                              uint64_t row)
{
    static const char *const keys[] = { "id", "text", "language", "voice", "split" };
    uint64_t image = 0, sample_count = 0, codebook = 0;
    enum status outcome = STATUS_OK;
    for (size_t k = 0; k < sizeof keys / sizeof keys[0] && outcome == STATUS_OK; k++) {
        char dataset[32];
        snprintf(dataset, sizeof dataset, "/captions/%s", keys[k]);
        outcome = add_text(writer, job, keys[k], dataset, row);
    }
    if (outcome == STATUS_OK)
        outcome = export_read_number(&image, job, "/captions/image", row);
    if (outcome == STATUS_OK)
        outcome = add_text(writer, job, "image", "/images/id", image);
    if (outcome == STATUS_OK)
        outcome = export_read_number(&sample_count, job, "/speech/sample_count", row);
    if (outcome == STATUS_OK)
        outcome = store_reader_note_number(&codebook, job->reader, "/speech/units", "codebook");
    json_writer_integer(writer, "sample_count", (int64_t)sample_count);
    json_writer_number(writer, "seconds", (double)sample_count / RATE_HZ);
    json_writer_integer(writer, "codebook", (int64_t)codebook);
    return outcome;
}

static enum status write_text(struct export_job *job, uint64_t row)
{
    char *text = NULL;
    enum status outcome = export_read_text(&text, job, "/captions/text", row);
    if (outcome == STATUS_OK) {
        char *end = strchr(text, '\0');
        *end = '\n'; /* the terminating zero has served */
        outcome = export_write(job, ".txt", text, (size_t)(end - text) + 1);
    }
    free(text);
    return outcome;
}

enum status export_caption(struct export_job *job)
{
    uint64_t row = 0;
    enum status outcome =
        export_find_row(&row, job, "/captions/id", "caption", job->options->caption);
    if (outcome != STATUS_OK)
        return outcome;
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "caption %s", job->options->caption);
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "kind", "caption");
    outcome = add_fields(writer, job, row);
    if (outcome == STATUS_OK)
        outcome = write_text(job, row);
    if (outcome == STATUS_OK)
        outcome = export_speech(job, writer);
    if (outcome == STATUS_OK)
        outcome = add_units(writer, job, row);
    if (outcome == STATUS_OK)
        outcome = export_write_json(job, writer);
    json_writer_destroy(writer);
    return outcome;
}
