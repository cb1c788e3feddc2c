/** Generation: unit sequences for pictures, many at a time.
 *
 * A batch has slots. Each holds a picture and the sequences that are growing from it; when they
 * end, the slot takes the next picture, so the batch stays full whatever the lengths. A result
 * depends on the picture, the settings and the picture's name alone (models/im2sp.h): not on the
 * batch, nor on which pictures came before.
 *
 * A picture may get several sequences: sampling draws each with random numbers of its own, the
 * first with those that it has where there is one; beam search gives the best that it found, best
 * first.
 *
 * Sources: beam search as in transformers v4.33.3 with early stopping (tests/golden/im2sp-tiny,
 * exactly); sampling as there: temperature, then the k likeliest, then the likeliest whose
 * probabilities make up p (Holtzman et al. 2020, arXiv:1904.09751). All functions are local. */
#ifndef MODELS_GENERATION_H
#define MODELS_GENERATION_H

#include "models/im2sp.h"

enum generation_method { GENERATION_GREEDY, GENERATION_BEAM, GENERATION_SAMPLE };

enum { GENERATION_BEAMS_MAX = 64, GENERATION_BATCH_MAX = 4096 };

struct generation_options {
    enum generation_method method;
    size_t batch;      /* slots, 1 .. GENERATION_BATCH_MAX */
    size_t captions;   /* sequences of a picture, 1 .. GENERATION_BEAMS_MAX; 1 for greedy search,
                          at most `beams` for beam search */
    size_t length_max; /* ids of a sequence, its beginning included; 2 or more */
    size_t beams;      /* for beam search */
    double length_penalty; /* score = log p / ids ^ penalty; 1: the mean */
    double temperature;    /* for sampling; above 0 */
    size_t top_k;          /* 0: all */
    double top_p;          /* 1: all */
    uint64_t seed;
};

/** A sequence of a picture. Valid during the call that it is handed to. */
struct generation_result {
    size_t number;       /* as the source gave it */
    size_t caption;      /* 0 .. captions - 1 of that picture */
    const uint16_t *ids; /* [count]: with its beginning, without its end */
    size_t count;
    float score; /* sum of log p, the end's included, / count ^ length_penalty */
    bool is_cut; /* it had not ended at length_max */
};

/** Where pictures come from and results go. Both may fail, which ends the generation. */
struct generation_ends {
    /** Writes the next picture (im2sp_encode_*) and its number. `*subject` names it for the random
     * numbers; it is read at once. `*is_there` false: there are no more. */
    enum status (*next)(void *payload, bool *is_there, float *picture, size_t *number,
                        const char **subject);
    /** Takes a result. Pictures come as they end, not in order; those of a picture one after the
     * other. */
    enum status (*take)(void *payload, const struct generation_result *result);
    void *payload;
};

struct generation; /* opaque: slots */

/** Makes the slots for `net`, which is borrowed. On success the caller ends `*out` with
 * generation_destroy; on failure NULL.
 * Errors: STATUS_INVALID (an option out of range, a length_max above the net's), STATUS_NO_MEMORY.
 */
enum status generation_create(struct generation **out, struct im2sp *net,
                              const struct generation_options *options);

/** NULL is allowed. */
void generation_destroy(struct generation *generation);

/** Takes pictures until there are no more and all have ended. Errors: those of the ends; what was
 * growing is then dropped. */
enum status generation_run(struct generation *generation, const struct generation_ends *ends);

#endif
