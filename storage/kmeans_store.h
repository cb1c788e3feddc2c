/** RUN/kmeans.h5: the centres that fit-units made, with what is needed to judge and to repeat the
 * fit. Layout: docs/FORMATS.md, "K-means". storage/kmeans_file.h reads the centres back. All
 * functions are local. */
#ifndef STORAGE_KMEANS_STORE_H
#define STORAGE_KMEANS_STORE_H

#include "core/digest.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kmeans_fit {
    const float *centroids; /* [clusters][width] */
    size_t clusters, width;
    const double *inertia; /* [iterations]: mean squared distance of a frame, before each update */
    size_t iterations;
    const uint64_t *occupancy; /* [clusters]: frames of the sample in each */
    uint64_t frames, seed;
    uint64_t captions;  /* of the manifest, from its first: what the sample was drawn from */
    size_t reseeded;    /* empty clusters that got a new place */
    bool has_converged; /* else the iterations ran out */
    const char *recipe; /* digest of everything that decides the fit */
};

/** Writes the file whole or not at all. Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status kmeans_store_write(const char *path, const struct kmeans_fit *fit);

/** What decided a fit. */
struct kmeans_origin {
    uint64_t captions; /* as above */
    char recipe[DIGEST_TEXT_BYTES];
};

/** Reads it, once the file's seal is found whole. Errors: STATUS_NOT_FOUND; STATUS_CORRUPT
 * (damaged, or not by unitmill); STATUS_IO; STATUS_NO_MEMORY. */
enum status kmeans_store_read_origin(struct kmeans_origin *origin, const char *path);

#endif
