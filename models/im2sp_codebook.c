#include "models/im2sp_codebook.h"

#include <stdlib.h>
#include <string.h>

enum status im2sp_codebook_set(struct im2sp_codebook *codebook, const struct im2sp_config *config,
                               const float *codes, size_t code_count, size_t width)
{
    if (config->input != IM2SP_UNITS || width != config->encoder.channels || code_count < 1 ||
        code_count > 65536 || (config->code_count > 0 && code_count != config->code_count))
        return status_fail(STATUS_INVALID,
                           "a codebook of %zu vectors of %zu values is not this model's",
                           code_count, width);
    im2sp_codebook_end(codebook);
    codebook->rows = malloc(code_count * width * sizeof *codebook->rows);
    if (codebook->rows == NULL)
        return status_fail(STATUS_NO_MEMORY, "a codebook of %zu vectors", code_count);
    memcpy(codebook->rows, codes, code_count * width * sizeof *codes);
    codebook->count = code_count;
    if (!config->encoder.sees_similarities)
        return STATUS_OK;
    const enum status outcome = unit_similarities_create(&codebook->similarities, codes, code_count,
                                                         width, config->encoder.side);
    if (outcome != STATUS_OK)
        im2sp_codebook_end(codebook);
    return outcome;
}

void im2sp_codebook_end(struct im2sp_codebook *codebook)
{
    free(codebook->rows);
    unit_similarities_destroy(codebook->similarities);
    *codebook = (struct im2sp_codebook){ 0 };
}
