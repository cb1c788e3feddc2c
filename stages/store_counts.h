/** Store counts: how much a store holds, as audit and page tell it. Local. */
#ifndef STAGES_STORE_COUNTS_H
#define STAGES_STORE_COUNTS_H

#include "storage/store_reader.h"

/** A codebook of 0 is not known. */
struct store_counts {
    uint64_t captions, samples, units, frames, speech_codebook;
    uint64_t pictures, duplicates, grid_rows, grid_columns, image_codebook;
    uint64_t source_pixels, source_bytes; /* of the source pictures, summed */
};

/** Counts rows and sums columns, in blocks. Errors: STATUS_CORRUPT, STATUS_NO_MEMORY. */
enum status store_counts_read(struct store_counts *out, const struct store_reader *reader);

#endif
