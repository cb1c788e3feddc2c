/** CLIP image encoders' hyper-parameters: from the shapes of the weights, and from a configuration
 * for what shapes do not tell. All functions are local.
 *
 * Keys are those of tests/golden/clip-vit-tiny/config.json ("image_size", "width", ...), of Hugging
 * Face's config.json ("vision_config.hidden_size", or "hidden_size" of a vision model alone) or of
 * OpenCLIP's open_clip_config.json ("model_cfg.vision_cfg.width", "preprocess_cfg.mean.0").
 * Hugging Face's projection_dim is not read: the weights know. */
#ifndef TOKENIZERS_IMAGE_CLIP_CONFIG_H
#define TOKENIZERS_IMAGE_CLIP_CONFIG_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/resize.h"
#include "tokenizers/image/vision_tower.h"

#include <stddef.h>

/** What is accepted at the most. */
enum {
    CLIP_SIDE_MAX = 4096,
    CLIP_PATCH_MAX = 256,
    CLIP_WIDTH_MAX = 16384,
    CLIP_LAYERS_MAX = 256,
    CLIP_MLP_MAX = 65536,
    CLIP_EMBEDDING_MAX = 65536,
    CLIP_TOKENS_MAX = 65536
};

/** Who named the tensors. */
enum clip_naming {
    CLIP_OPENAI,      /* visual.conv1.weight, ...; OpenCLIP writes the same */
    CLIP_HUGGING_FACE /* vision_model.embeddings.patch_embedding.weight, ... */
};

struct clip_config {
    enum clip_naming naming;
    size_t image, patch;               /* sides in pixels; image a multiple of patch */
    size_t width, layers, heads, mlp;  /* width a multiple of heads */
    size_t embedding;                  /* values of an embedding */
    enum vision_activation activation; /* VISION_GELU or VISION_QUICK_GELU */
    double layer_norm_eps;             /* 1e-5 upstream */
    float mean[3], deviation[3];       /* of pixels in 0 .. 1, by channel */
};

enum { CLIP_PREFIX_BYTES = 96 };

/** How the table names an image encoder, and what stands before those names: "", "module.", ...
 * Errors: STATUS_CORRUPT where there is no CLIP ViT. */
enum status clip_prefix(enum clip_naming *naming, char prefix[CLIP_PREFIX_BYTES],
                        const struct tensor_table *table);

/** Patches of a picture; its tokens, the class token included. */
size_t clip_config_patches(const struct clip_config *config);
size_t clip_config_tokens(const struct clip_config *config);

/** "quick_gelu" or "gelu". */
const char *clip_config_activation(const struct clip_config *config);

/** The part of a picture that the net sees: short side resized to config->image, the middle cut
 * out. An odd margin is halved as the origin of the weights does it: openai/CLIP and OpenCLIP as
 * torchvision, Hugging Face rounding down. Both resize bicubically. Errors: STATUS_INVALID. */
enum status clip_config_window(struct resize_window *window, const struct clip_config *config,
                               size_t width, size_t height);

/** Floating-point operations (two a product and sum) of one picture, its matrix products and
 * attention only. */
double clip_config_flop(const struct clip_config *config);

/** A net small enough for a quick start: 224 x 224 pixels in 32 x 32 patches, 4 blocks, 192 wide, 3
 * heads, embeddings of 128 values. */
struct clip_config clip_config_compact(void);

/** Reads what `settings` says over what `*config` holds; where a key is absent, that stays.
 * Errors: STATUS_INVALID, naming the key: out of range, no multiple, or a kind of net that this is
 * not (another activation, no norm before the blocks, pooling other than by the class token).
 * `*config` is then undefined. */
enum status clip_config_read(struct clip_config *config, const struct settings *settings);

/** Reads the shapes of the weights and checks what `settings` (or NULL) says against them. `prefix`
 * is what stands before the tensors' names, as clip_prefix found it.
 *
 * What shapes do not tell, and settings may: heads are 64 wide and the activation is QuickGELU, as
 * in all that OpenAI published; at the widths that only others published (1280, 1408 and 1664:
 * ViT-H, g and bigG) there are 16 heads and the activation is GELU. LAION's B and L nets need a
 * configuration to be told from OpenAI's.
 *
 * Errors: STATUS_CORRUPT  a tensor that tells a size is missing or of another number of dimensions
 *         STATUS_INVALID  the settings differ from the weights; says which value would fit */
enum status clip_config_of_weights(struct clip_config *out, const struct tensor_table *table,
                                   enum clip_naming naming, const char *prefix,
                                   const struct settings *settings);

/** Puts the config into `settings` under the plain keys, so that clip_config_read gives it back
 * (but for the naming). Errors: STATUS_NO_MEMORY. */
enum status clip_config_write(struct settings *settings, const struct clip_config *config);

#endif
