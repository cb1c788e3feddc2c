/** Picture batches: the record source of objectives that learn from pictures. What a picture is and
 * how its file is read, the caller knows; here they are read a batch at a time. A picture that
 * cannot be read stays in its batch, marked, with the reason. Local. */
#ifndef TRAINING_PICTURE_BATCHES_H
#define TRAINING_PICTURE_BATCHES_H

#include "core/status.h"
#include "training/record_source.h"

#include <stdbool.h>
#include <stdint.h>

/** Where pictures come from; a plain value. */
struct picture_reader {
    const void *payload; /* for both functions; borrowed */

    /** The pictures of a split, as record_source.list. */
    enum status (*list)(struct split_records *out, const void *payload, const char *split);

    /** Reads one, resized to width x height, whatever its shape. In any thread, one at a time.
     *
     *     pixels [height][width][3]  out */
    enum status (*read)(uint8_t *pixels, const void *payload, uint64_t record, size_t height,
                        size_t width);
};

/** What a slot of the source holds. */
struct picture_batch {
    size_t count, height, width;
    const uint8_t *pixels;          /* [count][height][width][3] */
    const bool *is_read;            /* [count] */
    size_t lost;                    /* how many were not */
    char reason[STATUS_TEXT_BYTES]; /* of the first of these */
};

struct picture_batches; /* opaque */

/** Batches to train on are of `margin` pixels more than `height` and `width`, to be cropped; those
 * of the validation slot have none. Ownership: the caller's. Errors: STATUS_NO_MEMORY. */
enum status picture_batches_create(struct picture_batches **out,
                                   const struct picture_reader *reader, size_t height, size_t width,
                                   size_t margin);

/** The source, borrowed; its data is a struct picture_batch. */
const struct record_source *picture_batches_source(const struct picture_batches *batches);

/** NULL is allowed. */
void picture_batches_destroy(struct picture_batches *batches);

#endif
