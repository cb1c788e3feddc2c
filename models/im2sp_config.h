/** Sizes of an image-to-speech-unit model, from its weights' shapes and its configuration. */
#ifndef MODELS_IM2SP_CONFIG_H
#define MODELS_IM2SP_CONFIG_H

#include "core/settings.h"
#include "core/status.h"
#include "models/unit_ids.h"
#include "nn/tensor_table.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    IM2SP_PREFIX_BYTES = 64,
    IM2SP_WIDTH_MAX = 8192,
    IM2SP_LAYERS_MAX = 128,
    IM2SP_TOKENS_MAX = 16384,
    IM2SP_SIDE_MAX = 4096,
    IM2SP_PREFIX_MAX = 64
};

/** Whose names the tensors have. Image units are known under the authors' names alone, which are
 * Hugging Face's but for the image encoder's. */
enum im2sp_naming { IM2SP_HUGGING_FACE, IM2SP_MICROSOFT };

/** What is seen of a picture. */
enum im2sp_input {
    IM2SP_PIXELS,    /* CLIP ViT: planes of floats */
    IM2SP_UNITS,     /* SeiT's ViT: rows of a codebook */
    IM2SP_EMBEDDINGS /* no image encoder: an embedding from outside, as CLIP makes one of a picture
                      */
};

enum im2sp_activation { IM2SP_GELU, IM2SP_QUICK_GELU };

struct im2sp_encoder_config {
    size_t side, channels;          /* of what it sees: a square */
    size_t convolution_channels;    /* of early convolutions over units; 0: there are none */
    bool sees_similarities;         /* these see, behind a unit's code, its similarities */
    size_t kernel, stride, padding; /* of the convolution that makes tokens */
    size_t width, layers, heads, mlp;
    enum im2sp_activation activation;
    float norm_eps;
};

struct im2sp_config {
    enum im2sp_naming naming;
    enum im2sp_input input;
    struct im2sp_encoder_config encoder; /* of embeddings: their width, no layers */
    size_t prefix_tokens;                /* that an embedding becomes; 0 where there are none */
    size_t width, layers, heads, mlp;    /* of the decoder */
    size_t vocabulary, length_max;       /* ids; the longest sequence, with its beginning */
    size_t units; /* units that it was made for: ids of others are never said */
    float norm_eps, projection_eps;
    enum unit_ids ids;
    size_t code_count; /* that the configuration asks of the codebook; 0: any */
};

/** GIT-large's decoder behind SeiT's image-unit encoder of base size, for 200 units. */
struct im2sp_config im2sp_config_large(void);

/** A small one for image units of `channels` values in a grid of `side`, and for `units` units, to
 * try things with. */
struct im2sp_config im2sp_config_compact(size_t side, size_t channels, size_t units);

/** Makes a model one of embeddings of `width` values, each of which becomes `tokens` tokens through
 * one linear map, as in ClipCap (Mokady et al. 2021, arXiv:2111.09734), and the norm that Im2Sp has
 * behind its projection. */
void im2sp_config_see_embeddings(struct im2sp_config *config, size_t width, size_t tokens);

/** The naming, and what stands before the names of a model's tensors: "", "model.", "module.".
 * Errors: STATUS_CORRUPT where there is no such model. */
enum status im2sp_prefix(enum im2sp_naming *naming, char prefix[IM2SP_PREFIX_BYTES],
                         const struct tensor_table *table);

/** Local. Sizes of the model in `table`; one without any tensor of an image encoder is of
 * embeddings. Widths, layers and the vocabulary are those of the shapes;
 * heads, activation, epsilons and the table of ids come from `settings` (Hugging Face's keys, and
 * im2sp.unit_to_id; NULL: none): without them heads are 64 wide and all else as published.
 *
 * Errors: STATUS_CORRUPT  a shape that no such model has
 *         STATUS_INVALID  settings that do not fit the weights */
enum status im2sp_config_read(struct im2sp_config *out, const struct tensor_table *table,
                              enum im2sp_naming naming, const char *prefix,
                              const struct settings *settings);

/** Writes the settings that im2sp_config_read reads. Errors: STATUS_NO_MEMORY. */
enum status im2sp_config_write(struct settings *settings, const struct im2sp_config *config);

/** Values of a place that the first convolution sees: of its code, and its similarities. */
size_t im2sp_config_inputs(const struct im2sp_encoder_config *encoder);

/** What the convolution that makes tokens sees: the square itself, or what early convolutions make
 * of it. */
size_t im2sp_patched_side(const struct im2sp_encoder_config *encoder);
size_t im2sp_patched_channels(const struct im2sp_encoder_config *encoder);

/** Tokens of a picture: a square of patches, and the class token before them; of an embedding, its
 * prefix_tokens. */
size_t im2sp_config_tokens(const struct im2sp_config *config);

/** Floating-point operations in products, two a product and sum: for a picture up to its keys and
 * values, and for one unit after `before` others. */
double im2sp_config_picture_flop(const struct im2sp_config *config);
double im2sp_config_unit_flop(const struct im2sp_config *config, size_t before);

#endif
