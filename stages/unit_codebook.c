#include "stages/unit_codebook.h"

#include "storage/kmeans_file.h"
#include "storage/kmeans_store.h"

#include <stdlib.h>

enum status unit_codebook_read_file(struct unit_codebook *codebook, const char *path, size_t width)
{
    *codebook = (struct unit_codebook){ 0 };
    enum status outcome =
        kmeans_file_read(&codebook->centroids, &codebook->clusters, &codebook->width, path);
    if (outcome == STATUS_OK && width > 0 && codebook->width != width)
        outcome = status_fail(STATUS_INVALID, "%s: centres %zu wide, the features are %zu wide",
                              path, codebook->width, width);
    if (outcome != STATUS_OK) {
        unit_codebook_end(codebook);
        return outcome;
    }
    digest_of(codebook->digest, codebook->centroids,
              codebook->clusters * codebook->width * sizeof *codebook->centroids);
    return STATUS_OK;
}

enum status unit_codebook_read(struct unit_codebook *codebook, const struct run *run, size_t width)
{
    char path[PATH_BYTES];
    struct kmeans_origin origin;
    *codebook = (struct unit_codebook){ 0 };
    if (!plan_fits_units(&run->plan))
        return unit_codebook_read_file(codebook, run->plan.speech_units.kmeans, width);
    enum status outcome = run_path(path, run, "kmeans.h5");
    if (outcome == STATUS_OK) /* its seal */
        outcome = kmeans_store_read_origin(&origin, path);
    if (outcome == STATUS_OK)
        outcome = unit_codebook_read_file(codebook, path, width);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill fit-units makes it", status_text());
    return outcome;
}

void unit_codebook_end(struct unit_codebook *codebook)
{
    free(codebook->centroids);
    *codebook = (struct unit_codebook){ 0 };
}
