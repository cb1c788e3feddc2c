#include "stages/export/export.h"

#include "core/log.h"
#include "stages/export/export_generated.h"
#include "stages/export/export_pictures.h"

#include <string.h>

enum { SHEET_PICTURES_MAX = 400 };

static const char *name_of(const struct export_options *options)
{
    if (options->contact_sheet > 0)
        return "contact-sheet";
    return options->caption != NULL ? options->caption : options->image;
}

static enum status export_wanted(struct export_job *job)
{
    if (job->options->contact_sheet > 0)
        return export_contact_sheet(job);
    return job->options->caption != NULL ? export_caption(job) : export_image(job);
}

enum status export_record(struct export_report *report, const struct export_options *options,
                          const struct run *run, const char *run_missing)
{
    *report = (struct export_report){ 0 };
    struct export_job job = {
        .options = options, .run = run, .run_missing = run_missing, .report = report
    };
    record_name(job.name, name_of(options));
    enum status outcome = store_reader_open(&job.reader, options->store);
    if (outcome == STATUS_OK)
        outcome = folder_make(options->out);
    if (outcome == STATUS_OK)
        outcome = export_wanted(&job);
    store_reader_close(job.reader);
    return outcome;
}

static enum status check_options(const struct export_options *options)
{
    const int wanted = (options->caption != NULL) + (options->image != NULL) +
                       (options->contact_sheet > 0) + options->wants_generated;
    if (wanted != 1)
        return status_fail(STATUS_INVALID,
                           "expected one of --caption ID, --image ID, --contact-sheet N and "
                           "--generated");
    if (options->contact_sheet > SHEET_PICTURES_MAX)
        return status_fail(STATUS_INVALID, "--contact-sheet takes at most %d pictures",
                           SHEET_PICTURES_MAX);
    if (options->out == NULL)
        return status_fail(STATUS_INVALID, "expected --out DIR");
    return STATUS_OK;
}

static enum status export_and_tell(const struct export_options *options, const struct run *run,
                                   const char *run_missing)
{
    struct export_report report;
    if (options->wants_generated)
        return run != NULL ? export_generated(run, options->out)
                           : status_fail(STATUS_NOT_FOUND, "%s", run_missing);
    const enum status outcome = export_record(&report, options, run, run_missing);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t f = 0; f < report.file_count; f++)
        printf("%s\n", report.files[f]);
    for (size_t n = 0; n < report.note_count; n++)
        log_say("%s", report.notes[n]);
    return STATUS_OK;
}

/* The run that a store lies in; for generated captions it may be named itself. */
static void find_run_folder(char folder[PATH_BYTES], const struct export_options *options)
{
    char plan[PATH_BYTES];
    path_folder(folder, options->store);
    if (options->wants_generated && path_join(plan, options->store, "plan.yaml") == STATUS_OK &&
        file_exists(plan))
        snprintf(folder, PATH_BYTES, "%s", options->store);
}

enum status export_command(struct command_line *line, int argc, char **argv)
{
    struct export_options wanted = { 0 };
    const struct option options[] = {
        { "caption", OPTION_TEXT, &wanted.caption, "ID", "the caption to export" },
        { "image", OPTION_TEXT, &wanted.image, "ID", "the picture to export" },
        { "contact-sheet", OPTION_COUNT, &wanted.contact_sheet, "N",
          "N pictures beside what their units give back, in one PNG" },
        { "generated", OPTION_SWITCH, &wanted.wants_generated, NULL,
          "the captions that generate made, as WAV files and a table" },
        { "out", OPTION_TEXT, &wanted.out, "DIR", "folder to write to" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    enum status outcome = check_options(&wanted);
    if (outcome != STATUS_OK)
        return command_usage(line, status_text());

    char folder[PATH_BYTES], run_missing[STATUS_TEXT_BYTES] = "";
    struct run run;
    wanted.store = line->operands[0];
    find_run_folder(folder, &wanted);
    const bool has_run = run_view(&run, &line->team, folder) == STATUS_OK;
    if (!has_run)
        snprintf(run_missing, sizeof run_missing, "%s", status_text());
    if (line->team.rank == 0)
        outcome = export_and_tell(&wanted, has_run ? &run : NULL, run_missing);
    run_close(&run);
    return team_agree(&line->team, "export", outcome);
}
