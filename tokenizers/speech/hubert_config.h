/** HuBERT's hyper-parameters: from a configuration, from the shapes of the weights, or both.
 *
 * Keys are those of Hugging Face's config.json ("hidden_size", "conv_dim.0", ...), of fairseq's cfg
 * (as "cfg.model.encoder_layers" or "model.encoder_layers"), or the plain ones of
 * tests/golden/hubert-tiny/config.json ("embed_dim", "conv_layers.0.0", ...). All functions are
 * local. */
#ifndef TOKENIZERS_SPEECH_HUBERT_CONFIG_H
#define TOKENIZERS_SPEECH_HUBERT_CONFIG_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"

#include <stdbool.h>
#include <stddef.h>

enum { HUBERT_SAMPLE_RATE_HZ = 16000, HUBERT_CONVOLUTIONS_MAX = 16 };

struct hubert_convolution {
    size_t channels, kernel, stride;
};

struct hubert_config {
    struct hubert_convolution convolutions[HUBERT_CONVOLUTIONS_MAX];
    size_t convolution_count; /* >= 2 */
    bool convolution_bias;
    bool convolution_layer_norm; /* after each convolution (large), or a group norm after the first
                                    only, one group a channel (base) */
    size_t width, layers, heads, feed_forward_width;
    size_t position_kernel, position_groups;
    bool norm_first;     /* blocks normalise what they read (large), not what they give (base) */
    bool normalise_wave; /* each utterance to mean 0 and variance 1 */
    double epsilon;      /* of the layer norms outside the convolutions */
};

/** HuBERT base: 7 convolutions of 512 channels, 12 layers of width 768, 94.4 M parameters. */
struct hubert_config hubert_config_base(void);

/** HuBERT large: layer norm in the convolutions, 24 pre-norm layers of width 1024. */
struct hubert_config hubert_config_large(void);

/** A net of base's structure small enough for a quick start: 64 channels, 4 layers of width 128, 4
 * heads, feed-forward 512. */
struct hubert_config hubert_config_compact(void);

/** Reads what `settings` (NULL: nothing) says over what `*config` holds; where a key is absent,
 * that stays.
 * Errors: STATUS_INVALID, naming the key: out of range, not a divisor, or a variant that is not
 * supported (batch norm in the positional convolution, another activation than GELU, no layer norm
 * before the projection). `*config` is then undefined. */
enum status hubert_config_read(struct hubert_config *config, const struct settings *settings);

/** Reads the shapes of the weights, in any naming that hubert_create knows, then `settings` (or
 * NULL) over them. Shapes do not tell heads, strides, norm_first, normalise_wave and epsilon; where
 * the settings do not either, heads are 64 wide, strides 5, 2, 2, ..., epsilon 1e-5, and the two
 * switches are those of large where the convolutions have layer norms, else those of base.
 *
 * Errors: STATUS_CORRUPT  not HuBERT, or a tensor that tells a size is missing or misshapen
 *         STATUS_INVALID  as hubert_config_read */
enum status hubert_config_of_weights(struct hubert_config *out, const struct tensor_table *table,
                                     const struct settings *settings);

/** Puts the config into `settings` under Hugging Face's keys (with "do_normalize", which Hugging
 * Face keeps in another file), so that hubert_config_read gives it back.
 * Errors: STATUS_NO_MEMORY. */
enum status hubert_config_write(struct settings *settings, const struct hubert_config *config);

/** Feature rows that `samples` samples give; 0 where there are too few for one. With the strides
 * of base and large: (samples - 400) / 320 + 1 from 400 samples on. */
size_t hubert_config_frame_count(const struct hubert_config *config, size_t samples);

/** Floating-point operations (two a product and sum) of the features of one utterance at `layer`:
 * convolutions, projections and attention. */
double hubert_config_flop(const struct hubert_config *config, size_t samples, size_t layer);

#endif
