/** Weights of an image-to-speech-unit model, packed for the products. Inside the net only. */
#ifndef MODELS_IM2SP_WEIGHTS_H
#define MODELS_IM2SP_WEIGHTS_H

#include "models/early_convolutions.h"
#include "models/im2sp_config.h"
#include "nn/packed_matrix.h"

/** A transformer layer, with its norms before its two parts or behind them. D: width, F: mlp. All
 * rows are owned. */
struct im2sp_layer {
    struct packed_matrix qkv; /* [3 D][D]: q, k, v, each head by head */
    struct packed_matrix out, expand, shrink;
    float *qkv_bias, *out_bias, *expand_bias, *shrink_bias;
    float *attention_gain, *attention_offset, *mlp_gain, *mlp_offset;
};

/** An early convolution, and the norm behind it. All rows are owned. */
struct im2sp_early {
    struct packed_matrix weight; /* [channels out][channels in * kernel * kernel] */
    float *bias, *gain, *offset;
};

struct im2sp_weights {
    struct {                                          /* image encoder */
        struct im2sp_early early[EARLY_CONVOLUTIONS]; /* empty where there are none */
        struct packed_matrix patch;                   /* [D][channels * kernel * kernel] */
        float *patch_bias;                            /* NULL for pixels */
        float *class_token, *position;                /* [D], [T][D] */
        float *pre_gain, *pre_offset;                 /* NULL for units */
        float *post_gain, *post_offset;               /* NULL for units */
        struct im2sp_layer *layers;                   /* [layers] */
    } encoder;
    struct packed_matrix projection; /* [width][encoder width]; of embeddings [tokens * width] */
    float *projection_bias, *projection_gain, *projection_offset;
    float *words, *positions; /* [vocabulary][width], [length_max][width] */
    float *word_gain, *word_offset;
    struct im2sp_layer *layers;  /* [layers] */
    struct packed_matrix output; /* [vocabulary][width] */
    float *output_bias;
};

enum { IM2SP_NAME_BYTES = 192 };

/** What a tensor is for: how one is drawn that nobody trained. */
enum im2sp_role { IM2SP_MATRIX, IM2SP_TABLE, IM2SP_ZEROS, IM2SP_ONES };

/** A tensor, or three that become one. Either `matrix` or `row` is where it goes. */
struct im2sp_entry {
    char names[3][IM2SP_NAME_BYTES];
    char other_name[IM2SP_NAME_BYTES]; /* where the same values may be instead; "" for none */
    size_t part_count;                 /* 1, or 3 of the same shape */
    size_t dimension_count, shape[4];
    enum im2sp_role role;
    struct packed_matrix *matrix;
    float **row;
};

/** Hands every tensor of a model of this size to `visit`, until one fails. */
enum status im2sp_weights_visit(
    struct im2sp_weights *weights, const struct im2sp_config *config, const char *prefix,
    enum status (*visit)(void *payload, const struct im2sp_entry *entry), void *payload);

/** An empty set with room for the layers. Errors: STATUS_NO_MEMORY. */
enum status im2sp_weights_begin(struct im2sp_weights *weights, const struct im2sp_config *config);

/** Local. Takes the weights that `config` calls for; nothing is borrowed from the table. Of output
 * and word matrices one may be missing: they are then the same. Other tensors (tokenizer.*, a
 * classifier's head) are ignored.
 *
 * On failure `*weights` is empty. Errors: STATUS_CORRUPT, naming a tensor that is missing,
 * misshapen or not finite; STATUS_NO_MEMORY. */
enum status im2sp_weights_take(struct im2sp_weights *weights, const struct tensor_table *table,
                               const struct im2sp_config *config, const char *prefix);

/** Frees. An all-zero struct is allowed. */
void im2sp_weights_end(struct im2sp_weights *weights, const struct im2sp_config *config);

#endif
