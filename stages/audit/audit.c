#include "stages/audit/audit.h"

#include "stages/audit/audit_sections.h"

#include <string.h>

enum status audit_write(FILE *stream, const char *path, const struct audit_options *options)
{
    static void (*const sections[])(struct audit_report *, const struct audit_subject *) = {
        audit_add_table1, audit_add_counts,   audit_add_stages,    audit_add_modalities,
        audit_add_speech, audit_add_pictures, audit_add_languages, audit_add_datasets,
        audit_add_steps,  audit_add_entropy,
    };
    struct audit_subject subject;
    struct audit_report report = { 0 };
    enum status outcome = audit_subject_read(&subject, path, options->is_quick);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++)
        sections[s](&report, &subject);
    audit_add_projection(&report, &subject, options->projected_captions);
    if (options->format == AUDIT_TABLE)
        outcome = audit_report_write_table(stream, &report, path);
    else if (options->format == AUDIT_CSV)
        outcome = audit_report_write_csv(stream, &report);
    else
        outcome = audit_report_write_json(stream, &report, path);
    audit_report_end(&report);
    audit_subject_end(&subject);
    return outcome;
}

static enum status parse_format(enum audit_format *format, const char *name)
{
    static const char *const names[] = {
        [AUDIT_TABLE] = "table", [AUDIT_JSON] = "json", [AUDIT_CSV] = "csv"
    };
    for (size_t f = 0; f < sizeof names / sizeof names[0]; f++)
        if (strcmp(names[f], name) == 0) {
            *format = (enum audit_format)f;
            return STATUS_OK;
        }
    return status_fail(STATUS_INVALID, "--format %s: expected table, json or csv", name);
}

enum status audit_command(struct command_line *line, int argc, char **argv)
{
    const char *format_name = "table";
    struct audit_options settings = { .format = AUDIT_TABLE };
    size_t projected_captions = 0;
    const struct option options[] = {
        { "format", OPTION_TEXT, &format_name, "FORMAT", "table (default), json or csv" },
        { "project", OPTION_COUNT, &projected_captions, "N",
          "what a store of N captions would take, packed like this one" },
        { "quick", OPTION_SWITCH, &settings.is_quick, NULL,
          "without languages and entropies, for which all tokens are read" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    settings.projected_captions = projected_captions;
    enum status outcome = parse_format(&settings.format, format_name);
    if (outcome != STATUS_OK)
        return command_usage(line, status_text());
    if (line->team.rank == 0)
        outcome = audit_write(stdout, line->operands[0], &settings);
    return team_agree(&line->team, "audit", outcome);
}
