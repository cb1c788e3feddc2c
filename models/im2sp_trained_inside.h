/** The inside of the image-to-speech-unit model that is trained, shared by models/im2sp_trained.c
 * (parameters) and models/im2sp_trained_run.c (the net). */
#ifndef MODELS_IM2SP_TRAINED_INSIDE_H
#define MODELS_IM2SP_TRAINED_INSIDE_H

#include "models/im2sp_codebook.h"
#include "models/im2sp_trained.h"
#include "models/im2sp_weights.h"
#include "models/unit_codes.h"

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
    struct im2sp_codebook codebook;
    float *whitened;          /* [code_count][channels], owned: what the first convolution sees */
    struct unit_code_map map; /* instead of the codebook; NULL where it sees that */
};

/** Weight and bias of the convolution that sees the codebook's vectors. */
struct im2sp_first_convolution {
    struct parameter *weight; /* rows of [channels][taps] */
    struct parameter *bias;
};

struct im2sp_first_convolution im2sp_first_convolution(const struct im2sp_trained *model);

/** Its values as they are for the codebook's own vectors, to what they are for whitened ones. Where
 * nothing was whitened: nothing. Called when values came from a file. */
void im2sp_take_to_whitened(const struct im2sp_trained *model);

/** The slot of what inference keeps at `place`, an address within model->places. */
struct im2sp_slot *im2sp_slot_at(const struct im2sp_trained *model, const void *place);

#endif
