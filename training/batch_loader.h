/** Batch loader: reads the next batch of a store while the present one is worked on, in a thread of
 * its own.
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

struct batch_loader; /* opaque */

/** Opens the store twice, so that a batch lasts while the next is read. On success the caller ends
 * `*loader` with batch_loader_close. Errors: as store_batch_open; STATUS_NO_MEMORY for a thread. */
enum status batch_loader_open(struct batch_loader **loader, const char *path,
                              const struct store_batch_options *options);

/** Has the records [count] read, at most one request at a time. They are copied.
 * Errors: STATUS_NO_MEMORY. */
enum status batch_loader_request(struct batch_loader *loader, const uint64_t *records,
                                 size_t count);

/** Waits for the request. The batch lasts until the take after the next one.
 * Errors: those of store_batch_read. */
enum status batch_loader_take(struct store_batch *batch, struct batch_loader *loader);

/** Waits until nothing is being read; what was requested stays to be taken. */
void batch_loader_wait(struct batch_loader *loader);

/** What the store holds. */
const struct store_batch_shape *batch_loader_shape(const struct batch_loader *loader);

/** NULL is allowed. */
void batch_loader_close(struct batch_loader *loader);

#endif
