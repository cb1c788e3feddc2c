/** The golden im2sp-tiny for tests: a variant's files, its net, and its pictures encoded. */
#ifndef TESTS_MODELS_IM2SP_GOLDEN_H
#define TESTS_MODELS_IM2SP_GOLDEN_H

#include "models/im2sp.h"
#include "storage/weights_file.h"

struct im2sp_golden {
    const char *variant; /* "pixel", "imgunit" */
    struct tensor_table inputs, expected;
    struct weights_file weights;
    struct im2sp *net;
    size_t count;     /* pictures */
    float **pictures; /* [count][im2sp_picture_count] */
};

/** Reads the variant with weights from `file`; asserts that all went well. */
void im2sp_golden_begin(struct im2sp_golden *golden, const char *variant, const char *file);

/** Encodes all pictures, in calls of `at_a_time`. */
void im2sp_golden_encode(struct im2sp_golden *golden, size_t at_a_time);

/** The codebook of image units, for the caller to free: [*code_count][*width]. */
float *im2sp_golden_codebook(const struct im2sp_golden *golden, size_t *code_count, size_t *width);

/** The pictures' image units as the encoder sees them: [count][side][side], out. Nothing for a
 * variant of pixels. */
void im2sp_golden_units(uint16_t *units, const struct im2sp_golden *golden);

void im2sp_golden_end(struct im2sp_golden *golden);

/** The tensor `name` of what is expected, which must be there. */
const struct tensor *im2sp_golden_find(const struct im2sp_golden *golden, const char *name);

#endif
