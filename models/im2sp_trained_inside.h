/** The inside of the image-to-speech-unit model that is trained, shared by models/im2sp_trained.c
 * (parameters) and models/im2sp_trained_run.c (the net). */
#ifndef MODELS_IM2SP_TRAINED_INSIDE_H
#define MODELS_IM2SP_TRAINED_INSIDE_H

#include "models/im2sp_trained.h"
#include "models/im2sp_weights.h"

/** A tensor of the model: where inference keeps it, and the parameters that it is made of. */
struct im2sp_slot {
    const void *place;
    struct parameter *parts[3];
    size_t part_count;
    enum im2sp_role role;
};

struct im2sp_trained {
    struct im2sp_config config;
    float dropout;
    struct im2sp_weights places; /* for its addresses alone: nothing is kept there */
    struct im2sp_slot *slots;    /* [slot_count], owned */
    size_t slot_count;
    float *codebook; /* [code_count][channels], owned; NULL without */
    size_t code_count;
};

/** The slot of what inference keeps at `place`, an address within model->places. */
struct im2sp_slot *im2sp_slot_at(const struct im2sp_trained *model, const void *place);

#endif
