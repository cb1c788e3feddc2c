/** Other programs: one is run to its end and what it said is handed over. All functions are local.
 */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { PROGRAM_TEXT_BYTES_MAX = 16 << 20 };

/** What a program said and how it ended; the texts are the caller's, to end with program_end. */
struct program_result {
    char *output, *errors; /* standard output and standard error, each with a zero at its end */
    int exit_code;         /* 128 + N where signal N ended it */
    double seconds;        /* from its start to its end */
    uint64_t peak_kib;     /* memory of the largest process among it and those it waited for */
};

/** Runs argv[0], looked up in PATH, with standard input empty. It gets the environment that this
 * process itself was started with, without what MPI and the choice of kernels added since, so that
 * what is started from it (a batch job) is not taken for a part of this one.
 *
 * An exit code other than 0 is no failure. Errors: STATUS_NOT_FOUND where there is no such program;
 * STATUS_INVALID where it said more than PROGRAM_TEXT_BYTES_MAX; STATUS_IO, STATUS_NO_MEMORY. On
 * failure `out` is empty. */
enum status program_run(struct program_result *out, char *const argv[]);

/** An all-zero result is allowed. */
void program_end(struct program_result *result);

#endif
