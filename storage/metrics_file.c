#include "storage/metrics_file.h"

#include "core/file.h"
#include "storage/json.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status metrics_append(const char *path, const char *event, size_t step,
                           const struct metrics_value *values, size_t count)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "event", event);
    json_writer_integer(writer, "step", (int64_t)step);
    for (size_t v = 0; v < count; v++)
        if (isfinite(values[v].value))
            json_writer_number(writer, values[v].name, values[v].value);
    json_writer_close(writer);
    FILE *file = fopen(path, "ae");
    enum status outcome =
        file != NULL ? json_writer_print(writer, file, path) : file_fail(path, "cannot open");
    if (file != NULL && fclose(file) != 0 && outcome == STATUS_OK)
        outcome = file_fail(path, "cannot write");
    json_writer_destroy(writer);
    return outcome;
}

enum { LINE_BYTES_MAX = 65536 };

static enum status grow(struct metrics_series *series)
{
    const size_t capacity = 2 * series->count + 64;
    size_t *steps = realloc(series->steps, capacity * sizeof *steps);
    if (steps != NULL)
        series->steps = steps;
    double *values = realloc(series->values, capacity * sizeof *values);
    if (values != NULL)
        series->values = values;
    return steps != NULL && values != NULL
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "metrics: %zu values", capacity);
}

/* Puts a value in its place; an older one of that step, and what came after it, gives way: the run
 * went on from before. */
static void put(struct metrics_series *series, size_t step, double value)
{
    while (series->count > 0 && series->steps[series->count - 1] >= step)
        series->count--;
    series->steps[series->count] = step;
    series->values[series->count++] = value;
}

static void read_line(struct metrics_series *series, const char *line, const char *event,
                      const char *name)
{
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    const char *of = json_string_value(json_object_get(object, "event"));
    const json_t *step = json_object_get(object, "step"), *value = json_object_get(object, name);
    if (of != NULL && strcmp(of, event) == 0 && json_is_integer(step) &&
        json_integer_value(step) >= 0 && json_is_number(value))
        put(series, (size_t)json_integer_value(step), json_number_value(value));
    json_decref(object);
}

enum status metrics_read(struct metrics_series *out, const char *path, const char *event,
                         const char *name)
{
    FILE *file;
    size_t capacity = 0;
    *out = (struct metrics_series){ 0 };
    enum status outcome = file_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    char *line = malloc(LINE_BYTES_MAX);
    if (line == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    while (outcome == STATUS_OK && fgets(line, LINE_BYTES_MAX, file) != NULL) {
        if (out->count == capacity) {
            outcome = grow(out);
            capacity = 2 * out->count + 64;
        }
        if (outcome == STATUS_OK)
            read_line(out, line, event, name);
    }
    if (outcome == STATUS_OK && ferror(file) != 0)
        outcome = file_fail(path, "cannot read");
    free(line);
    fclose(file);
    if (outcome != STATUS_OK)
        metrics_series_end(out);
    return outcome;
}

void metrics_series_end(struct metrics_series *series)
{
    free(series->steps);
    free(series->values);
    *series = (struct metrics_series){ 0 };
}
