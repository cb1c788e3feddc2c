/** What evaluate found, as a table for people and as one line of RUN/metrics.jsonl. Local. */
#ifndef STAGES_EVALUATE_EVALUATION_REPORT_H
#define STAGES_EVALUATE_EVALUATION_REPORT_H

#include "stages/evaluate/baseline.h"
#include "stages/evaluate/phone_tally.h"

#include <stdio.h>

struct evaluation {
    const struct phone_tally *tally; /* of all ranks */
    const struct baseline *baseline;
    const struct run *run;
    int64_t captions;
};

/** Writes the table: a line for each set of units over all frames and over each language, and,
 * where voices were held out, all that again over the heard and over the held-out ones. Groups
 * without frames are left out. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status evaluation_write_table(FILE *stream, const struct evaluation *evaluation);

/** Appends the same as one JSON object; docs/FORMATS.md, "Metrics". Errors: STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status evaluation_append(const char *path, const struct evaluation *evaluation);

#endif
