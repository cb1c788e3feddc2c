/** ViT-VQGAN's hyper-parameters: from a configuration, from the shapes of the weights, or both.
 *
 * Keys are those of tests/golden/vit-vqgan-tiny/config.json ("image_size", "encoder.dim",
 * "quantizer.n_embed", ...) or of enhancing-transformers' YAML, which has the same ones below
 * "model.params.". All functions are local. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_CONFIG_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_CONFIG_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"

#include <stddef.h>

/** One transformer: the encoder or the decoder. */
struct vit_vqgan_tower {
    size_t dim, depth, heads, head_width, mlp; /* heads * head_width need not equal dim */
};

struct vit_vqgan_config {
    size_t image_height, image_width; /* multiples of `patch` */
    size_t patch;                     /* side in pixels */
    struct vit_vqgan_tower encoder, decoder;
    size_t code_count, code_width;
    double layer_norm_eps; /* 1e-5 upstream */
};

/** A picture has no more tokens. */
enum { VIT_VQGAN_TOKENS_MAX = 65536 };

/** Tokens down, across, and of a picture. */
size_t vit_vqgan_config_rows(const struct vit_vqgan_config *config);
size_t vit_vqgan_config_columns(const struct vit_vqgan_config *config);
size_t vit_vqgan_config_tokens(const struct vit_vqgan_config *config);

/** Floating-point operations (two a product and sum) of encoding one picture, its matrix products
 * and attention only. */
double vit_vqgan_config_encode_flop(const struct vit_vqgan_config *config);

/** A net small enough for a quick start: 256 x 256 pixels in 8 x 8 patches, towers of 1 block, 128
 * wide, 4 heads of 32, feed-forward 512; 8,192 codes of 32 values, so 13 bits a token. */
struct vit_vqgan_config vit_vqgan_config_compact(void);

/** Reads what `settings` says over what `*config` holds; where a key is absent, that stays.
 * Errors: STATUS_INVALID, naming the key: out of range, no multiple, or a kind of net that this
 * is not (quantizer.use_norm false, quantizer.use_residual true, ffn_activation not tanh, ...).
 * `*config` is then undefined.
 */
enum status vit_vqgan_config_read(struct vit_vqgan_config *config, const struct settings *settings);

/** Reads the shapes of the weights and checks what `settings` (or NULL) says against them. Only the
 * number of heads is not to be seen in the shapes: without heads and dim_head in the settings,
 * heads are 64 wide, as upstream's default. A picture is square unless the settings say otherwise.
 *
 * Errors: STATUS_CORRUPT  a tensor that tells a size is missing or of another number of dimensions
 *         STATUS_INVALID  the settings differ from the weights; says which value would fit */
enum status vit_vqgan_config_of_weights(struct vit_vqgan_config *out,
                                        const struct tensor_table *table,
                                        const struct settings *settings);

/** Puts the config into `settings` under the plain keys, so that vit_vqgan_config_read gives it
 * back. Errors: STATUS_NO_MEMORY. */
enum status vit_vqgan_config_write(struct settings *settings,
                                   const struct vit_vqgan_config *config);

#endif
