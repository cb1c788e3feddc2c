#include "tokenizers/speech/kmeans.h"

#include "nn/nearest_row.h"

#include <stdlib.h>

struct kmeans {
    struct nearest_row_search *search;
};

enum status kmeans_create(struct kmeans **out, const float *centroids, size_t K, size_t D)
{
    *out = NULL;
    if (K < 1 || K > KMEANS_CLUSTERS_LIMIT)
        return status_fail(STATUS_INVALID, "k-means: %zu clusters, expected 1 to %d", K,
                           KMEANS_CLUSTERS_LIMIT);
    struct kmeans *kmeans = calloc(1, sizeof *kmeans);
    if (kmeans == NULL)
        return status_fail(STATUS_NO_MEMORY, "k-means");
    const enum status outcome = nearest_row_create(&kmeans->search, centroids, K, D);
    if (outcome != STATUS_OK) {
        free(kmeans);
        return outcome;
    }
    *out = kmeans;
    return STATUS_OK;
}

void kmeans_destroy(struct kmeans *kmeans)
{
    if (kmeans == NULL)
        return;
    nearest_row_destroy(kmeans->search);
    free(kmeans);
}

void kmeans_assign(uint16_t *units, double *squared_distances, struct kmeans *kmeans,
                   const float *frames, size_t N)
{
    nearest_row_find(units, squared_distances, kmeans->search, frames, N);
}
