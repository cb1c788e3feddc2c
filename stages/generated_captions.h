/** Captions in a shard of RUN/generated, one or several a picture. Local. */
#ifndef STAGES_GENERATED_CAPTIONS_H
#define STAGES_GENERATED_CAPTIONS_H

#include "storage/shard_schemas.h"

#include <stdbool.h>

/** A caption; its arrays are borrowed from the shard. */
struct generated_caption {
    const uint16_t *units; /* [count]; of several captions one may have none */
    size_t count;
    float score;
    bool is_cut;
    const uint8_t *flac; /* [flac_bytes]; 0 where no sound was asked for */
    size_t flac_bytes;
    uint32_t sample_count, rate_hz;
};

/** Checks that a shard read with generated_columns says of every caption which units and bytes are
 * its own: the functions below count on it. Errors: STATUS_CORRUPT, naming the picture. */
enum status generated_captions_check(const struct shard *shard);

/** Captions of each picture. */
size_t generated_captions_count(const struct shard *shard);

/** Caption `caption`, below that count, of the kept row `row`. */
struct generated_caption generated_captions_at(const struct shard *shard, size_t row,
                                               size_t caption);

#endif
