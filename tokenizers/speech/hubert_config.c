#include "tokenizers/speech/hubert_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bounds that keep every product of extents far inside an int. */
enum {
    CHANNELS_MAX = 16384,
    KERNEL_MAX = 64,
    STRIDE_MAX = 64,
    WIDTH_MAX = 16384,
    LAYERS_MAX = 256,
    FEED_FORWARD_MAX = 65536,
    POSITION_KERNEL_MAX = 1024
};

static struct hubert_config of_size(size_t channels, size_t width, size_t layers, size_t heads)
{
    struct hubert_config config = { .convolution_count = 7,
                                    .width = width,
                                    .layers = layers,
                                    .heads = heads,
                                    .feed_forward_width = 4 * width,
                                    .position_kernel = 128,
                                    .position_groups = 16,
                                    .epsilon = 1e-5 };
    for (size_t c = 0; c < config.convolution_count; c++)
        config.convolutions[c] = (struct hubert_convolution){ .channels = channels,
                                                              .kernel = c == 0  ? 10
                                                                        : c < 5 ? 3
                                                                                : 2,
                                                              .stride = c == 0 ? 5 : 2 };
    return config;
}

struct hubert_config hubert_config_base(void)
{
    return of_size(512, 768, 12, 12);
}

struct hubert_config hubert_config_large(void)
{
    struct hubert_config config = of_size(512, 1024, 24, 16);
    config.convolution_bias = config.convolution_layer_norm = true;
    config.norm_first = config.normalise_wave = true;
    return config;
}

struct hubert_config hubert_config_compact(void)
{
    struct hubert_config config = of_size(64, 128, 4, 4);
    config.position_kernel = 32;
    config.position_groups = 4;
    return config;
}

/* Where fairseq's configuration may stand, as read from a .pt file or from a file beside it. */
static const char *const folders[] = { "", "cfg.model.", "model.", "cfg.task.", "task." };
enum { FOLDERS = sizeof folders / sizeof folders[0], KEY_BYTES = 96 };

/* The first of `names` (NULL ends them), in any folder, that the settings have. */
static bool find_key(char key[KEY_BYTES], const struct settings *settings, const char *const *names)
{
    for (; *names != NULL; names++)
        for (size_t f = 0; f < FOLDERS; f++) {
            snprintf(key, KEY_BYTES, "%s%s", folders[f], *names);
            if (settings_has(settings, key))
                return true;
        }
    return false;
}

static enum status read_count(size_t *value, const struct settings *settings,
                              const char *const *names, size_t maximum)
{
    char key[KEY_BYTES];
    if (!find_key(key, settings, names))
        return STATUS_OK;
    return settings_read_count(value, settings, key, 1, maximum);
}

static void read_switch(bool *value, const struct settings *settings, const char *const *names)
{
    char key[KEY_BYTES];
    if (find_key(key, settings, names))
        *value = settings_switch(settings, key, *value);
}

static enum status read_sizes(struct hubert_config *config, const struct settings *settings)
{
    const struct {
        size_t *value;
        const char *names[5];
        size_t maximum;
    } sizes[] = {
        { &config->width, { "hidden_size", "embed_dim", "encoder_embed_dim" }, WIDTH_MAX },
        { &config->layers, { "num_hidden_layers", "layers", "encoder_layers" }, LAYERS_MAX },
        { &config->heads,
          { "num_attention_heads", "heads", "encoder_attention_heads" },
          WIDTH_MAX },
        { &config->feed_forward_width,
          { "intermediate_size", "ffn_dim", "encoder_ffn_embed_dim" },
          FEED_FORWARD_MAX },
        { &config->position_kernel,
          { "num_conv_pos_embeddings", "pos_conv_kernel", "conv_pos" },
          POSITION_KERNEL_MAX },
        { &config->position_groups,
          { "num_conv_pos_embedding_groups", "pos_conv_groups", "conv_pos_groups" },
          WIDTH_MAX },
    };
    enum status outcome = STATUS_OK;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0] && outcome == STATUS_OK; s++)
        outcome = read_count(sizes[s].value, settings, sizes[s].names, sizes[s].maximum);
    return outcome;
}

/* One number of convolution `c`: Hugging Face has an array for each property, the plain form one
 * for each convolution. */
static enum status read_convolution_number(size_t *value, const struct settings *settings, size_t c,
                                           const char *array, size_t place, size_t maximum)
{
    char named[KEY_BYTES], placed[KEY_BYTES];
    snprintf(named, sizeof named, "%s.%zu", array, c);
    snprintf(placed, sizeof placed, "conv_layers.%zu.%zu", c, place);
    return read_count(value, settings, (const char *const[]){ named, placed, NULL }, maximum);
}

static enum status read_convolutions(struct hubert_config *config, const struct settings *settings)
{
    enum status outcome = STATUS_OK;
    size_t count = 0;
    for (size_t c = 0; c < HUBERT_CONVOLUTIONS_MAX && outcome == STATUS_OK; c++) {
        struct hubert_convolution *convolution = &config->convolutions[c];
        size_t channels = 0;
        outcome = read_convolution_number(&channels, settings, c, "conv_dim", 0, CHANNELS_MAX);
        if (outcome == STATUS_OK && channels != 0) {
            convolution->channels = channels;
            count = c + 1;
        }
        if (outcome == STATUS_OK)
            outcome = read_convolution_number(&convolution->kernel, settings, c, "conv_kernel", 1,
                                              KERNEL_MAX);
        if (outcome == STATUS_OK)
            outcome = read_convolution_number(&convolution->stride, settings, c, "conv_stride", 2,
                                              STRIDE_MAX);
    }
    if (count != 0)
        config->convolution_count = count;
    return outcome;
}

/* fairseq writes convolutions as Python: "[(512,10,5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2". */
static enum status read_convolution_text(struct hubert_config *config,
                                         const struct settings *settings)
{
    char key[KEY_BYTES];
    if (!find_key(key, settings, (const char *const[]){ "conv_feature_layers", NULL }))
        return STATUS_OK;
    const char *text = settings_text(settings, key, "");
    size_t count = 0;
    for (const char *at = strchr(text, '('); at != NULL; at = strchr(at + 1, '(')) {
        struct hubert_convolution read;
        size_t times = 1;
        int used = 0;
        if (sscanf(at, "(%5zu ,%5zu ,%5zu ) %n", &read.channels, &read.kernel, &read.stride,
                   &used) != 3 ||
            used == 0 || read.channels < 1 || read.channels > CHANNELS_MAX || read.kernel < 1 ||
            read.kernel > KERNEL_MAX || read.stride < 1 || read.stride > STRIDE_MAX)
            return status_fail(STATUS_INVALID, "%s: %s: \"%.80s\" cannot be read",
                               settings_source(settings), key, text);
        sscanf(at + used, "] * %3zu", &times);
        for (; times > 0; times--) {
            if (count == HUBERT_CONVOLUTIONS_MAX)
                return status_fail(STATUS_INVALID, "%s: %s: more than %d convolutions",
                                   settings_source(settings), key, HUBERT_CONVOLUTIONS_MAX);
            config->convolutions[count++] = read;
        }
    }
    if (count > 0)
        config->convolution_count = count;
    return STATUS_OK;
}

/* "group", "group_norm on conv 0 only ..." or "default"; "layer" or "layer_norm". */
static enum status read_extractor_norm(struct hubert_config *config,
                                       const struct settings *settings)
{
    char key[KEY_BYTES];
    if (!find_key(
            key, settings,
            (const char *const[]){ "feat_extract_norm", "extractor_norm", "extractor_mode", NULL }))
        return STATUS_OK;
    const char *text = settings_text(settings, key, "");
    if (strncmp(text, "layer", 5) == 0)
        config->convolution_layer_norm = true;
    else if (strncmp(text, "group", 5) == 0 || strcmp(text, "default") == 0)
        config->convolution_layer_norm = false;
    else
        return status_fail(STATUS_INVALID, "%s: %s: \"%.40s\" is neither group nor layer norm",
                           settings_source(settings), key, text);
    return STATUS_OK;
}

static enum status refuse_variants(const struct settings *settings)
{
    if (settings_switch(settings, "conv_pos_batch_norm", false))
        return status_fail(STATUS_INVALID,
                           "%s: conv_pos_batch_norm: batch norm in the positional convolution is "
                           "not supported",
                           settings_source(settings));
    if (!settings_switch(settings, "feat_proj_layer_norm", true))
        return status_fail(STATUS_INVALID,
                           "%s: feat_proj_layer_norm: a HuBERT without it is not supported",
                           settings_source(settings));
    const char *const keys[] = { "hidden_act", "feat_extract_activation", "activation" };
    for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
        const char *text = settings_text(settings, keys[k], "gelu");
        if (strcmp(text, "gelu") != 0 && strcmp(text, "gelu_erf") != 0)
            return status_fail(STATUS_INVALID, "%s: %s: \"%.40s\" is not supported, only gelu",
                               settings_source(settings), keys[k], text);
    }
    return STATUS_OK;
}

static enum status check_config(const struct hubert_config *config, const char *source)
{
    if (config->convolution_count < 2)
        return status_fail(STATUS_INVALID, "%s: fewer than 2 convolutions", source);
    for (size_t c = 0; c < config->convolution_count; c++) {
        const struct hubert_convolution *convolution = &config->convolutions[c];
        if (convolution->channels < 1 || convolution->channels > CHANNELS_MAX ||
            convolution->kernel < 1 || convolution->kernel > KERNEL_MAX ||
            convolution->stride < 1 || convolution->stride > convolution->kernel)
            return status_fail(STATUS_INVALID,
                               "%s: convolution %zu of %zu channels, kernel %zu, stride %zu: "
                               "channels 1 .. %d, kernel 1 .. %d, stride 1 .. kernel expected",
                               source, c, convolution->channels, convolution->kernel,
                               convolution->stride, CHANNELS_MAX, KERNEL_MAX);
    }
    const struct {
        const char *name;
        size_t value, maximum;
    } sizes[] = { { "width", config->width, WIDTH_MAX },
                  { "layers", config->layers, LAYERS_MAX },
                  { "feed-forward width", config->feed_forward_width, FEED_FORWARD_MAX },
                  { "kernel of the positional convolution", config->position_kernel,
                    POSITION_KERNEL_MAX } };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        if (sizes[s].value < 1 || sizes[s].value > sizes[s].maximum)
            return status_fail(STATUS_INVALID, "%s: %s %zu is not in 1 .. %zu", source,
                               sizes[s].name, sizes[s].value, sizes[s].maximum);
    if (config->heads < 1 || config->width % config->heads != 0)
        return status_fail(STATUS_INVALID, "%s: width %zu is no multiple of %zu heads", source,
                           config->width, config->heads);
    if (config->position_groups < 1 || config->width % config->position_groups != 0)
        return status_fail(STATUS_INVALID,
                           "%s: width %zu is no multiple of %zu groups of the "
                           "positional convolution",
                           source, config->width, config->position_groups);
    if (!(config->epsilon > 0.0 && config->epsilon < 1.0))
        return status_fail(STATUS_INVALID, "%s: layer_norm_eps is not between 0 and 1", source);
    return STATUS_OK;
}

enum status hubert_config_read(struct hubert_config *config, const struct settings *settings)
{
    if (settings == NULL)
        return check_config(config, "HuBERT");
    enum status outcome = refuse_variants(settings);
    if (outcome == STATUS_OK)
        outcome = read_sizes(config, settings);
    if (outcome == STATUS_OK)
        outcome = read_convolution_text(config, settings);
    if (outcome == STATUS_OK)
        outcome = read_convolutions(config, settings);
    if (outcome == STATUS_OK)
        outcome = read_extractor_norm(config, settings);
    if (outcome != STATUS_OK)
        return outcome;
    read_switch(&config->convolution_bias, settings, (const char *const[]){ "conv_bias", NULL });
    read_switch(&config->norm_first, settings,
                (const char *const[]){ "do_stable_layer_norm", "layer_norm_first", NULL });
    read_switch(&config->normalise_wave, settings,
                (const char *const[]){ "do_normalize", "normalize_wave", "normalize", NULL });
    config->epsilon = settings_number(settings, "layer_norm_eps", config->epsilon);
    return check_config(config, settings_source(settings));
}

static enum status write_convolutions(struct settings *settings, const struct hubert_config *config)
{
    enum status outcome = STATUS_OK;
    char key[KEY_BYTES];
    for (size_t p = 0; p < 3; p++)
        for (size_t c = 0; c < config->convolution_count && outcome == STATUS_OK; c++) {
            const struct hubert_convolution *convolution = &config->convolutions[c];
            const size_t values[] = { convolution->channels, convolution->kernel,
                                      convolution->stride };
            const char *const arrays[] = { "conv_dim", "conv_kernel", "conv_stride" };
            snprintf(key, sizeof key, "%s.%zu", arrays[p], c);
            outcome = settings_put_number(settings, key, (double)values[p]);
        }
    return outcome;
}

enum status hubert_config_write(struct settings *settings, const struct hubert_config *config)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = { { "hidden_size", (double)config->width },
                    { "num_hidden_layers", (double)config->layers },
                    { "num_attention_heads", (double)config->heads },
                    { "intermediate_size", (double)config->feed_forward_width },
                    { "num_feat_extract_layers", (double)config->convolution_count },
                    { "num_conv_pos_embeddings", (double)config->position_kernel },
                    { "num_conv_pos_embedding_groups", (double)config->position_groups },
                    { "layer_norm_eps", config->epsilon } };
    const struct {
        const char *key;
        bool value;
    } switches[] = { { "conv_bias", config->convolution_bias },
                     { "do_stable_layer_norm", config->norm_first },
                     { "do_normalize", config->normalise_wave },
                     { "conv_pos_batch_norm", false } };
    enum status outcome = settings_put_text(settings, "model_type", "hubert");
    if (outcome == STATUS_OK)
        outcome = settings_put_text(settings, "hidden_act", "gelu");
    if (outcome == STATUS_OK)
        outcome = settings_put_text(settings, "feat_extract_norm",
                                    config->convolution_layer_norm ? "layer" : "group");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && outcome == STATUS_OK; i++)
        outcome = settings_put_number(settings, numbers[i].key, numbers[i].value);
    for (size_t i = 0; i < sizeof switches / sizeof switches[0] && outcome == STATUS_OK; i++)
        outcome = settings_put_switch(settings, switches[i].key, switches[i].value);
    return outcome == STATUS_OK ? write_convolutions(settings, config) : outcome;
}

size_t hubert_config_frame_count(const struct hubert_config *config, size_t samples)
{
    for (size_t c = 0; c < config->convolution_count; c++) {
        const struct hubert_convolution *convolution = &config->convolutions[c];
        if (samples < convolution->kernel)
            return 0;
        samples = (samples - convolution->kernel) / convolution->stride + 1;
    }
    return samples;
}

double hubert_config_flop(const struct hubert_config *config, size_t samples, size_t layer)
{
    double flop = 0.0, rows = (double)samples, in = 1.0;
    for (size_t c = 0; c < config->convolution_count; c++) {
        const struct hubert_convolution *convolution = &config->convolutions[c];
        rows = (double)((size_t)(rows - (double)convolution->kernel) / convolution->stride + 1);
        flop += 2.0 * rows * in * (double)(convolution->kernel * convolution->channels);
        in = (double)convolution->channels;
    }
    const double D = (double)config->width;
    flop += 2.0 * rows * in * D;
    flop += 2.0 * rows * D * D / (double)config->position_groups * (double)config->position_kernel;
    flop += (double)layer * rows *
            (8.0 * D * D + 4.0 * D * (double)config->feed_forward_width + 4.0 * rows * D);
    return flop;
}
