#include "training/metrics_file.h"

#include "core/file.h"
#include "storage/json.h"

#include <math.h>

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
