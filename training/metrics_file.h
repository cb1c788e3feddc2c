/** The file of a run's metrics: JSON lines, appended to (docs/FORMATS.md, metrics.jsonl). Local. */
#ifndef TRAINING_METRICS_FILE_H
#define TRAINING_METRICS_FILE_H

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

#endif
