/** The order in which training sees its records: shuffled anew for each epoch, by (seed, epoch)
 * alone, and cut into batches, so that every number of ranks sees the same batches. Local. */
#ifndef TRAINING_BATCH_ORDER_H
#define TRAINING_BATCH_ORDER_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct batch_order; /* opaque */

/** For `records` [count], copied. An epoch has count / batch_records steps; the few records left
 * over take no part in it. Ownership: the caller's.
 * Errors: STATUS_INVALID where there are fewer records than a batch has; STATUS_NO_MEMORY. */
enum status batch_order_create(struct batch_order **order, const uint64_t *records, size_t count,
                               size_t batch_records, uint64_t seed);

/** Steps in an epoch. */
size_t batch_order_epoch_steps(const struct batch_order *order);

/** The records of a step, 0, 1, ... over all epochs; [batch_records], valid until the next call. */
const uint64_t *batch_order_records(struct batch_order *order, size_t step);

/** NULL is allowed. */
void batch_order_destroy(struct batch_order *order);

/** Deals records out to `size` ranks so that each gets about the same length: sorted by length, the
 * longest first, and dealt to and fro. Afterwards the records of rank r are those of
 * slice_of(count, r, size), the longest first.
 *
 *     records [count]  in/out  reordered
 *     lengths [count]  in/out  of each, reordered with them
 *
 * Errors: STATUS_NO_MEMORY. */
enum status batch_deal(uint64_t *records, uint32_t *lengths, size_t count, int size);

#endif
