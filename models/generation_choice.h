/** Choosing the next id from logits. Inside generation only. Local; nothing can fail. */
#ifndef MODELS_GENERATION_CHOICE_H
#define MODELS_GENERATION_CHOICE_H

#include "core/random.h"

#include <stddef.h>
#include <stdint.h>

/** log of the sum of e^logit: what makes logits log probabilities. */
double generation_log_sum(const float *logits, size_t V);

/** The likeliest id; the lowest of equals. */
uint16_t generation_likeliest(const float *logits, size_t V);

struct generation_sampling {
    double temperature, top_p;
    size_t top_k;
};

/** Scratch of a draw: [V]. */
struct generation_candidate {
    double weight;
    uint16_t id;
};

/** An id drawn with one uniform number. Candidates are taken by falling probability, then by rising
 * id. */
uint16_t generation_draw(const float *logits, size_t V, const struct generation_sampling *sampling,
                         struct random_stream *stream, struct generation_candidate *scratch);

#endif
