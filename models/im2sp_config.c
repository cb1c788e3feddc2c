#include "models/im2sp_config.h"
#include "models/unit_similarities.h"

#include "models/early_convolutions.h"

#include <stdio.h>
#include <string.h>

/* What makes 14 x 14 tokens of 28 x 28 codes in SeiT. */
enum { STEM_KERNEL = 4, STEM_STRIDE = 2, STEM_PADDING = 1 };

static const float clip_eps = 1e-5f, timm_eps = 1e-6f, bert_eps = 1e-12f;

struct im2sp_config im2sp_config_large(void)
{
    return (struct im2sp_config){
        .input = IM2SP_UNITS,
        .encoder = { .side = 28,
                     .channels = 32,
                     .kernel = STEM_KERNEL,
                     .stride = STEM_STRIDE,
                     .padding = STEM_PADDING,
                     .width = 768,
                     .layers = 12,
                     .heads = 12,
                     .mlp = 3072,
                     .norm_eps = timm_eps },
        .width = 768,
        .layers = 6,
        .heads = 12,
        .mlp = 3072,
        .vocabulary = unit_ids_vocabulary(200),
        .units = 200,
        .length_max = 1024,
        .norm_eps = bert_eps,
        .projection_eps = clip_eps,
        .ids = UNIT_IDS_APART,
    };
}

struct im2sp_config im2sp_config_compact(size_t side, size_t channels, size_t units)
{
    struct im2sp_config config = im2sp_config_large();
    config.encoder.side = side;
    config.encoder.channels = channels;
    config.encoder.width = config.width = 128;
    config.encoder.layers = config.layers = 2;
    config.encoder.heads = config.heads = 2;
    config.encoder.mlp = config.mlp = 512;
    config.vocabulary = unit_ids_vocabulary(units);
    config.units = units;
    return config;
}

void im2sp_config_see_embeddings(struct im2sp_config *config, size_t width, size_t tokens)
{
    config->input = IM2SP_EMBEDDINGS;
    config->encoder =
        (struct im2sp_encoder_config){ .width = width, .heads = 1, .norm_eps = timm_eps };
    config->prefix_tokens = tokens;
    config->code_count = 0;
}

size_t im2sp_config_inputs(const struct im2sp_encoder_config *encoder)
{
    return encoder->channels + (encoder->sees_similarities ? UNIT_SIMILARITIES : 0);
}

size_t im2sp_patched_side(const struct im2sp_encoder_config *encoder)
{
    return encoder->convolution_channels > 0 ? encoder->side / EARLY_SHRINK : encoder->side;
}

size_t im2sp_patched_channels(const struct im2sp_encoder_config *encoder)
{
    return encoder->convolution_channels > 0 ? encoder->convolution_channels : encoder->channels;
}

size_t im2sp_config_tokens(const struct im2sp_config *config)
{
    const struct im2sp_encoder_config *encoder = &config->encoder;
    if (config->input == IM2SP_EMBEDDINGS)
        return config->prefix_tokens;
    const size_t side = im2sp_patched_side(encoder);
    const size_t grid = (side + 2 * encoder->padding - encoder->kernel) / encoder->stride + 1;
    return grid * grid + 1;
}

/* Products and sums of a layer for each row, which attends to `keys`. */
static double layer_products(size_t width, size_t mlp, size_t keys)
{
    return (double)width * (4.0 * (double)width + 2.0 * (double)mlp + 2.0 * (double)keys);
}

/* From the units to tokens. */
static double stem_products(const struct im2sp_encoder_config *encoder, size_t patches)
{
    const size_t inputs = im2sp_patched_channels(encoder) * encoder->kernel * encoder->kernel;
    const double patched = (double)patches * (double)(inputs * encoder->width);
    return encoder->convolution_channels == 0
               ? patched
               : patched + early_convolutions_products(im2sp_config_inputs(encoder),
                                                       encoder->convolution_channels,
                                                       encoder->side);
}

double im2sp_config_picture_flop(const struct im2sp_config *config)
{
    const struct im2sp_encoder_config *encoder = &config->encoder;
    const size_t T = im2sp_config_tokens(config);
    const double stem = config->input == IM2SP_EMBEDDINGS ? 0.0 : stem_products(encoder, T - 1);
    const double encoded =
        (double)(T * encoder->layers) * layer_products(encoder->width, encoder->mlp, T);
    /* Of the last layer only keys and values are asked for. */
    const double prepared =
        (double)(T * (config->layers - 1)) * layer_products(config->width, config->mlp, T) +
        2.0 * (double)T * (double)config->width * (double)config->width;
    return 2.0 * (stem + encoded + prepared + (double)(T * encoder->width * config->width));
}

double im2sp_config_unit_flop(const struct im2sp_config *config, size_t before)
{
    const size_t keys = im2sp_config_tokens(config) + before + 1;
    return 2.0 * ((double)config->layers * layer_products(config->width, config->mlp, keys) +
                  (double)(config->vocabulary * config->width));
}

/* What begins the model's names, by naming. */
static const char *const first_tensors[] = {
    [IM2SP_HUGGING_FACE] = "git.embeddings.word_embeddings.weight",
    [IM2SP_MICROSOFT] = "textual.embedding.words.weight",
};
static const char *const other_first_tensors[] = {
    [IM2SP_HUGGING_FACE] = "git.embeddings.position_embeddings.weight",
    [IM2SP_MICROSOFT] = "textual.embedding.positions.weight",
};

static bool find_prefix(char prefix[IM2SP_PREFIX_BYTES], const struct tensor_table *table,
                        const char *first)
{
    const size_t ending = strlen(first);
    for (size_t t = 0; t < table->count; t++) {
        const char *name = table->tensors[t].name;
        const size_t length = strlen(name);
        if (length < ending || length - ending >= IM2SP_PREFIX_BYTES ||
            strcmp(name + length - ending, first) != 0 ||
            (length > ending && name[length - ending - 1] != '.'))
            continue;
        snprintf(prefix, IM2SP_PREFIX_BYTES, "%.*s", (int)(length - ending), name);
        return true;
    }
    return false;
}

enum status im2sp_prefix(enum im2sp_naming *naming, char prefix[IM2SP_PREFIX_BYTES],
                         const struct tensor_table *table)
{
    for (*naming = IM2SP_HUGGING_FACE; *naming <= IM2SP_MICROSOFT; (*naming)++)
        if (find_prefix(prefix, table, first_tensors[*naming]) ||
            find_prefix(prefix, table, other_first_tensors[*naming]))
            return STATUS_OK;
    return status_fail(STATUS_CORRUPT, "%s: no image-to-speech model: neither %s nor %s is there",
                       table->source, first_tensors[0], first_tensors[1]);
}
