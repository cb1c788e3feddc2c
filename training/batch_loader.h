/** Batch loader: reads the next batch of a store, or of another source of records, while the
 * present one is worked on, in a thread of its own.
 *
 * HDF5 serves one thread at a time. So the caller uses it, for anything, only while nothing is
 * being read: after batch_loader_take or batch_loader_wait, and before the next request. Local; the
 * thread knows nothing of MPI.
 *
 *     batch_loader_request(loader, records, count);
 *     for (;;) {
 *         batch_loader_take(&batch, loader);             // what was asked for last
 *         batch_loader_request(loader, more, count);     // read from now on, beside
 *         ... work on `batch` ...
 *     } */
#ifndef TRAINING_BATCH_LOADER_H
#define TRAINING_BATCH_LOADER_H

#include "storage/store_batch.h"
#include "training/record_source.h"

struct batch_loader; /* opaque */

/** Opens the store twice, so that a batch lasts while the next is read. On success the caller ends
 * `*loader` with batch_loader_close. Errors: as store_batch_open; STATUS_NO_MEMORY for a thread. */
enum status batch_loader_open(struct batch_loader **loader, const char *path,
                              const struct store_batch_options *options);

/** As batch_loader_open, of a source, borrowed: its slots 0 and 1 are used. Of the batches that are
 * taken only `count` is set; what was read is batch_loader_data. Errors: STATUS_NO_MEMORY. */
enum status batch_loader_open_source(struct batch_loader **loader,
                                     const struct record_source *source);

/** Has the records [count] read, at most one request at a time. They are copied.
 * Errors: STATUS_NO_MEMORY. */
enum status batch_loader_request(struct batch_loader *loader, const uint64_t *records,
                                 size_t count);

/** Waits for the request. The batch lasts until the take after the next one.
 * Errors: those of store_batch_read, or of the source. */
enum status batch_loader_take(struct store_batch *batch, struct batch_loader *loader);

/** What the source made of the batch that was taken last; NULL for a store. */
const void *batch_loader_data(const struct batch_loader *loader);

/** Waits until nothing is being read; what was requested stays to be taken. */
void batch_loader_wait(struct batch_loader *loader);

/** What the store holds; not to be asked of a source. */
const struct store_batch_shape *batch_loader_shape(const struct batch_loader *loader);

/** NULL is allowed. */
void batch_loader_close(struct batch_loader *loader);

#endif
