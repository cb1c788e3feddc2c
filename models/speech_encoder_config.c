#include "models/speech_encoder.h"

#include "models/early_convolutions.h"

#include <math.h>
#include <stdio.h>

enum { WIDTH_MAX = 16384, HIDDEN_MAX = 65536 };

struct speech_encoder_config speech_encoder_default(size_t width, size_t embedding)
{
    return (struct speech_encoder_config){
        .feature_layers = 1,
        .merged_units = 1,
        .unit_width = width,
        .blocks = 1,
        .embedding = embedding,
        .has_final_norm = true,
        .sizes = { .width = width,
                   .heads = 8,
                   .feed_forward = 4 * width,
                   .layer_norm_eps = 1e-5f,
                   .dropout = 0.1f },
    };
}

static const char *key_of(char full[128], const char *section, const char *name)
{
    snprintf(full, 128, "%s%s", section, name);
    return full;
}

enum status speech_encoder_config_read(struct speech_encoder_config *config,
                                       const struct settings *settings, const char *section)
{
    struct transformer_sizes *sizes = &config->sizes;
    const struct {
        const char *name;
        size_t *value, minimum, maximum;
    } counts[] = {
        { "num_hidden_states", &config->feature_layers, 0, 32 },
        { "units", &config->units, 0, 65536 },
        { "merged_units", &config->merged_units, 1, 4096 },
        { "unit_width", &config->unit_width, 0, WIDTH_MAX },
        { "convolution_channels", &config->convolution_channels, 0, EARLY_CHANNELS_MAX },
        { "hidden_size", &sizes->width, 1, WIDTH_MAX },
        { "num_heads", &sizes->heads, 1, WIDTH_MAX },
        { "feed_forward", &sizes->feed_forward, 1, HIDDEN_MAX },
        { "embed_dim", &config->embedding, 1, HIDDEN_MAX },
        { "num_layers", &config->blocks, 1, SPEECH_ENCODER_BLOCKS_MAX },
    };
    char key[128];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const enum status status =
            settings_read_count(counts[i].value, settings, key_of(key, section, counts[i].name),
                                counts[i].minimum, counts[i].maximum);
        if (status != STATUS_OK)
            return status;
    }
    sizes->layer_norm_eps = (float)settings_number(settings, key_of(key, section, "layer_norm_eps"),
                                                   (double)sizes->layer_norm_eps);
    sizes->dropout =
        (float)settings_number(settings, key_of(key, section, "dropout"), (double)sizes->dropout);
    config->has_final_norm = settings_switch(
        settings, key_of(key, section, "encoder_final_layer_norm"), config->has_final_norm);
    sizes->is_norm_first =
        settings_switch(settings, key_of(key, section, "norm_first"), sizes->is_norm_first);
    return STATUS_OK;
}

enum status speech_encoder_config_write(struct settings *settings, const char *section,
                                        const struct speech_encoder_config *config)
{
    const struct transformer_sizes *sizes = &config->sizes;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "num_hidden_states", (double)config->feature_layers },
        { "units", (double)config->units },
        { "merged_units", (double)config->merged_units },
        { "unit_width", (double)config->unit_width },
        { "convolution_channels", (double)config->convolution_channels },
        { "hidden_size", (double)sizes->width },
        { "num_heads", (double)sizes->heads },
        { "feed_forward", (double)sizes->feed_forward },
        { "embed_dim", (double)config->embedding },
        { "num_layers", (double)config->blocks },
        { "layer_norm_eps", (double)sizes->layer_norm_eps },
        { "dropout", (double)sizes->dropout },
    };
    enum status status = STATUS_OK;
    char key[128];
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && status == STATUS_OK; i++)
        status =
            settings_put_number(settings, key_of(key, section, numbers[i].name), numbers[i].value);
    if (status == STATUS_OK)
        status = settings_put_switch(settings, key_of(key, section, "encoder_final_layer_norm"),
                                     config->has_final_norm);
    if (status == STATUS_OK)
        status =
            settings_put_switch(settings, key_of(key, section, "norm_first"), sizes->is_norm_first);
    return status;
}

/* Of a square of units: early convolutions, and the patches behind them. */
static double convolution_products(const struct speech_encoder_config *config, size_t frames)
{
    const struct convolution_2d patch = speech_encoder_patch(0, 0);
    const size_t side = (size_t)lround(sqrt((double)(frames * config->merged_units)));
    return early_convolutions_products(config->unit_width, config->convolution_channels, side) +
           (double)(frames * config->sizes.width) *
               (double)(patch.kernel * patch.kernel * config->convolution_channels);
}

double speech_encoder_flop(const struct speech_encoder_config *config, size_t frames)
{
    const double D = (double)config->sizes.width, H = (double)config->sizes.feed_forward;
    const double T = (double)frames + 1.0, E = (double)config->embedding;
    double products = 0.0;
    for (size_t b = 0; b < config->blocks; b++) {
        const double queries = b + 1 < config->blocks ? T : 1.0;
        products += 2.0 * T * D * D;       /* keys and values */
        products += 2.0 * queries * D * D; /* queries and the output projection */
        products += 2.0 * queries * T * D; /* scores and sums */
        products += 2.0 * queries * D * H; /* feed-forward */
    }
    if (config->convolution_channels > 0)
        products += convolution_products(config, frames);
    else if (config->units > 0 &&
             (config->merged_units > 1 || config->unit_width != config->sizes.width))
        products += (T - 1.0) * D * (double)(config->merged_units * config->unit_width);
    products += D * E;
    return 3.0 * 2.0 * products; /* backward makes two products of each */
}
