/** Audit report: sections of rows and quantities, in the order in which they were added, and the
 * three ways to write them. All functions are local. */
#ifndef STAGES_AUDIT_AUDIT_REPORT_H
#define STAGES_AUDIT_AUDIT_REPORT_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { AUDIT_QUANTITIES_MAX = 12 };

enum audit_form {
    AUDIT_WHOLE,   /* an integer */
    AUDIT_TENTHS,  /* one decimal */
    AUDIT_SHARE,   /* percent, or bits a token: three decimals */
    AUDIT_BILLIONS /* an integer; in the table billions of it, three decimals */
};

/** A column of a section. `key` is its name in JSON and CSV, `heading` that of the table; NULL
 * leaves it out there. */
struct audit_quantity {
    const char *key, *heading, *unit;
    enum audit_form form;
};

struct audit_section {
    const char *key, *title;
    const char *row_heading, *how_heading; /* how_heading NULL: rows do not say how they are had */
    const char *note; /* what was assumed, lines of at most 100 bytes; NULL for none */
    struct audit_quantity quantities[AUDIT_QUANTITIES_MAX]; /* those in use have a key */
};

/** A row. A value that is not a number is absent. */
struct audit_row {
    const struct audit_section *section; /* borrowed */
    char key[128], label[128], how[48];
    double values[AUDIT_QUANTITIES_MAX];
};

struct audit_report {
    struct audit_row *rows;
    size_t count, capacity;
    struct audit_row spare; /* what audit_report_add hands out without memory */
    bool is_incomplete;
};

/** A new row with all values absent, valid until the next call. Texts are copied, over-long ones
 * cut. Never NULL: audit_report_write tells where memory was short. */
struct audit_row *audit_report_add(struct audit_report *report, const struct audit_section *section,
                                   const char *key, const char *label);

/** 100 * part / whole; not a number where whole is 0. */
double audit_percent(double part, double whole);

/** part / whole; not a number where whole is 0. */
double audit_ratio(double part, double whole);

/** Writes aligned tables; "section,name,quantity,value,unit" lines; one JSON object.
 * Errors: STATUS_NO_MEMORY (also from adding), STATUS_IO; STATUS_INVALID for a path that is not
 * UTF-8, in JSON. */
enum status audit_report_write_table(FILE *stream, const struct audit_report *report,
                                     const char *path);
enum status audit_report_write_csv(FILE *stream, const struct audit_report *report);
enum status audit_report_write_json(FILE *stream, const struct audit_report *report,
                                    const char *path);

/** An all-zero report is allowed. */
void audit_report_end(struct audit_report *report);

#endif
