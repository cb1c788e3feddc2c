/** The k-means centres that a run uses: the plan's file, or what fit-units made. Local. */
#ifndef STAGES_UNIT_CODEBOOK_H
#define STAGES_UNIT_CODEBOOK_H

#include "stages/run_directory.h"

struct unit_codebook {
    float *centroids; /* [clusters][width], owned */
    size_t clusters, width;
    char digest[DIGEST_TEXT_BYTES]; /* of the values */
};

/** Reads the centres; `width` is what the features have, or 0: any. The caller ends it with
 * unit_codebook_end. Errors: those of kmeans_file_read; STATUS_INVALID for another width;
 * STATUS_NOT_FOUND with what to run. */
enum status unit_codebook_read(struct unit_codebook *codebook, const struct run *run, size_t width);

/** As unit_codebook_read, from one file. */
enum status unit_codebook_read_file(struct unit_codebook *codebook, const char *path, size_t width);

/** An all-zero one is allowed. */
void unit_codebook_end(struct unit_codebook *codebook);

#endif
