/** K-means assignment: the unit of each feature frame. kmeans_fit.h has the pieces of a fit. All
 * functions are local. N: frames; D: width; K: clusters. */
#ifndef TOKENIZERS_SPEECH_KMEANS_H
#define TOKENIZERS_SPEECH_KMEANS_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { KMEANS_CLUSTERS_LIMIT = 65535 };

struct kmeans; /* opaque: centres, made ready for search */

/** Prepares assignment to `centroids` [K][D], borrowed and unchanged for as long as it is used. On
 * success the caller ends `*out` with kmeans_destroy; on failure NULL.
 * Errors: STATUS_INVALID (K outside 1 .. KMEANS_CLUSTERS_LIMIT, a value that is not finite),
 * STATUS_NO_MEMORY. */
enum status kmeans_create(struct kmeans **out, const float *centroids, size_t K, size_t D);

/** NULL is allowed. */
void kmeans_destroy(struct kmeans *kmeans);

/** The nearest centre of each frame, as a float64 loop over all centres finds it; the lowest index
 * on a tie.
 *
 *     units             [N]     out
 *     squared_distances [N]     out  NULL: not wanted
 *     frames            [N][D]  in   finite */
void kmeans_assign(uint16_t *units, double *squared_distances, struct kmeans *kmeans,
                   const float *frames, size_t N);

#endif
