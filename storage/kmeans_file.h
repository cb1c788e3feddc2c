/** K-means models in the forms that are published: .npy, HDF5, and the pickle that joblib or pickle
 * writes of scikit-learn's KMeans and MiniBatchKMeans (fairseq's km.bin), read without running it.
 */
#ifndef STORAGE_KMEANS_FILE_H
#define STORAGE_KMEANS_FILE_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { KMEANS_CLUSTERS_MAX = 65535, KMEANS_WIDTH_MAX = 65535 };

/** Local. Reads the centroids; the form is told by the first bytes, not by the name.
 *
 *     centroids [clusters][width]  out  the caller's, to free; NULL on failure
 *
 * In HDF5 they are the dataset /centroids; in a pickle the attribute or key cluster_centers_, or
 * the array that it consists of.
 *
 * Errors: STATUS_NOT_FOUND
 *         STATUS_CORRUPT    damaged, not finite
 *         STATUS_INVALID    another kind of file, none or more than 65,535 clusters or columns
 *         STATUS_IO, STATUS_NO_MEMORY */
enum status kmeans_file_read(float **centroids, size_t *clusters, size_t *width, const char *path);

/** As kmeans_file_read for an .npy file or a pickle in memory. */
enum status kmeans_file_read_bytes(float **centroids, size_t *clusters, size_t *width,
                                   const uint8_t *bytes, size_t byte_count, const char *name);

#endif
