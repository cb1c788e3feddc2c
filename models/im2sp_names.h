/** Names of a model's tensors in the namings that are known. Inside the net only. */
#ifndef MODELS_IM2SP_NAMES_H
#define MODELS_IM2SP_NAMES_H

#include "models/im2sp_config.h"

/** Names within a layer. `query` NULL: q, k and v are one tensor. */
struct im2sp_layer_names {
    const char *place;                     /* of layer %zu: "blocks.%zu." */
    const char *query, *key, *value;       /* ".weight" and ".bias" follow, as below */
    const char *fused_weight, *fused_bias; /* whole */
    const char *out, *expand, *shrink;
    const char *attention_norm, *mlp_norm;
};

struct im2sp_encoder_names {
    const char *place; /* "git.image_encoder.vision_model." */
    const char *patch; /* whole, weight */
    const char *patch_bias, *class_token, *position;
    const char *pre_norm, *post_norm; /* NULL: there is none */
    struct im2sp_layer_names layer;
};

struct im2sp_decoder_names {
    const char *words, *positions, *word_norm, *projection, *output;
    struct im2sp_layer_names layer;
};

/** Before the names of early convolutions, within the encoder's place. */
extern const char im2sp_early_place[];

const struct im2sp_encoder_names *im2sp_encoder_names(const struct im2sp_config *config);
const struct im2sp_decoder_names *im2sp_decoder_names(enum im2sp_naming naming);

#endif
