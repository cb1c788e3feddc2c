#include "stages/status/status.h"

#include "cluster/stop.h"
#include "core/utf8.h"
#include "stages/status/job_report.h"
#include "storage/json.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

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
    fprintf(stream, "%-12s  %-9s  %8s  %15s  %8zu  %7zu  %8s  %9s  %7s\n", stage->name,
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

static void write_job(FILE *stream, const struct stage_job *stage)
{
    const struct slurm_job *job = stage->job;
    fprintf(stream, "  %-12s  job %-8lu  ", job->stage, job->id);
    write_plain(stream, job->state[0] == '\0' ? "not known to Slurm" : job->state);
    const char *const remarks[][2] = { { "  on ", job->nodes },
                                       { "  time left ", job->time_left },
                                       { "  ", stage->reason },
                                       { "\n    ", stage->last_error } };
    for (size_t r = 0; r < sizeof remarks / sizeof remarks[0]; r++)
        if (remarks[r][1][0] != '\0') {
            fputs(remarks[r][0], stream);
            write_plain(stream, remarks[r][1]);
        }
    fputc('\n', stream);
}

static void write_jobs(FILE *stream, const struct job_report *report, size_t stage_count)
{
    if (report->jobs.count == 0)
        return;
    fprintf(stream, "\njobs:\n");
    if (report->slurm_error[0] != '\0') {
        fputs("  Slurm cannot be asked: ", stream);
        write_plain(stream, report->slurm_error);
        fputc('\n', stream);
    }
    for (size_t s = 0; s < stage_count; s++)
        if (report->stages[s].job != NULL)
            write_job(stream, &report->stages[s]);
}

static void write_table(FILE *stream, const struct run *run, const struct run_survey *survey,
                        const struct job_report *report, size_t shown)
{
    fprintf(stream, "%s: %s\n\n%-12s  %-9s  %8s  %15s  %8s  %7s  %8s  %9s  %7s\n", run->plan.run,
            survey->is_running ? "a unitmill is at work in it" : "nobody is at work in it", "stage",
            "state", "shards", "records", "rejected", "damaged", "bytes", "records/s", "left");
    for (size_t s = 0; s < survey->stage_count; s++)
        if (survey->stages[s].state != SURVEY_NOT_PLANNED)
            write_stage(stream, &survey->stages[s]);
    write_jobs(stream, report, survey->stage_count);
    if (survey->damage_count > 0)
        fprintf(stream, "\ndamaged, to be made again by the next run:\n");
    for (size_t d = 0; d < survey->damage_count; d++)
        fprintf(stream, "  %s: %s\n", survey->damages[d].file, survey->damages[d].reason);
    write_rejects(stream, survey, shown);
}

/* JSON holds only UTF-8, and a damaged shard or a path may hold anything. */
static void add_text(struct json_writer *writer, const char *key, const char *text)
{
    json_writer_text(writer, key, utf8_is_valid(text, strlen(text)) ? text : "(not UTF-8)");
}

static void add_job(struct json_writer *writer, const struct stage_job *stage)
{
    const char *const texts[][2] = { { "job_state", stage->job->state },
                                     { "nodes", stage->job->nodes },
                                     { "job_time_left", stage->job->time_left },
                                     { "reason", stage->reason },
                                     { "last_error", stage->last_error } };
    json_writer_integer(writer, "job", (int64_t)stage->job->id);
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
        if (texts[t][1][0] != '\0')
            add_text(writer, texts[t][0], texts[t][1]);
}

static void add_stage(struct json_writer *writer, const struct survey_stage *stage,
                      const struct stage_job *job)
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
    if (job->job != NULL)
        add_job(writer, job);
    json_writer_close(writer);
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
                              const struct job_report *report, size_t shown)
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
            add_stage(writer, &survey->stages[s], &report->stages[s]);
    json_writer_close(writer);
    if (report->slurm_error[0] != '\0')
        add_text(writer, "slurm_error", report->slurm_error);
    add_lists(writer, survey, shown);
    json_writer_close(writer);
    const enum status outcome = json_writer_print(writer, stream, "status");
    json_writer_destroy(writer);
    return outcome;
}

/* True while there is something to wait for. */
static bool is_going_on(const struct run_survey *survey)
{
    for (size_t s = 0; s < survey->stage_count; s++)
        if (survey->stages[s].state == SURVEY_RUNNING || survey->stages[s].state == SURVEY_QUEUED)
            return true;
    return false;
}

enum status status_write(FILE *stream, bool *goes_on, const struct run *run,
                         const struct status_options *options)
{
    struct run_survey survey;
    struct job_report report;
    enum status outcome = run_survey_take(&survey, run);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = job_report_take(&report, &survey, run);
    const size_t count = survey.rejects.count;
    const size_t shown = options->all_rejects || count < REJECTS_SHOWN ? count : REJECTS_SHOWN;
    if (outcome == STATUS_OK && options->is_json)
        outcome = write_json(stream, run, &survey, &report, shown);
    else if (outcome == STATUS_OK)
        write_table(stream, run, &survey, &report, shown);
    *goes_on = is_going_on(&survey);
    run_survey_end(&survey);
    if (outcome == STATUS_OK && (ferror(stream) || fflush(stream) != 0))
        outcome = status_fail(STATUS_IO, "status: cannot write the report");
    return outcome;
}

/* On rank 0. Again and again while anything runs or waits, if that was asked for. */
static enum status tell(const struct run *run, const struct status_options *options)
{
    const struct timespec period = { .tv_sec = 2 };
    const bool clears = options->watches && !options->is_json && isatty(STDOUT_FILENO);
    enum status outcome = STATUS_OK;
    bool goes_on = true;
    while (goes_on && outcome == STATUS_OK && !stop_requested()) {
        if (clears)
            fputs("\033[H\033[2J", stdout);
        outcome = status_write(stdout, &goes_on, run, options);
        goes_on = goes_on && options->watches;
        if (goes_on)
            nanosleep(&period, NULL);
        if (goes_on && !clears && !options->is_json)
            fputc('\n', stdout);
    }
    return outcome;
}

enum status status_command(struct command_line *line, int argc, char **argv)
{
    struct status_options wanted = { 0 };
    const struct option options[] = {
        { "json", OPTION_SWITCH, &wanted.is_json, NULL, "one JSON object instead of a table" },
        { "rejects", OPTION_SWITCH, &wanted.all_rejects, NULL, "every reject, not the first five" },
        { "watch", OPTION_SWITCH, &wanted.watches, NULL,
          "again every two seconds while anything runs or waits" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    struct run run;
    enum status outcome = run_view(&run, &line->team, line->operands[0]);
    if (outcome == STATUS_OK)
        outcome = team_agree(&line->team, "write status",
                             line->team.rank == 0 ? tell(&run, &wanted) : STATUS_OK);
    run_close(&run);
    return outcome;
}
