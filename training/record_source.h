/** Record source: what training takes in where that does not come from a store: pictures, sound. An
 * objective that has one (training/objective.h) names its records and reads them; the trainer still
 * decides which of them make a batch, and has the next batch read while it computes. Local. */
#ifndef TRAINING_RECORD_SOURCE_H
#define TRAINING_RECORD_SOURCE_H

#include "training/split_records.h"

/** Batches that a source holds at a time: the one in hand, the one being read, and one that a
 * validation reads beside them. */
enum { RECORD_SOURCE_SLOTS = 3, RECORD_SOURCE_VALIDATION_SLOT = 2 };

struct record_source {
    const char *item; /* what a record is, for progress: "pictures" */
    void *self;

    /** The records of a split, ascending; the caller ends `out` with split_records_end, also after
     * a failure. Errors: STATUS_NO_MEMORY and the source's own. */
    enum status (*list)(struct split_records *out, void *self, const char *split);

    /** Reads records [count] into slot 0 .. RECORD_SOURCE_SLOTS - 1. `*data`, what the objective
     * makes of it, lasts until the slot is read again. Called by one thread at a time, which may
     * not be the trainer's. */
    enum status (*read)(const void **data, void *self, size_t slot, const uint64_t *records,
                        size_t count);
};

#endif
