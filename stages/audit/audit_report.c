#include "stages/audit/audit_report.h"

#include "storage/json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_BYTES = 64 };

struct audit_row *audit_report_add(struct audit_report *report, const struct audit_section *section,
                                   const char *key, const char *label)
{
    if (report->count == report->capacity) {
        const size_t capacity = 2 * report->capacity + 64;
        struct audit_row *grown = realloc(report->rows, capacity * sizeof *grown);
        report->is_incomplete |= grown == NULL;
        if (grown == NULL)
            return &report->spare;
        report->rows = grown;
        report->capacity = capacity;
    }
    struct audit_row *row = &report->rows[report->count++];
    *row = (struct audit_row){ .section = section };
    snprintf(row->key, sizeof row->key, "%s", key);
    snprintf(row->label, sizeof row->label, "%s", label);
    for (size_t q = 0; q < AUDIT_QUANTITIES_MAX; q++)
        row->values[q] = NAN;
    return row;
}

void audit_report_end(struct audit_report *report)
{
    free(report->rows);
    *report = (struct audit_report){ 0 };
}

double audit_ratio(double part, double whole)
{
    return whole == 0.0 ? NAN : part / whole;
}

double audit_percent(double part, double whole)
{
    return audit_ratio(100.0 * part, whole);
}

static size_t quantity_count(const struct audit_section *section)
{
    size_t count = 0;
    while (count < AUDIT_QUANTITIES_MAX && section->quantities[count].key != NULL)
        count++;
    return count;
}

/* Thousands are set apart by commas; an absent value is a dash. */
static void write_cell(char cell[CELL_BYTES], double value, enum audit_form form)
{
    static const int decimals[] = {
        [AUDIT_WHOLE] = 0, [AUDIT_TENTHS] = 1, [AUDIT_SHARE] = 3, [AUDIT_BILLIONS] = 3
    };
    char plain[CELL_BYTES / 2];
    if (!(fabs(value) < 1e18)) {
        snprintf(cell, CELL_BYTES, "-");
        return;
    }
    snprintf(plain, sizeof plain, "%.*f", decimals[form],
             form == AUDIT_BILLIONS ? value / 1e9 : value);
    const size_t digits = strcspn(plain, ".");
    size_t used = 0;
    for (size_t d = 0; plain[d] != '\0'; d++) {
        if (d > 0 && d < digits && (digits - d) % 3 == 0 && plain[d - 1] != '-')
            cell[used++] = ',';
        cell[used++] = plain[d];
    }
    cell[used] = '\0';
}

/* Widths of a section's columns: label, how, then the quantities. */
struct widths {
    int label, how, cells[AUDIT_QUANTITIES_MAX];
};

static void widen(int *width, const char *text)
{
    const int bytes = (int)strlen(text);
    if (*width < bytes)
        *width = bytes;
}

static struct widths measure(const struct audit_report *report, size_t first, size_t end)
{
    const struct audit_section *section = report->rows[first].section;
    const size_t quantities = quantity_count(section);
    struct widths widths = { .label = (int)strlen(section->row_heading) };
    if (section->how_heading != NULL)
        widths.how = (int)strlen(section->how_heading);
    for (size_t q = 0; q < quantities; q++)
        if (section->quantities[q].heading != NULL)
            widths.cells[q] = (int)strlen(section->quantities[q].heading);
    for (size_t r = first; r < end; r++) {
        widen(&widths.label, report->rows[r].label);
        widen(&widths.how, report->rows[r].how);
        for (size_t q = 0; q < quantities; q++) {
            char cell[CELL_BYTES];
            write_cell(cell, report->rows[r].values[q], section->quantities[q].form);
            widen(&widths.cells[q], cell);
        }
    }
    return widths;
}

static void write_section(FILE *stream, const struct audit_report *report, size_t first, size_t end)
{
    const struct audit_section *section = report->rows[first].section;
    const size_t quantities = quantity_count(section);
    const struct widths widths = measure(report, first, end);
    fprintf(stream, "\n%s\n\n%-*s", section->title, widths.label, section->row_heading);
    if (section->how_heading != NULL)
        fprintf(stream, "  %-*s", widths.how, section->how_heading);
    for (size_t q = 0; q < quantities; q++)
        if (section->quantities[q].heading != NULL)
            fprintf(stream, "  %*s", widths.cells[q], section->quantities[q].heading);
    fputc('\n', stream);
    for (size_t r = first; r < end; r++) {
        const struct audit_row *row = &report->rows[r];
        fprintf(stream, "%-*s", widths.label, row->label);
        if (section->how_heading != NULL)
            fprintf(stream, "  %-*s", widths.how, row->how);
        for (size_t q = 0; q < quantities; q++) {
            char cell[CELL_BYTES];
            write_cell(cell, row->values[q], section->quantities[q].form);
            if (section->quantities[q].heading != NULL)
                fprintf(stream, "  %*s", widths.cells[q], cell);
        }
        fputc('\n', stream);
    }
    if (section->note != NULL)
        fprintf(stream, "\n%s\n", section->note);
}

static size_t section_end(const struct audit_report *report, size_t first)
{
    size_t end = first + 1;
    while (end < report->count && report->rows[end].section == report->rows[first].section)
        end++;
    return end;
}

static enum status check(FILE *stream, const struct audit_report *report)
{
    if (report->is_incomplete)
        return status_fail(STATUS_NO_MEMORY, "audit: %zu rows", report->count);
    if (ferror(stream) || fflush(stream) != 0)
        return status_fail(STATUS_IO, "audit: cannot write the report");
    return STATUS_OK;
}

enum status audit_report_write_table(FILE *stream, const struct audit_report *report,
                                     const char *path)
{
    fprintf(stream, "Storage audit of %s\n", path);
    for (size_t r = 0; r < report->count; r = section_end(report, r))
        write_section(stream, report, r, section_end(report, r));
    return check(stream, report);
}

/* Names hold no quotes, but those of foreign datasets may hold anything. */
static void write_csv_text(FILE *stream, const char *text)
{
    if (strpbrk(text, ",\"\n\r") == NULL) {
        fputs(text, stream);
        return;
    }
    fputc('"', stream);
    for (; *text != '\0'; text++)
        fputs(*text == '"' ? "\"\"" : (const char[2]){ *text, '\0' }, stream);
    fputc('"', stream);
}

enum status audit_report_write_csv(FILE *stream, const struct audit_report *report)
{
    fputs("section,name,quantity,value,unit\n", stream);
    for (size_t r = 0; r < report->count; r++) {
        const struct audit_row *row = &report->rows[r];
        for (size_t q = 0; q < quantity_count(row->section); q++) {
            const struct audit_quantity *quantity = &row->section->quantities[q];
            if (!isfinite(row->values[q]))
                continue;
            fprintf(stream, "%s,", row->section->key);
            write_csv_text(stream, row->key);
            fprintf(stream, ",%s,%.15g,%s\n", quantity->key, row->values[q], quantity->unit);
        }
    }
    return check(stream, report);
}

static void add_row(struct json_writer *writer, const struct audit_row *row)
{
    json_writer_open_object(writer, row->key);
    if (row->how[0] != '\0')
        json_writer_text(writer, "how", row->how);
    for (size_t q = 0; q < quantity_count(row->section); q++) {
        const struct audit_quantity *quantity = &row->section->quantities[q];
        if (!isfinite(row->values[q]))
            continue;
        if (quantity->form == AUDIT_WHOLE || quantity->form == AUDIT_BILLIONS)
            json_writer_integer(writer, quantity->key, (int64_t)row->values[q]);
        else
            json_writer_number(writer, quantity->key, row->values[q]);
    }
    json_writer_close(writer);
}

enum status audit_report_write_json(FILE *stream, const struct audit_report *report,
                                    const char *path)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "audit: report");
    json_writer_open_object(writer, NULL);
    json_writer_integer(writer, "unitmill_audit", 1);
    json_writer_text(writer, "path", path);
    for (size_t r = 0; r < report->count;) {
        const size_t end = section_end(report, r);
        json_writer_open_object(writer, report->rows[r].section->key);
        for (; r < end; r++)
            add_row(writer, &report->rows[r]);
        json_writer_close(writer);
    }
    json_writer_close(writer);
    const enum status outcome = json_writer_print(writer, stream, "audit");
    json_writer_destroy(writer);
    return outcome == STATUS_OK ? check(stream, report) : outcome;
}
