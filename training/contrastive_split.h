/** Embeddings of a split: all its captions and all their pictures, as a contrastive net has them,
 * for retrieval. */
#ifndef TRAINING_CONTRASTIVE_SPLIT_H
#define TRAINING_CONTRASTIVE_SPLIT_H

#include "training/objective.h"
#include "training/retrieval.h"

/** The same on every rank. */
struct contrastive_split {
    const uint64_t *records; /* [count]: rows in /captions, borrowed */
    size_t count, picture_count, width;
    float *speech;             /* [count][width], rows of length 1 */
    float *images;             /* [picture_count][width], rows of length 1 */
    uint32_t *pictures;        /* [count]: rows in `images` */
    uint64_t *picture_records; /* [picture_count]: a record of each */
};

/** Collective. Encodes the records of `validation`, whose `records` are borrowed. `contrastive` is
 * `self` of an objective that contrastive_open opened, its values filled in. Call
 * contrastive_split_end also after a failure.
 * Errors: those of store_batch_open and store_batch_read; STATUS_NO_MEMORY. */
enum status contrastive_split_encode(struct contrastive_split *out, void *contrastive,
                                     const struct team *team,
                                     const struct objective_validation *validation);

/** As retrieval takes it; borrowed from the split. */
struct retrieval_set contrastive_split_set(const struct contrastive_split *split);

void contrastive_split_end(struct contrastive_split *split);

#endif
