/** Small image-to-speech-unit models on the tape, with drawn values and captions that they are made
 * to say: what tests of their inputs share. Failures are CUnit's. */
#ifndef TESTS_MODELS_IM2SP_FORCED_H
#define TESTS_MODELS_IM2SP_FORCED_H

#include "models/im2sp_trained.h"
#include "nn/tensor_table.h"

enum { PICTURES = 3, EMBEDDING = 10, TOKENS = 3, UNITS = 12, IDS = 4 + 7 + 2, LONGEST = 7 };
enum { SIDE = 8, PLACES = SIDE * SIDE, CHANNELS = 5, CODES = 11, CONVOLVED = 6 };

/** Models of embeddings; of image units behind early convolutions; and of these, which see the
 * units' similarities, too. */
struct im2sp_config im2sp_forced_by_embeddings(void);
struct im2sp_config im2sp_forced_by_units(void);
struct im2sp_config im2sp_forced_by_similarities(void);

/** A model with the values of a table, and captions of 4, 7 and 2 ids for it. */
struct im2sp_forcing {
    struct tensor_table table;
    struct parameter_set *set;
    struct im2sp_trained *model;
    struct tape *tape;
    struct im2sp_config config;
    float embeddings[PICTURES * EMBEDDING], codes[CODES * CHANNELS];
    uint16_t image_units[PICTURES * PLACES];
    size_t starts[PICTURES + 1];
    int32_t ids[IDS], targets[IDS];
};

void im2sp_forcing_begin(struct im2sp_forcing *forcing, struct im2sp_config config);
void im2sp_forcing_end(struct im2sp_forcing *forcing);

/** Logits of all captions: [IDS][V], the tape's. */
struct array *im2sp_forcing_run(struct im2sp_forcing *forcing, bool is_recorded);

#endif
