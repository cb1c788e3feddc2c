#include "stages/encode/encode_group.h"

#include "core/file.h"

#include <stdio.h>
#include <string.h>

enum status encode_group_begin(struct array_file *file, const char *path)
{
    char name[256];
    snprintf(name, sizeof name, "%s", path_name(path));
    char *dot = strrchr(name, '.');
    if (dot != NULL && dot != name)
        *dot = '\0';
    const enum status outcome = array_file_open_group(file, name);
    return outcome == STATUS_OK ? array_file_note(file, "source", path) : outcome;
}

void encode_trace_put(struct encode_trace *trace, const char *name, const float *values,
                      size_t rows, size_t columns)
{
    const size_t dims[2] = { rows, columns };
    const bool is_layer = strncmp(name, "layer", 5) == 0;
    if (trace->outcome == STATUS_OK && (trace->wants_all || (trace->wants_layers && is_layer)))
        trace->outcome = array_file_put(trace->file, name, ARRAY_F32, 2, dims, values);
}
