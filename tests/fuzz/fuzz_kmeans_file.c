/* Whatever the bytes, the reader says so or gives centroids. */
#include "storage/kmeans_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    float *centroids = NULL;
    size_t clusters, width;
    (void)kmeans_file_read_bytes(&centroids, &clusters, &width, bytes, byte_count, "fuzz");
    free(centroids);
    return 0;
}
