#include "tokenizers/image/vit_vqgan_config.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    SIDE_MAX = 4096,
    PATCH_MAX = 256,
    WIDTH_MAX = 16384,
    DEPTH_MAX = 128,
    MLP_MAX = 65536,
    CODES_MAX = 65536,
    UPSTREAM_HEAD_WIDTH = 64
};

static const double upstream_eps = 1e-5;

size_t vit_vqgan_config_rows(const struct vit_vqgan_config *config)
{
    return config->image_height / config->patch;
}

size_t vit_vqgan_config_columns(const struct vit_vqgan_config *config)
{
    return config->image_width / config->patch;
}

size_t vit_vqgan_config_tokens(const struct vit_vqgan_config *config)
{
    return vit_vqgan_config_rows(config) * vit_vqgan_config_columns(config);
}

double vit_vqgan_config_encode_flop(const struct vit_vqgan_config *config)
{
    const struct vit_vqgan_tower *tower = &config->encoder;
    const double T = (double)vit_vqgan_config_tokens(config), D = (double)tower->dim;
    const double I = (double)(tower->heads * tower->head_width), F = (double)tower->mlp;
    const double patch = 3.0 * (double)(config->patch * config->patch);
    const double codes = (double)config->code_width * (D + (double)config->code_count);
    return 2.0 * T *
           (patch * D + (double)tower->depth * (4.0 * I * D + 2.0 * T * I + 2.0 * F * D) + codes);
}

struct vit_vqgan_config vit_vqgan_config_compact(void)
{
    const struct vit_vqgan_tower tower = {
        .dim = 128, .depth = 1, .heads = 4, .head_width = 32, .mlp = 512
    };
    return (struct vit_vqgan_config){ .image_height = 256,
                                      .image_width = 256,
                                      .patch = 8,
                                      .encoder = tower,
                                      .decoder = tower,
                                      .code_count = 8192,
                                      .code_width = 32,
                                      .layer_norm_eps = upstream_eps };
}

/* A whole number that the net has, where its key is, and what it may be. */
struct field {
    const char *key;
    size_t *value;
    size_t maximum;
};

enum { FIELD_COUNT = 16, FIELD_AFTER_IMAGE = 3 };

static void list_fields(struct field fields[FIELD_COUNT], struct vit_vqgan_config *config)
{
    const struct field all[FIELD_COUNT] = {
        { "image_size", &config->image_height, SIDE_MAX },
        { "image_size.0", &config->image_height, SIDE_MAX },
        { "image_size.1", &config->image_width, SIDE_MAX },
        { "patch_size", &config->patch, PATCH_MAX },
        { "encoder.dim", &config->encoder.dim, WIDTH_MAX },
        { "encoder.depth", &config->encoder.depth, DEPTH_MAX },
        { "encoder.heads", &config->encoder.heads, WIDTH_MAX },
        { "encoder.dim_head", &config->encoder.head_width, WIDTH_MAX },
        { "encoder.mlp_dim", &config->encoder.mlp, MLP_MAX },
        { "decoder.dim", &config->decoder.dim, WIDTH_MAX },
        { "decoder.depth", &config->decoder.depth, DEPTH_MAX },
        { "decoder.heads", &config->decoder.heads, WIDTH_MAX },
        { "decoder.dim_head", &config->decoder.head_width, WIDTH_MAX },
        { "decoder.mlp_dim", &config->decoder.mlp, MLP_MAX },
        { "quantizer.n_embed", &config->code_count, CODES_MAX },
        { "quantizer.embed_dim", &config->code_width, WIDTH_MAX },
    };
    memcpy(fields, all, sizeof all);
}

/* The key with "model.params." before it where the settings have it there. */
static const char *full_key(char text[64], const struct settings *settings, const char *key)
{
    snprintf(text, 64, "model.params.%s", key);
    return settings_has(settings, text) ? text : key;
}

/* What other nets of this family have, and this one has not. */
static enum status check_kind(const struct settings *settings)
{
    static const struct {
        const char *key;
        bool expected;
    } switches[] = { { "quantizer.use_norm", true }, { "quantizer.use_residual", false },
                     { "pre_norm", true },           { "final_norm", true },
                     { "qkv_bias", false },          { "cls_token", false } };
    char text[64];
    for (size_t s = 0; s < sizeof switches / sizeof switches[0]; s++) {
        const char *key = full_key(text, settings, switches[s].key);
        if (settings_switch(settings, key, switches[s].expected) != switches[s].expected)
            return status_fail(STATUS_INVALID, "%s: %s is %s; only the other kind is supported",
                               settings_source(settings), key,
                               switches[s].expected ? "false" : "true");
    }
    const char *activation = settings_text(settings, "ffn_activation", "tanh");
    if (strcmp(activation, "tanh") != 0)
        return status_fail(STATUS_INVALID, "%s: ffn_activation is %s; only tanh is supported",
                           settings_source(settings), activation);
    if (settings_number(settings, "channels", 3.0) != 3.0)
        return status_fail(STATUS_INVALID, "%s: channels is %g; only 3 are supported",
                           settings_source(settings), settings_number(settings, "channels", 3.0));
    return STATUS_OK;
}

static enum status read_eps(double *eps, const struct settings *settings)
{
    const double value = settings_number(settings, "layer_norm_eps", *eps);
    if (!(value > 0.0 && value < 1.0))
        return status_fail(STATUS_INVALID, "%s: layer_norm_eps is %g, expected 0 .. 1",
                           settings_source(settings), value);
    *eps = value;
    return STATUS_OK;
}

static enum status check_consistency(const struct vit_vqgan_config *config, const char *source)
{
    if (config->image_height % config->patch != 0 || config->image_width % config->patch != 0)
        return status_fail(STATUS_INVALID, "%s: image_size %zu x %zu is no multiple of patch %zu",
                           source, config->image_height, config->image_width, config->patch);
    if (vit_vqgan_config_tokens(config) > VIT_VQGAN_TOKENS_MAX)
        return status_fail(STATUS_INVALID, "%s: %zu tokens a picture, at most %d are supported",
                           source, vit_vqgan_config_tokens(config), VIT_VQGAN_TOKENS_MAX);
    return STATUS_OK;
}

enum status vit_vqgan_config_read(struct vit_vqgan_config *config, const struct settings *settings)
{
    char text[64];
    struct field fields[FIELD_COUNT];
    enum status outcome = check_kind(settings);
    list_fields(fields, config);
    if (outcome == STATUS_OK)
        outcome = read_eps(&config->layer_norm_eps, settings);
    for (size_t f = 0; outcome == STATUS_OK && f < FIELD_COUNT; f++)
        outcome =
            settings_read_count(fields[f].value, settings, full_key(text, settings, fields[f].key),
                                1, fields[f].maximum);
    if (outcome != STATUS_OK)
        return outcome;
    if (settings_has(settings, full_key(text, settings, "image_size")))
        config->image_width = config->image_height;
    return check_consistency(config, settings == NULL ? "config" : settings_source(settings));
}

static enum status find_sized(const struct tensor **out, const struct tensor_table *table,
                              const char *name, size_t dimension_count)
{
    *out = tensor_table_find(table, name);
    if (*out == NULL)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s is missing", table->source, name);
    if ((*out)->dimension_count != dimension_count || (*out)->count == 0)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has %zu dimensions, expected %zu",
                           table->source, name, (*out)->dimension_count, dimension_count);
    return STATUS_OK;
}

/* Dimensions and depth of a tower. head_width stands for heads * head_width until settings or the
 * default divide it. */
static enum status measure_tower(struct vit_vqgan_tower *tower, const struct tensor_table *table,
                                 const char *prefix)
{
    char name[96];
    const struct tensor *qkv = NULL, *expand = NULL;
    snprintf(name, sizeof name, "%s.transformer.layers.0.0.fn.to_qkv.weight", prefix);
    enum status outcome = find_sized(&qkv, table, name, 2);
    if (outcome == STATUS_OK) {
        snprintf(name, sizeof name, "%s.transformer.layers.0.1.fn.net.0.weight", prefix);
        outcome = find_sized(&expand, table, name, 2);
    }
    if (outcome != STATUS_OK)
        return outcome;

    *tower = (struct vit_vqgan_tower){
        .dim = qkv->shape[1], .heads = 1, .head_width = qkv->shape[0] / 3, .mlp = expand->shape[0]
    };
    do
        snprintf(name, sizeof name, "%s.transformer.layers.%zu.0.norm.weight", prefix,
                 ++tower->depth);
    while (tensor_table_find(table, name) != NULL);
    return STATUS_OK;
}

static enum status measure(struct vit_vqgan_config *out, size_t *token_count,
                           const struct tensor_table *table)
{
    const struct tensor *patch = NULL, *position = NULL, *codes = NULL;
    *out = (struct vit_vqgan_config){ .layer_norm_eps = upstream_eps };
    enum status outcome = find_sized(&patch, table, "encoder.to_patch_embedding.0.weight", 4);
    if (outcome == STATUS_OK)
        outcome = find_sized(&position, table, "encoder.en_pos_embedding", 3);
    if (outcome == STATUS_OK)
        outcome = find_sized(&codes, table, "quantizer.embedding.weight", 2);
    if (outcome == STATUS_OK)
        outcome = measure_tower(&out->encoder, table, "encoder");
    if (outcome == STATUS_OK)
        outcome = measure_tower(&out->decoder, table, "decoder");
    if (outcome != STATUS_OK)
        return outcome;

    *token_count = position->shape[1];
    out->patch = patch->shape[3];
    out->code_count = codes->shape[0];
    out->code_width = codes->shape[1];
    const size_t side = (size_t)lround(sqrt((double)*token_count));
    if (side * side == *token_count && side <= SIDE_MAX && out->patch <= PATCH_MAX)
        out->image_height = out->image_width = side * out->patch;
    return STATUS_OK;
}

/* Shapes are as hostile as anything else in the file. */
static enum status check_limits(struct vit_vqgan_config *config, const char *source)
{
    struct field fields[FIELD_COUNT];
    list_fields(fields, config);
    for (size_t f = FIELD_AFTER_IMAGE; f < FIELD_COUNT; f++)
        if (*fields[f].value < 1 || *fields[f].value > fields[f].maximum)
            return status_fail(STATUS_INVALID,
                               "%s: the weights have %s %zu, supported are 1 .. %zu", source,
                               fields[f].key, *fields[f].value, fields[f].maximum);
    return STATUS_OK;
}

/* Divides the width of all heads as the settings say. */
static enum status divide_heads(struct vit_vqgan_tower *tower, const struct settings *settings,
                                const char *prefix, const char *source)
{
    char key[48], text[64];
    size_t heads = 0, head_width = 0;
    const size_t width = tower->head_width;
    snprintf(key, sizeof key, "%s.heads", prefix);
    enum status outcome =
        settings_read_count(&heads, settings, full_key(text, settings, key), 1, WIDTH_MAX);
    snprintf(key, sizeof key, "%s.dim_head", prefix);
    if (outcome == STATUS_OK)
        outcome =
            settings_read_count(&head_width, settings, full_key(text, settings, key), 1, WIDTH_MAX);
    if (outcome != STATUS_OK)
        return outcome;

    if (head_width == 0)
        head_width = heads > 0 && width % heads == 0 ? width / heads : UPSTREAM_HEAD_WIDTH;
    if (heads == 0)
        heads = width / head_width;
    if (heads * head_width != width)
        return status_fail(STATUS_INVALID,
                           "%s: the weights have %zu columns for all heads of the %s, which are "
                           "not %zu heads of %zu; set %s.heads and %s.dim_head",
                           source, width, prefix, heads, head_width, prefix, prefix);
    tower->heads = heads;
    tower->head_width = head_width;
    return STATUS_OK;
}

static enum status compare(const struct vit_vqgan_config *asked,
                           const struct vit_vqgan_config *found, const struct settings *settings)
{
    struct vit_vqgan_config left = *asked, right = *found;
    struct field ask[FIELD_COUNT], have[FIELD_COUNT];
    list_fields(ask, &left);
    list_fields(have, &right);
    for (size_t f = FIELD_AFTER_IMAGE; f < FIELD_COUNT; f++)
        if (*ask[f].value != *have[f].value)
            return status_fail(STATUS_INVALID, "%s: %s is %zu, the weights have %zu",
                               settings_source(settings), ask[f].key, *ask[f].value,
                               *have[f].value);
    return STATUS_OK;
}

/* Takes over from `asked` what shapes do not tell. */
static enum status check_image(struct vit_vqgan_config *config,
                               const struct vit_vqgan_config *asked, size_t token_count,
                               const struct tensor_table *table)
{
    const size_t square = config->image_height;
    config->image_height = asked->image_height;
    config->image_width = asked->image_width;
    config->layer_norm_eps = asked->layer_norm_eps;
    if (config->image_height > 0 && config->image_width > 0 &&
        vit_vqgan_config_tokens(config) == token_count)
        return STATUS_OK;
    if (square > 0)
        return status_fail(STATUS_INVALID,
                           "%s: the weights have %zu positions, %zu x %zu pixels would fit, not "
                           "%zu x %zu",
                           table->source, token_count, square, square, asked->image_height,
                           asked->image_width);
    return status_fail(STATUS_INVALID,
                       "%s: the weights have %zu positions, which are no square; set image_size",
                       table->source, token_count);
}

enum status vit_vqgan_config_of_weights(struct vit_vqgan_config *out,
                                        const struct tensor_table *table,
                                        const struct settings *settings)
{
    size_t token_count = 0;
    enum status outcome = measure(out, &token_count, table);
    if (outcome == STATUS_OK)
        outcome = check_limits(out, table->source);
    if (outcome == STATUS_OK)
        outcome = divide_heads(&out->encoder, settings, "encoder", table->source);
    if (outcome == STATUS_OK)
        outcome = divide_heads(&out->decoder, settings, "decoder", table->source);
    if (outcome != STATUS_OK)
        return outcome;

    struct vit_vqgan_config asked = *out;
    outcome = vit_vqgan_config_read(&asked, settings);
    if (outcome == STATUS_OK && settings != NULL)
        outcome = compare(&asked, out, settings);
    return outcome == STATUS_OK ? check_image(out, &asked, token_count, table) : outcome;
}

enum status vit_vqgan_config_write(struct settings *settings, const struct vit_vqgan_config *config)
{
    struct vit_vqgan_config copy = *config;
    struct field fields[FIELD_COUNT];
    list_fields(fields, &copy);
    const bool is_square = copy.image_height == copy.image_width;
    enum status outcome = settings_put_text(settings, "model", "vit-vqgan");
    for (size_t f = 0; outcome == STATUS_OK && f < FIELD_COUNT; f++)
        if (f >= FIELD_AFTER_IMAGE || is_square == (f == 0))
            outcome = settings_put_number(settings, fields[f].key, (double)*fields[f].value);
    if (outcome == STATUS_OK)
        outcome = settings_put_number(settings, "layer_norm_eps", config->layer_norm_eps);
    return outcome;
}
