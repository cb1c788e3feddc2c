#include "stages/audit/audit.h"

#include "stages/audit/audit_sections.h"

#include <string.h>

enum status audit_write(FILE *stream, const char *path, enum audit_format format)
{
    static void (*const sections[])(struct audit_report *, const struct audit_subject *) = {
        audit_add_table1,   audit_add_counts, audit_add_stages,   audit_add_modalities,
        audit_add_datasets, audit_add_speech, audit_add_pictures,
    };
    struct audit_subject subject;
    struct audit_report report = { 0 };
    enum status outcome = audit_subject_read(&subject, path);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t s = 0; s < sizeof sections / sizeof sections[0]; s++)
        sections[s](&report, &subject);
    if (format == AUDIT_TABLE)
        outcome = audit_report_write_table(stream, &report, path);
    else if (format == AUDIT_CSV)
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
    const struct option options[] = {
        { "format", OPTION_TEXT, &format_name, "FORMAT", "table (default), json or csv" },
    };
    if (!command_begin(line, options, sizeof options / sizeof options[0], argc, argv))
        return STATUS_OK;
    enum audit_format format = AUDIT_TABLE;
    enum status outcome = parse_format(&format, format_name);
    if (outcome != STATUS_OK)
        return command_usage(line, status_text());
    if (line->team.rank == 0)
        outcome = audit_write(stdout, line->operands[0], format);
    return team_agree(&line->team, "audit", outcome);
}
