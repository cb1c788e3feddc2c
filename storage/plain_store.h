/** Rows of a store through H5Dwrite and nothing else: what the store writer is measured against.
 *
 * One collective call a dataset, no agreement between the steps, no partial file, no flush to the
 * disk. For benches only: whoever keeps a file writes it with storage/store_writer.h. */
#ifndef STORAGE_PLAIN_STORE_H
#define STORAGE_PLAIN_STORE_H

#include "storage/store_writer.h"

#include <stdbool.h>

/** A dataset, equal on all ranks, and this rank's rows of it: one range. */
struct plain_store_rows {
    const struct store_dataset *dataset;
    uint64_t first, count;
    const void *values; /* [count][width] */
};

/** Collective. Creates the file at `options->path`, replacing an older one, with all datasets and
 * rows. Packed: filters and chunks as the store writer has them; else without filters, contiguous.
 * A failure inside HDF5 ends the job (team_abort). */
void plain_store_write(const struct store_options *options, const struct team *team,
                       const struct plain_store_rows *rows, size_t dataset_count, bool is_packed);

#endif
