#include "tokenizers/speech/hubert_trace.h"

#include <stdio.h>

void hubert_trace_put(const struct hubert_trace *trace, const char *name, const float *values,
                      size_t rows, size_t columns)
{
    if (trace != NULL && trace->put != NULL)
        trace->put(trace->payload, name, values, rows, columns);
}

void hubert_trace_put_numbered(const struct hubert_trace *trace, const char *before, size_t number,
                               const char *after, const float *values, size_t rows, size_t columns)
{
    char name[64];
    snprintf(name, sizeof name, "%s%zu%s", before, number, after);
    hubert_trace_put(trace, name, values, rows, columns);
}
