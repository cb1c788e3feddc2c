/** Page rows: which rows of the store are which captions of the manifest. Local. */
#ifndef STAGES_PAGE_PAGE_ROWS_H
#define STAGES_PAGE_PAGE_ROWS_H

#include "storage/manifest.h"
#include "storage/store_reader.h"

enum { PAGE_NO_ROW = -1 };

struct page_rows {
    int64_t *row_of;  /* [captions of the manifest]; PAGE_NO_ROW: not in the store */
    size_t *captions; /* [row_count]: the manifest's caption of each row */
    uint64_t row_count;
};

/** Reads the ids of the store's captions, which are in the manifest's order. The caller ends `out`
 * with page_rows_end, also after a failure.
 * Errors: STATUS_CORRUPT, also for a caption that the manifest has not; STATUS_NO_MEMORY. */
enum status page_rows_read(struct page_rows *out, const struct store_reader *reader,
                           const struct manifest *manifest);

void page_rows_end(struct page_rows *rows);

#endif
