/** Who watches a picture net at work: every array between input and output, so that a mismatch with
 * another program can be located. */
#ifndef TOKENIZERS_IMAGE_PICTURE_TRACE_H
#define TOKENIZERS_IMAGE_PICTURE_TRACE_H

#include <stddef.h>

struct picture_trace {
    /** `picture` of the call, from 0; `values` [rows][columns] are valid during the call only. */
    void (*put)(void *payload, size_t picture, const char *name, const float *values, size_t rows,
                size_t columns);
    void *payload;
};

#endif
