/** The weights with which one side of a picture is resized. Part of resize.c. */
#ifndef TOKENIZERS_IMAGE_RESIZE_WEIGHTS_H
#define TOKENIZERS_IMAGE_RESIZE_WEIGHTS_H

#include "core/status.h"
#include "tokenizers/image/resize.h"

#include <stddef.h>
#include <stdint.h>

enum { RESIZE_WEIGHT_BITS = 22 };

/** The source samples that one output sample is made of. */
struct resize_span {
    size_t first, count;
};

struct resize_weights {
    size_t count;              /* outputs */
    size_t stride;             /* weights kept for an output, most of all spans */
    struct resize_span *spans; /* [count], owned; neither end ever moves back */
    int32_t *values;           /* [count][stride], owned; in units of 2^-RESIZE_WEIGHT_BITS */
};

/** Local. The weights of outputs first .. first + count - 1 when `source` samples become `full`.
 *
 *     source, count  1 .. RESIZE_SIDE_MAX;  first + count <= full
 *
 * Source: Pillow 9.4's resampling coefficients, equal bit for bit. Errors: STATUS_NO_MEMORY. */
enum status resize_weights_begin(struct resize_weights *weights, size_t source, size_t full,
                                 size_t first, size_t count, enum resize_filter filter);

/** One past the last source sample that any output needs. */
size_t resize_weights_reach(const struct resize_weights *weights);

/** Frees. An all-zero struct is allowed. */
void resize_weights_end(struct resize_weights *weights);

#endif
