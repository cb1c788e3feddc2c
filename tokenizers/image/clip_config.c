#include "tokenizers/image/clip_config.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { UPSTREAM_HEAD_WIDTH = 64 }; /* OpenCLIP's default */

static const double upstream_eps = 1e-5;
static const float upstream_mean[3] = { 0.48145466f, 0.4578275f, 0.40821073f };
static const float upstream_deviation[3] = { 0.26862954f, 0.26130258f, 0.27577711f };

size_t clip_config_patches(const struct clip_config *config)
{
    return config->image / config->patch * (config->image / config->patch);
}

size_t clip_config_tokens(const struct clip_config *config)
{
    return clip_config_patches(config) + 1;
}

const char *clip_config_activation(const struct clip_config *config)
{
    return config->activation == VISION_GELU ? "gelu" : "quick_gelu";
}

enum status clip_config_window(struct resize_window *window, const struct clip_config *config,
                               size_t width, size_t height)
{
    return resize_short_side(window, width, height, config->image, config->image,
                             config->naming == CLIP_HUGGING_FACE ? RESIZE_CROP_HUGGING_FACE
                                                                 : RESIZE_CROP_TORCHVISION);
}

double clip_config_flop(const struct clip_config *config)
{
    const double T = (double)clip_config_tokens(config), D = (double)config->width;
    const double F = (double)config->mlp, patch = 3.0 * (double)(config->patch * config->patch);
    return 2.0 * ((T - 1.0) * patch * D +
                  (double)config->layers * T * (4.0 * D * D + 2.0 * T * D + 2.0 * F * D) +
                  D * (double)config->embedding);
}

static void set_upstream_pixels(struct clip_config *config)
{
    memcpy(config->mean, upstream_mean, sizeof config->mean);
    memcpy(config->deviation, upstream_deviation, sizeof config->deviation);
    config->layer_norm_eps = upstream_eps;
}

struct clip_config clip_config_compact(void)
{
    struct clip_config config = { .image = 224,
                                  .patch = 32,
                                  .width = 192,
                                  .layers = 4,
                                  .heads = 3,
                                  .mlp = 768,
                                  .embedding = 128,
                                  .activation = VISION_QUICK_GELU };
    set_upstream_pixels(&config);
    return config;
}

/* A whole number that the net has, the keys that tell it, and what it may be. The first key is the
 * plain one; vision_config goes before the top, where a captioner has its text side. */
enum { SPELLING_COUNT = 4 };

struct field {
    const char *keys[SPELLING_COUNT];
    size_t *value;
    size_t maximum;
};

enum { FIELD_COUNT = 7, FIELD_AFTER_IMAGE = 1 };

static void list_fields(struct field fields[FIELD_COUNT], struct clip_config *config)
{
    const struct field all[FIELD_COUNT] = {
        { { "image_size", "vision_config.image_size", "model_cfg.vision_cfg.image_size" },
          &config->image,
          CLIP_SIDE_MAX },
        { { "patch_size", "vision_config.patch_size", "model_cfg.vision_cfg.patch_size" },
          &config->patch,
          CLIP_PATCH_MAX },
        { { "width", "model_cfg.vision_cfg.width", "vision_config.hidden_size", "hidden_size" },
          &config->width,
          CLIP_WIDTH_MAX },
        { { "layers", "model_cfg.vision_cfg.layers", "vision_config.num_hidden_layers",
            "num_hidden_layers" },
          &config->layers,
          CLIP_LAYERS_MAX },
        { { "heads", "vision_config.num_attention_heads", "num_attention_heads" },
          &config->heads,
          CLIP_WIDTH_MAX },
        { { "mlp_dim", "vision_config.intermediate_size", "intermediate_size" },
          &config->mlp,
          CLIP_MLP_MAX },
        { { "output_dim", "model_cfg.embed_dim" }, &config->embedding, CLIP_EMBEDDING_MAX },
    };
    memcpy(fields, all, sizeof all);
}

/* The first of the spellings that the settings have; the first of all where they have none. */
static const char *spelling(const char *const keys[SPELLING_COUNT], const struct settings *settings)
{
    for (size_t k = 0; k < SPELLING_COUNT && keys[k] != NULL; k++)
        if (settings_has(settings, keys[k]))
            return keys[k];
    return keys[0];
}

static bool is_open_clip(const struct settings *settings)
{
    return settings_has(settings, "model_cfg.embed_dim");
}

/* What other image encoders of these families have, and this one has not. */
static enum status check_kind(const struct settings *settings)
{
    static const struct {
        const char *key;
        bool expected;
    } switches[] = { { "pre_norm", true },
                     { "patch_bias", false },
                     { "model_cfg.vision_cfg.attentional_pool", false },
                     { "model_cfg.vision_cfg.global_average_pool", false },
                     { "model_cfg.vision_cfg.no_ln_pre", false } };
    for (size_t s = 0; s < sizeof switches / sizeof switches[0]; s++)
        if (settings_switch(settings, switches[s].key, switches[s].expected) !=
            switches[s].expected)
            return status_fail(STATUS_INVALID, "%s: %s is %s; only the other kind is supported",
                               settings_source(settings), switches[s].key,
                               switches[s].expected ? "false" : "true");
    const char *pool = settings_text(settings, "model_cfg.vision_cfg.pool_type", "tok");
    if (strcmp(pool, "tok") != 0)
        return status_fail(STATUS_INVALID, "%s: pool_type is %s; only tok is supported",
                           settings_source(settings), pool);
    return STATUS_OK;
}

/* OpenCLIP says quick_gelu or means GELU; the others name the function, perhaps with its formula
 * after a blank. */
static enum status read_activation(enum vision_activation *activation,
                                   const struct settings *settings)
{
    static const char *const keys[SPELLING_COUNT] = { "activation", "vision_config.hidden_act",
                                                      "hidden_act" };
    static const char *const switches[SPELLING_COUNT] = { "quick_gelu", "model_cfg.quick_gelu" };
    const char *key = spelling(keys, settings);
    if (settings_has(settings, spelling(switches, settings)) || is_open_clip(settings)) {
        const bool is_quick = settings_switch(settings, spelling(switches, settings), false);
        *activation = is_quick ? VISION_QUICK_GELU : VISION_GELU;
        return STATUS_OK;
    }
    if (!settings_has(settings, key))
        return STATUS_OK;
    const char *name = settings_text(settings, key, "");
    const size_t length = strcspn(name, " ");
    if (length == 10 && memcmp(name, "quick_gelu", length) == 0)
        *activation = VISION_QUICK_GELU;
    else if (length == 4 && memcmp(name, "gelu", length) == 0)
        *activation = VISION_GELU;
    else
        return status_fail(STATUS_INVALID, "%s: %s is \"%.40s\"; quick_gelu and gelu are supported",
                           settings_source(settings), key, name);
    return STATUS_OK;
}

static enum status read_eps(double *eps, const struct settings *settings)
{
    static const char *const keys[SPELLING_COUNT] = { "vision_config.layer_norm_eps",
                                                      "layer_norm_eps" };
    const double value = settings_number(settings, spelling(keys, settings), *eps);
    if (!(value > 0.0 && value < 1.0))
        return status_fail(STATUS_INVALID, "%s: layer_norm_eps is %g, expected 0 .. 1",
                           settings_source(settings), value);
    *eps = value;
    return STATUS_OK;
}

/* Three numbers, key.0 to key.2, in minimum .. 1. */
static enum status read_channels(float values[3], const struct settings *settings,
                                 const char *const names[SPELLING_COUNT], double minimum)
{
    for (size_t c = 0; c < 3; c++) {
        char texts[SPELLING_COUNT][48];
        const char *keys[SPELLING_COUNT] = { NULL };
        for (size_t k = 0; k < SPELLING_COUNT && names[k] != NULL; k++) {
            snprintf(texts[k], sizeof texts[k], "%s.%zu", names[k], c);
            keys[k] = texts[k];
        }
        const char *key = spelling(keys, settings);
        const double value = settings_number(settings, key, (double)values[c]);
        if (!(value >= minimum && value <= 1.0))
            return status_fail(STATUS_INVALID, "%s: %s is %g, expected %g .. 1",
                               settings_source(settings), key, value, minimum);
        values[c] = (float)value;
    }
    return STATUS_OK;
}

static enum status read_pixels(struct clip_config *config, const struct settings *settings)
{
    static const char *const means[SPELLING_COUNT] = { "mean", "image_mean",
                                                       "preprocess_cfg.mean" };
    static const char *const deviations[SPELLING_COUNT] = { "std", "image_std",
                                                            "preprocess_cfg.std" };
    const enum status outcome = read_channels(config->mean, settings, means, 0.0);
    return outcome == STATUS_OK ? read_channels(config->deviation, settings, deviations, 1e-3)
                                : outcome;
}

static enum status check_consistency(const struct clip_config *config, const char *source)
{
    if (config->image % config->patch != 0)
        return status_fail(STATUS_INVALID, "%s: image_size %zu is no multiple of patch_size %zu",
                           source, config->image, config->patch);
    if (clip_config_tokens(config) > CLIP_TOKENS_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu tokens a picture, at most %d are supported",
                           source, clip_config_tokens(config), CLIP_TOKENS_MAX);
    if (config->heads == 0)
        return status_fail(STATUS_INVALID, "%s: %zu is no multiple of 64: set the number of heads",
                           source, config->width);
    if (config->width % config->heads != 0)
        return status_fail(STATUS_INVALID, "%s: a width of %zu is not divided by %zu heads", source,
                           config->width, config->heads);
    return STATUS_OK;
}

/* OpenCLIP gives the width of a head in place of their number, and 64 where it says nothing. */
static enum status read_head_width(struct clip_config *config, const struct settings *settings)
{
    size_t head_width = UPSTREAM_HEAD_WIDTH;
    const enum status outcome = settings_read_count(
        &head_width, settings, "model_cfg.vision_cfg.head_width", 1, CLIP_WIDTH_MAX);
    if (outcome != STATUS_OK || !is_open_clip(settings))
        return outcome;
    if (config->width % head_width != 0)
        return status_fail(STATUS_INVALID, "%s: a width of %zu is no multiple of head_width %zu",
                           settings_source(settings), config->width, head_width);
    config->heads = config->width / head_width;
    return STATUS_OK;
}

enum status clip_config_read(struct clip_config *config, const struct settings *settings)
{
    struct field fields[FIELD_COUNT];
    list_fields(fields, config);
    enum status outcome = check_kind(settings);
    for (size_t f = 0; outcome == STATUS_OK && f < FIELD_COUNT; f++)
        outcome = settings_read_count(fields[f].value, settings, spelling(fields[f].keys, settings),
                                      1, fields[f].maximum);
    if (outcome == STATUS_OK)
        outcome = read_head_width(config, settings);
    if (outcome == STATUS_OK)
        outcome = read_activation(&config->activation, settings);
    if (outcome == STATUS_OK)
        outcome = read_eps(&config->layer_norm_eps, settings);
    if (outcome == STATUS_OK)
        outcome = read_pixels(config, settings);
    return outcome == STATUS_OK
               ? check_consistency(config, settings == NULL ? "config" : settings_source(settings))
               : outcome;
}

enum status clip_config_write(struct settings *settings, const struct clip_config *config)
{
    struct clip_config copy = *config;
    struct field fields[FIELD_COUNT];
    list_fields(fields, &copy);
    enum status outcome = settings_put_text(settings, "model", "clip-vit");
    for (size_t f = 0; outcome == STATUS_OK && f < FIELD_COUNT; f++)
        outcome = settings_put_number(settings, fields[f].keys[0], (double)*fields[f].value);
    if (outcome == STATUS_OK)
        outcome = settings_put_text(settings, "activation", clip_config_activation(config));
    if (outcome == STATUS_OK)
        outcome = settings_put_number(settings, "layer_norm_eps", config->layer_norm_eps);
    for (size_t c = 0; c < 3 && outcome == STATUS_OK; c++) {
        char mean[16], deviation[16];
        snprintf(mean, sizeof mean, "mean.%zu", c);
        snprintf(deviation, sizeof deviation, "std.%zu", c);
        outcome = settings_put_number(settings, mean, (double)config->mean[c]);
        if (outcome == STATUS_OK)
            outcome = settings_put_number(settings, deviation, (double)config->deviation[c]);
    }
    return outcome;
}
