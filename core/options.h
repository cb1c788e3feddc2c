/** Command-line options as a table: one parser, and one help text, for every command. */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum option_kind {
    OPTION_SWITCH, /* bool: `--name` */
    OPTION_TEXT,   /* const char *: `--name VALUE` or `--name=VALUE` */
    OPTION_COUNT,  /* size_t */
    OPTION_NUMBER, /* double, finite */
    OPTION_TEXTS   /* struct option_texts: may be given several times */
};

enum { OPTION_TEXTS_MAX = 64 };

struct option_texts {
    const char *items[OPTION_TEXTS_MAX];
    size_t count;
};

/** One option. `value` points at a variable of the kind above that already holds the default. */
struct option {
    const char *name;
    enum option_kind kind;
    void *value;
    const char *argument; /* "N", "FILE"; NULL for a switch */
    const char *help;
};

/** What a command takes besides options. */
struct option_operands {
    const char **items; /* borrowed from argv; room for argc of them */
    size_t count;
};

/** Fills in the values; `--` ends the options. Text is borrowed from argv. argv[0] is skipped.
 * Errors: STATUS_INVALID for an unknown option, a missing or a malformed value. */
enum status options_read(const struct option *options, size_t count, int argc, char **argv,
                         struct option_operands *operands);

/** Writes one aligned line an option. */
void options_write_help(FILE *stream, const struct option *options, size_t count);

#endif
