/** Beam search over one picture. Inside generation only. */
#ifndef MODELS_GENERATION_BEAMS_H
#define MODELS_GENERATION_BEAMS_H

#include "models/generation.h"

/** A sequence that grows; buffers are borrowed from the slot. */
struct generation_beam {
    uint16_t *ids; /* [length_max] */
    float *cache;
    float score; /* sum of log p */
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
 * Returns true where the search is over: the best of `ended` is then the result. */
bool generation_beams_grow(struct generation_beams *beams, const struct im2sp *net,
                           const struct generation_options *options, const float *logits);

/** The best sequence that has ended; the last of equals. */
const struct generation_hypothesis *generation_beams_best(const struct generation_beams *beams);

#endif
