/** Speech batches: captions' sound and the unit of each of its frames, as a record source of
 * training (training/record_source.h). Where they come from, a reader knows. Local. */
#ifndef TRAINING_SPEECH_BATCHES_H
#define TRAINING_SPEECH_BATCHES_H

#include "training/record_source.h"

/** One caption. */
struct spoken {
    uint64_t record;
    const float *audio; /* [samples], mono, 16 kHz */
    size_t samples;
    const uint16_t *units; /* [frames] */
    size_t frames;
};

/** Where captions come from. */
struct speech_reader {
    void *self;

    /** As record_source.list; lengths are in frames. */
    enum status (*list)(struct split_records *out, void *self, const char *split);

    /** Reads one caption; what `out` points to lasts until the next call. */
    enum status (*read)(struct spoken *out, void *self, uint64_t record);

    /** Ends it; NULL where there is nothing to end. */
    void (*close)(void *self);
};

/** What the source makes of a batch. */
struct spoken_batch {
    const struct spoken *captions; /* [count] */
    size_t count;
};

/** Captions of one batch may not take more. */
enum { SPEECH_BATCH_BYTES_MAX = 1 << 30 };

struct speech_batches; /* opaque */

/** Takes the reader over, on failure too. Errors: STATUS_NO_MEMORY. */
enum status speech_batches_create(struct speech_batches **out, const struct speech_reader *reader);

/** Closes the reader. NULL is allowed. */
void speech_batches_destroy(struct speech_batches *batches);

/** Its record source, borrowed; what that reads is a struct spoken_batch.
 * Errors of reading: the reader's; STATUS_INVALID for a batch of more than SPEECH_BATCH_BYTES_MAX;
 * STATUS_NO_MEMORY. */
const struct record_source *speech_batches_source(const struct speech_batches *batches);

#endif
