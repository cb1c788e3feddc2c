/** Log: one line an event, `time stage rank step key=value ...`, to standard error and, if asked, a
 * file. Rank 0 speaks for the team; another rank only of what is its own.
 *
 * The log is the one piece of process-wide state: it is set up once in main. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/status.h"

#include <stdbool.h>

struct log_options {
    const char *stage; /* copied; the command's name */
    int rank;
    bool is_quiet;    /* nothing on standard error but failures */
    const char *path; /* appended to by this rank; NULL for none */
};

/** Local. Errors: STATUS_IO where `path` cannot be opened. */
enum status log_begin(const struct log_options *options);

/** Local. From now on events also go to the end of this file, beside the one of log_begin.
 * Errors: STATUS_IO. */
enum status log_keep(const char *path);

/** Local. Closes the files. */
void log_end(void);

/** Local. Changes the stage named in the lines that follow; `unitmill run` goes through several. */
void log_enter_stage(const char *stage);

/** Local. One event: `step` is a word or two joined by '-', the rest key=value pairs. Control
 * characters become blanks, a line above 1 KiB is cut. */
void log_event(const char *step, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Local. A result or a remark for the person at the terminal, on rank 0 only, unless quiet. */
void log_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Local. A failure, also when quiet: "unitmill STAGE: text". */
void log_failure(const char *text);

#endif
