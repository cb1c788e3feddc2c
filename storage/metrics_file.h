/** The file of a run's metrics: JSON lines, appended to (docs/FORMATS.md, metrics.jsonl). Local. */
#ifndef STORAGE_METRICS_FILE_H
#define STORAGE_METRICS_FILE_H

#include "core/status.h"

#include <stddef.h>

struct metrics_value {
    const char *name;
    double value; /* one that is not finite is left out: JSON has none */
};

/** Appends {"event": event, "step": step, name: value, ...}.
 * Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status metrics_append(const char *path, const char *event, size_t step,
                           const struct metrics_value *values, size_t count);

/** One figure over the steps of a run. */
struct metrics_series {
    size_t *steps; /* [count], ascending, each once */
    double *values;
    size_t count;
};

/** Reads the figure `name` of all lines of that event. Where a step occurs again, after a run went
 * on from an earlier checkpoint, the last line counts; lines that are no JSON object, such as one
 * that was cut short, are passed over. The caller ends `out` with metrics_series_end.
 * Errors: STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY; `out` is then empty. */
enum status metrics_read(struct metrics_series *out, const char *path, const char *event,
                         const char *name);

/** An empty one is allowed. */
void metrics_series_end(struct metrics_series *series);

#endif
