#include "stages/status/status.h"

#include "core/utf8.h"
#include "stages/run_survey.h"
#include "storage/json.h"

#include <string.h>

/* "12.3 MiB": three or four digits that a person can compare at a glance. */
static void write_bytes(char cell[16], uint64_t bytes)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    double value = (double)bytes;
    size_t u = 0;
    for (; value >= 999.5 && u + 1 < sizeof units / sizeof units[0]; u++)
        value /= 1024;
    snprintf(cell, 16, "%.*f %s", u > 0 && value < 99.95 ? 1 : 0, value, units[u]);
}

static void write_duration(char cell[16], double seconds)
{
    if (seconds < 0.0 || seconds > 1e9)
        snprintf(cell, 16, "-");
    else if (seconds < 120.0)
        snprintf(cell, 16, "%.0f s", seconds);
    else if (seconds < 7200.0)
        snprintf(cell, 16, "%.0f min", seconds / 60);
    else
        snprintf(cell, 16, "%.1f h", seconds / 3600);
}

static void write_stage(FILE *stream, const struct survey_stage *stage)
{
    char shards[48], records[48] = "-", bytes[16], rate[32] = "-", left[16] = "-";
    snprintf(shards, sizeof shards, "%zu/%zu", stage->shards_done, stage->shards);
    if (stage->records > 0)
        snprintf(records, sizeof records, "%zu/%zu", stage->records_done, stage->records);
    write_bytes(bytes, stage->bytes);
    if (survey_rate(stage) > 0.0)
        snprintf(rate, sizeof rate, "%.1f", survey_rate(stage));
    if (stage->state != SURVEY_DONE)
        write_duration(left, survey_seconds_left(stage));
    fprintf(stream, "%-12s  %-7s  %9s  %15s  %8zu  %7zu  %9s  %9s  %7s\n", stage->name,
            survey_state_name(stage->state), shards, records, stage->rejected, stage->damaged,
            bytes, rate, left);
}

/* Texts of a manifest are not trusted with a terminal. */
static void write_plain(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, stream);
}

static void write_rejects(FILE *stream, const struct run_survey *survey, size_t shown)
{
    fprintf(stream, "\nrejects: %zu\n", survey->rejects.count);
    for (size_t r = 0; r < shown; r++) {
        const struct reject *reject = &survey->rejects.items[r];
        fprintf(stream, "  %-12s  ", reject->stage);
        write_plain(stream, reject->id);
        fputs("  ", stream);
        write_plain(stream, reject->reason);
        fputc('\n', stream);
    }
    if (shown < survey->rejects.count)
        fprintf(stream, "  ... and %zu more: --rejects lists all\n", survey->rejects.count - shown);
}

static void write_table(FILE *stream, const struct run *run, const struct run_survey *survey,
                        size_t shown)
{
    fprintf(stream, "%s: %s\n\n%-12s  %-7s  %9s  %15s  %8s  %7s  %9s  %9s  %7s\n", run->plan.run,
            survey->is_running ? "a unitmill is at work in it" : "nobody is at work in it", "stage",
            "state", "shards", "records", "rejected", "damaged", "bytes", "records/s", "left");
    for (size_t s = 0; s < survey->stage_count; s++)
        if (survey->stages[s].state != SURVEY_NOT_PLANNED)
            write_stage(stream, &survey->stages[s]);
    if (survey->damage_count > 0)
        fprintf(stream, "\ndamaged, to be made again by the next run:\n");
    for (size_t d = 0; d < survey->damage_count; d++)
        fprintf(stream, "  %s: %s\n", survey->damages[d].file, survey->damages[d].reason);
    write_rejects(stream, survey, shown);
}

static void add_stage(struct json_writer *writer, const struct survey_stage *stage)
{
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {
        { "shards_done", stage->shards_done },
        { "shards", stage->shards },
        { "rejected", stage->rejected },
        { "damaged", stage->damaged },
        { "bytes", stage->bytes },
        { "records_done", stage->records_done },
        { "records", stage->records },
    };
    const size_t known_count = sizeof numbers / sizeof numbers[0] - (stage->records > 0 ? 0 : 2);
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "stage", stage->name);
    json_writer_text(writer, "state", survey_state_name(stage->state));
    for (size_t n = 0; n < known_count; n++)
        json_writer_integer(writer, numbers[n].key, (int64_t)numbers[n].value);
    if (survey_rate(stage) > 0.0)
        json_writer_number(writer, "records_per_second", survey_rate(stage));
    if (survey_seconds_left(stage) >= 0.0)
        json_writer_number(writer, "seconds_left", survey_seconds_left(stage));
    json_writer_close(writer);
}

/* JSON holds only UTF-8, and a damaged shard or a path may hold anything. */
static void add_text(struct json_writer *writer, const char *key, const char *text)
{
    json_writer_text(writer, key, utf8_is_valid(text, strlen(text)) ? text : "(not UTF-8)");
}

static void add_lists(struct json_writer *writer, const struct run_survey *survey, size_t shown)
{
    json_writer_open_array(writer, "damaged");
    for (size_t d = 0; d < survey->damage_count; d++) {
        json_writer_open_object(writer, NULL);
        add_text(writer, "file", survey->damages[d].file);
        add_text(writer, "reason", survey->damages[d].reason);
        json_writer_close(writer);
    }
    json_writer_close(writer);
    json_writer_integer(writer, "reject_count", (int64_t)survey->rejects.count);
    json_writer_open_array(writer, "rejects");
    for (size_t r = 0; r < shown; r++) {
        json_writer_open_object(writer, NULL);
        add_text(writer, "stage", survey->rejects.items[r].stage);
        add_text(writer, "id", survey->rejects.items[r].id);
        add_text(writer, "reason", survey->rejects.items[r].reason);
        json_writer_close(writer);
    }
    json_writer_close(writer);
}

static enum status write_json(FILE *stream, const struct run *run, const struct run_survey *survey,
                              size_t shown)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "status: report");
    json_writer_open_object(writer, NULL);
    json_writer_integer(writer, "unitmill_status", 1);
    json_writer_text(writer, "run", run->plan.run);
    json_writer_switch(writer, "is_running", survey->is_running);
    json_writer_open_array(writer, "stages");
    for (size_t s = 0; s < survey->stage_count; s++)
        if (survey->stages[s].state != SURVEY_NOT_PLANNED)
            add_stage(writer, &survey->stages[s]);
    json_writer_close(writer);
    add_lists(writer, survey, shown);
    json_writer_close(writer);
    const enum status outcome = json_writer_print(writer, stream, "status");
    json_writer_destroy(writer);
    return outcome;
}

enum status status_write(FILE *stream, const struct run *run, const struct status_options *options)
{
    struct run_survey survey;
    enum status outcome = run_survey_take(&survey, run);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t count = survey.rejects.count;
    const size_t shown = options->all_rejects || count < REJECTS_SHOWN ? count : REJECTS_SHOWN;
    if (options->is_json)
        outcome = write_json(stream, run, &survey, shown);
    else
        write_table(stream, run, &survey, shown);
    run_survey_end(&survey);
    if (outcome == STATUS_OK && (ferror(stream) || fflush(stream) != 0))
        outcome = status_fail(STATUS_IO, "status: cannot write the report");
    return outcome;
}

enum status status_command(struct command_line *line, int argc, char **argv)
{
    struct status_options wanted = { 0 };
    const struct option options[] = {
        { "json", OPTION_SWITCH, &wanted.is_json, NULL, "one JSON object instead of a table" },
        { "rejects", OPTION_SWITCH, &wanted.all_rejects, NULL, "every reject, not the first five" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    struct run run;
    enum status outcome = run_view(&run, &line->team, line->operands[0]);
    if (outcome == STATUS_OK)
        outcome =
            team_agree(&line->team, "write status",
                       line->team.rank == 0 ? status_write(stdout, &run, &wanted) : STATUS_OK);
    run_close(&run);
    return outcome;
}
