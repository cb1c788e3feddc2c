#include "models/speech_encoder.h"

#include <stdio.h>

enum { WIDTH_MAX = 16384, HIDDEN_MAX = 65536 };

struct speech_encoder_config speech_encoder_default(size_t width, size_t embedding)
{
    return (struct speech_encoder_config){
        .feature_layers = 1,
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

/* Weights of ours have the keys plainly, recorded ones below "model.". */
static const char *key_of(char full[128], const struct settings *settings, const char *name)
{
    snprintf(full, 128, "model.%s", name);
    if (!settings_has(settings, full))
        snprintf(full, 128, "%s", name);
    return full;
}

enum status speech_encoder_config_read(struct speech_encoder_config *config,
                                       const struct settings *settings)
{
    struct transformer_sizes *sizes = &config->sizes;
    const struct {
        const char *name;
        size_t *value, minimum, maximum;
    } counts[] = {
        { "num_hidden_states", &config->feature_layers, 0, 32 },
        { "units", &config->units, 0, 65536 },
        { "hidden_size", &sizes->width, 1, WIDTH_MAX },
        { "num_heads", &sizes->heads, 1, WIDTH_MAX },
        { "feed_forward", &sizes->feed_forward, 1, HIDDEN_MAX },
        { "embed_dim", &config->embedding, 1, HIDDEN_MAX },
        { "num_layers", &config->blocks, 1, SPEECH_ENCODER_BLOCKS_MAX },
    };
    char key[128];
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const enum status status =
            settings_read_count(counts[i].value, settings, key_of(key, settings, counts[i].name),
                                counts[i].minimum, counts[i].maximum);
        if (status != STATUS_OK)
            return status;
    }
    sizes->layer_norm_eps = (float)settings_number(
        settings, key_of(key, settings, "layer_norm_eps"), (double)sizes->layer_norm_eps);
    sizes->dropout =
        (float)settings_number(settings, key_of(key, settings, "dropout"), (double)sizes->dropout);
    config->has_final_norm = settings_switch(
        settings, key_of(key, settings, "encoder_final_layer_norm"), config->has_final_norm);
    return STATUS_OK;
}

enum status speech_encoder_config_write(struct settings *settings,
                                        const struct speech_encoder_config *config)
{
    const struct transformer_sizes *sizes = &config->sizes;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        { "num_hidden_states", (double)config->feature_layers },
        { "units", (double)config->units },
        { "hidden_size", (double)sizes->width },
        { "num_heads", (double)sizes->heads },
        { "feed_forward", (double)sizes->feed_forward },
        { "embed_dim", (double)config->embedding },
        { "num_layers", (double)config->blocks },
        { "layer_norm_eps", (double)sizes->layer_norm_eps },
        { "dropout", (double)sizes->dropout },
    };
    enum status status = settings_put_text(settings, "model_type", "speech-encoder");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && status == STATUS_OK; i++)
        status = settings_put_number(settings, numbers[i].name, numbers[i].value);
    if (status == STATUS_OK)
        status = settings_put_switch(settings, "encoder_final_layer_norm", config->has_final_norm);
    return status;
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
    products += D * E;
    return 3.0 * 2.0 * products; /* backward makes two products of each */
}
