/** What both encode commands share: a group of the output for each input, and arrays into it from a
 * trace. */
#ifndef STAGES_ENCODE_ENCODE_GROUP_H
#define STAGES_ENCODE_ENCODE_GROUP_H

#include "storage/array_file.h"

#include <stdbool.h>

/** Begins the group for the input at `path`: its name without folder and ending, with the path as
 * the attribute "source". Errors: those of array_file_open_group. */
enum status encode_group_begin(struct array_file *file, const char *path);

/** Where traced arrays go. The first failure is kept and ends the writing. */
struct encode_trace {
    struct array_file *file;
    bool wants_all;    /* everything between input and output */
    bool wants_layers; /* arrays called "layer<number>" */
    enum status outcome;
};

/** Writes a traced array [rows][columns], if it is wanted. */
void encode_trace_put(struct encode_trace *trace, const char *name, const float *values,
                      size_t rows, size_t columns);

#endif
