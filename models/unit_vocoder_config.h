/** Sizes of a unit vocoder, from its weights' shapes and its configuration. */
#ifndef MODELS_UNIT_VOCODER_CONFIG_H
#define MODELS_UNIT_VOCODER_CONFIG_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    UNIT_VOCODER_STAGES_MAX = 8,
    UNIT_VOCODER_BLOCKS_MAX = 8,
    UNIT_VOCODER_DILATIONS_MAX = 8,
    UNIT_VOCODER_KERNEL_MAX = 63,
    UNIT_VOCODER_DILATION_MAX = 64,
    UNIT_VOCODER_RATE_MAX = 64,
    UNIT_VOCODER_HOP_MAX = 8192,
    UNIT_VOCODER_CODES_MAX = 65535,
    UNIT_VOCODER_CHANNELS_MAX = 8192,
    UNIT_VOCODER_PREFIX_BYTES = 64
};

/** Transposed convolution: `rate` rows for each row. kernel - rate is even, and no less than 0. */
struct unit_vocoder_stage {
    size_t rate, kernel;
};

/** Residual block: for each dilation a convolution with it, and one without. */
struct unit_vocoder_block {
    size_t kernel, dilation_count, dilations[UNIT_VOCODER_DILATIONS_MAX];
};

struct unit_vocoder_config {
    size_t codes, width; /* of the table of codes */
    size_t channels;     /* after the first convolution; half after each stage */
    size_t pre_kernel, post_kernel;
    size_t stage_count, block_count; /* each stage has all blocks, and gives their mean */
    struct unit_vocoder_stage stages[UNIT_VOCODER_STAGES_MAX];
    struct unit_vocoder_block blocks[UNIT_VOCODER_BLOCKS_MAX];
    size_t duration_hidden; /* of the duration predictor; 0: there is none */
    size_t rate_hz;
};

/** The public size: 100 codes of 128 values, 512 channels, 320 samples a code, with durations. */
struct unit_vocoder_config unit_vocoder_config_public(void);

/** As that, of 32 channels and any number of codes, to try things with. */
struct unit_vocoder_config unit_vocoder_config_compact(size_t codes);

/** The size that is trained from nothing: four stages, two kinds of residual blocks, 320 samples a
 * code. With 256 channels and 200 codes of 64 values it has 1.47 million parameters and takes 730
 * million multiply-adds a second of sound, an eleventh of the public size. */
struct unit_vocoder_config unit_vocoder_config_small(size_t codes, size_t channels, size_t width);

/** What stands before the names of a vocoder's tensors: "", or "generator." in a checkpoint.
 * Errors: STATUS_CORRUPT where there is no vocoder. */
enum status unit_vocoder_prefix(char prefix[UNIT_VOCODER_PREFIX_BYTES],
                                const struct tensor_table *table);

/** Local. Sizes of the vocoder in `table`. Kernels, channels and codes are those of the shapes;
 * rates, dilations and the sample rate come from `settings` (keys of speech-resynthesis:
 * upsample_rates, resblock_dilation_sizes, sampling_rate, ...; NULL: none), and are the public ones
 * where it is silent; a vocoder of another number of stages than the public one must be told them.
 *
 * Errors: STATUS_CORRUPT  a shape that no vocoder has
 *         STATUS_INVALID  settings that do not fit the weights; a vocoder that needs a speaker, a
 *                         pitch, or residual blocks of another kind */
enum status unit_vocoder_config_read(struct unit_vocoder_config *out,
                                     const struct tensor_table *table, const char *prefix,
                                     const struct settings *settings);

/** Writes the settings that unit_vocoder_config_read reads. Errors: STATUS_NO_MEMORY. */
enum status unit_vocoder_config_write(struct settings *settings,
                                      const struct unit_vocoder_config *config);

/** Samples a code: the product of all rates. */
size_t unit_vocoder_config_hop(const struct unit_vocoder_config *config);

/** Channels after stage `stage`. */
size_t unit_vocoder_config_channels(const struct unit_vocoder_config *config, size_t stage);

/** Floating-point operations in products for each code, two a product and sum. */
double unit_vocoder_config_flop(const struct unit_vocoder_config *config);

#endif
