/** Beam search over one picture. Inside generation only. */
#ifndef MODELS_GENERATION_BEAMS_H
#define MODELS_GENERATION_BEAMS_H

#include "models/generation.h"

/** A sequence that grows; buffers are borrowed from the slot. */
struct generation_beam {
    uint16_t *ids; /* [length_max] */
    float *cache;
    float score;    /* sum of log p */
    size_t caption; /* of sampling: which of the picture's */
};

/** A sequence that has ended, or was cut. */
struct generation_hypothesis {
    uint16_t *ids; /* [length_max], borrowed from the slot */
    size_t count;
    float score;
    bool is_cut;
};

/** The sequences of a slot. */
struct generation_beams {
    struct generation_beam beams[GENERATION_BEAMS_MAX];
    size_t beam_count; /* growing: 1 before the first step */
    size_t length;     /* ids of each */
    struct generation_hypothesis ended[GENERATION_BEAMS_MAX + 1];
    size_t ended_count;
};

/** Local. Grows the beams by one id each.
 *
 *     logits [beam_count][V]  in  of the beams as they are
 *
 * Returns true where the search is over: `ended` then holds options->beams sequences. */
bool generation_beams_grow(struct generation_beams *beams, const struct im2sp *net,
                           const struct generation_options *options, const float *logits);

/** Puts the sequences that have ended in order: the best first, of equals the one that ended last.
 */
void generation_beams_rank(struct generation_beams *beams);

#endif
