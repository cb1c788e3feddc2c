/* Sizes of an image-to-speech-unit model out of its tensors and settings, and back. */
#include "models/early_convolutions.h"
#include "models/im2sp_config.h"
#include "models/im2sp_names.h"
#include "models/unit_similarities.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_WIDTH = 64 };

struct reading {
    const struct tensor_table *table;
    const char *prefix;
    const struct settings *settings;
};

static const struct tensor *find(const struct reading *reading, const char *place, const char *name,
                                 const char *ending, size_t dimension_count)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s%s%s", reading->prefix, place, name, ending);
    const struct tensor *tensor = tensor_table_find(reading->table, full);
    return tensor != NULL && tensor->dimension_count == dimension_count ? tensor : NULL;
}

/* Layers that follow each other from 0, and the feed-forward width of the first. */
static void count_layers(size_t *layers, size_t *mlp, const struct reading *reading,
                         const char *place, const struct im2sp_layer_names *names)
{
    const char *number = strstr(names->place, "%zu");
    for (*layers = 0; *layers <= IM2SP_LAYERS_MAX; (*layers)++) {
        char layer[128];
        snprintf(layer, sizeof layer, "%s%.*s%zu%s", place, (int)(number - names->place),
                 names->place, *layers, number + 3);
        const struct tensor *expand = find(reading, layer, names->expand, ".weight", 2);
        if (expand == NULL)
            break;
        if (*layers == 0)
            *mlp = expand->shape[0];
    }
}

static enum status read_heads(size_t *heads, const struct reading *reading, const char *key,
                              size_t width)
{
    *heads = width % HEAD_WIDTH == 0 ? width / HEAD_WIDTH : 1;
    const enum status outcome = settings_read_count(heads, reading->settings, key, 1, width);
    if (outcome == STATUS_OK && width % *heads != 0)
        return status_fail(STATUS_INVALID, "%s: %zu heads do not share a width of %zu",
                           reading->table->source, *heads, width);
    return outcome;
}

static enum status check_extents(const struct reading *reading, const char *what, size_t width,
                                 size_t layers, size_t mlp)
{
    if (width < 1 || width > IM2SP_WIDTH_MAX || layers < 1 || layers > IM2SP_LAYERS_MAX ||
        mlp < 1 || mlp > 8 * IM2SP_WIDTH_MAX)
        return status_fail(STATUS_CORRUPT, "%s: %s of %zu layers, width %zu, feed-forward %zu",
                           reading->table->source, what, layers, width, mlp);
    return STATUS_OK;
}

static enum status read_decoder(struct im2sp_config *config, const struct reading *reading)
{
    const struct im2sp_decoder_names *names = im2sp_decoder_names(config->naming);
    const struct tensor *bias = find(reading, names->output, ".bias", "", 1);
    const struct tensor *positions = find(reading, names->positions, "", "", 2);
    if (bias == NULL || positions == NULL)
        return status_fail(STATUS_CORRUPT, "%s: %s%s.bias or %s is missing", reading->table->source,
                           reading->prefix, names->output, names->positions);
    config->vocabulary = bias->shape[0];
    config->length_max = positions->shape[0];
    config->width = positions->shape[1];
    config->mlp = 0;
    count_layers(&config->layers, &config->mlp, reading, "", &names->layer);
    if (config->vocabulary <= UNIT_ID_END || config->vocabulary > 65535 || config->length_max < 2 ||
        config->length_max > IM2SP_TOKENS_MAX)
        return status_fail(STATUS_CORRUPT, "%s: %zu ids in sequences of up to %zu",
                           reading->table->source, config->vocabulary, config->length_max);
    enum status outcome =
        check_extents(reading, "a decoder", config->width, config->layers, config->mlp);
    if (outcome == STATUS_OK)
        outcome = read_heads(&config->heads, reading, "num_attention_heads", config->width);
    return outcome;
}

static enum status read_stem(struct im2sp_encoder_config *encoder, const struct reading *reading)
{
    enum status outcome = settings_read_count(&encoder->stride, reading->settings,
                                              "vision_config.stem_stride", 1, encoder->kernel);
    if (outcome == STATUS_OK)
        outcome = settings_read_count(&encoder->padding, reading->settings,
                                      "vision_config.stem_padding", 0, encoder->kernel);
    return outcome;
}

/* The side of what is seen, from the number of places. */
static enum status read_side(struct im2sp_config *config, const struct reading *reading,
                             size_t places)
{
    struct im2sp_encoder_config *encoder = &config->encoder;
    const size_t grid = places > 1 ? (size_t)lround(sqrt((double)(places - 1))) : 0;
    encoder->side = grid * encoder->stride * (encoder->convolution_channels > 0 ? EARLY_SHRINK : 1);
    enum status outcome = settings_read_count(&encoder->side, reading->settings,
                                              "vision_config.image_size", 1, IM2SP_SIDE_MAX);
    if (outcome != STATUS_OK)
        return outcome;
    if (grid < 1 || places > IM2SP_TOKENS_MAX || places != grid * grid + 1 ||
        im2sp_patched_side(encoder) + 2 * encoder->padding < encoder->kernel ||
        (encoder->convolution_channels > 0 && encoder->side % EARLY_SHRINK != 0) ||
        im2sp_config_tokens(config) != places)
        return status_fail(STATUS_INVALID, "%s: %zu places are not those of a square of %zu",
                           reading->table->source, places, encoder->side);
    return STATUS_OK;
}

static enum status read_activation(struct im2sp_encoder_config *encoder,
                                   const struct reading *reading, const char *fallback)
{
    const char *name = settings_text(reading->settings, "vision_config.hidden_act", fallback);
    encoder->activation = strcmp(name, "quick_gelu") == 0 ? IM2SP_QUICK_GELU : IM2SP_GELU;
    if (encoder->activation == IM2SP_GELU && strcmp(name, "gelu") != 0)
        return status_fail(STATUS_INVALID, "%s: activation %s is not known",
                           settings_source(reading->settings), name);
    return STATUS_OK;
}

static bool has_any_below(const struct reading *reading, const char *place)
{
    char full[256];
    const int length = snprintf(full, sizeof full, "%s%s", reading->prefix, place);
    for (size_t t = 0; t < reading->table->count; t++)
        if (strncmp(reading->table->tensors[t].name, full, (size_t)length) == 0)
            return true;
    return false;
}

/* The linear map that makes tokens of an embedding, of a model that has no image encoder at all;
 * else NULL. */
static const struct tensor *find_prefix_map(const struct im2sp_config *config,
                                            const struct reading *reading)
{
    const char *const encoders[] = { "git.image_encoder.", "image_encoder." };
    for (size_t e = 0; e < 2; e++)
        if (has_any_below(reading, encoders[e]))
            return NULL;
    return find(reading, im2sp_decoder_names(config->naming)->projection, ".0.weight", "", 2);
}

static enum status read_prefix(struct im2sp_config *config, const struct reading *reading,
                               const struct tensor *map)
{
    const size_t width = map->shape[1];
    size_t tokens = map->shape[0] / config->width;
    if (map->shape[0] % config->width != 0 || tokens < 1 || tokens > IM2SP_PREFIX_MAX ||
        width < 1 || width > IM2SP_WIDTH_MAX)
        return status_fail(STATUS_CORRUPT, "%s: %s is not of 1 to %d tokens of width %zu",
                           reading->table->source, map->name, IM2SP_PREFIX_MAX, config->width);
    im2sp_config_see_embeddings(config, width, tokens);
    return settings_read_count(&tokens, reading->settings, "im2sp.prefix_tokens", tokens, tokens);
}

/* Early convolutions, where the weights have them: then theirs is what goes in. */
static enum status read_convolutions(struct im2sp_encoder_config *encoder,
                                     const struct reading *reading, const char *place)
{
    char name[96];
    early_convolution_name(name, sizeof name, im2sp_early_place, 0, EARLY_WEIGHT);
    const struct tensor *first = find(reading, place, name, "", 4);
    encoder->convolution_channels = 0;
    if (first == NULL)
        return STATUS_OK;
    if (first->shape[0] != encoder->channels || first->shape[0] > EARLY_CHANNELS_MAX ||
        first->shape[1] < 1 || first->shape[1] > IM2SP_WIDTH_MAX)
        return status_fail(STATUS_CORRUPT, "%s: %s does not fit the patches",
                           reading->table->source, first->name);
    encoder->convolution_channels = first->shape[0];
    encoder->channels = first->shape[1];
    size_t similarities = 0;
    const enum status outcome = settings_read_count(
        &similarities, reading->settings, "vision_config.unit_similarities", 0, UNIT_SIMILARITIES);
    if (outcome == STATUS_OK && similarities != 0 &&
        (similarities != UNIT_SIMILARITIES || first->shape[1] <= UNIT_SIMILARITIES))
        return status_fail(STATUS_INVALID, "%s: %zu similarities of units; there are %d",
                           settings_source(reading->settings), similarities, UNIT_SIMILARITIES);
    encoder->sees_similarities = similarities > 0;
    encoder->channels -= similarities;
    return outcome;
}

static enum status read_encoder(struct im2sp_config *config, const struct reading *reading)
{
    const struct im2sp_config published = im2sp_config_large();
    const struct tensor *map = find_prefix_map(config, reading);
    struct im2sp_encoder_config *encoder = &config->encoder;
    if (map != NULL)
        return read_prefix(config, reading, map);
    config->input = IM2SP_UNITS;
    const struct im2sp_encoder_names *names = im2sp_encoder_names(config);
    const struct tensor *patch = find(reading, names->place, names->patch, "", 4);
    if (patch == NULL) {
        config->input = IM2SP_PIXELS;
        names = im2sp_encoder_names(config);
        patch = find(reading, names->place, names->patch, "", 4);
    }
    const bool sees_units = config->input == IM2SP_UNITS;
    const struct tensor *position =
        find(reading, names->place, names->position, "", sees_units ? 3 : 2);
    if (patch == NULL || position == NULL || patch->shape[2] != patch->shape[3] ||
        patch->shape[2] < 1 || patch->shape[2] > IM2SP_SIDE_MAX || patch->shape[1] < 1 ||
        patch->shape[1] > IM2SP_WIDTH_MAX || (!sees_units && patch->shape[1] != 3))
        return status_fail(STATUS_CORRUPT, "%s: no image encoder below %s%s",
                           reading->table->source, reading->prefix, names->place);
    encoder->width = patch->shape[0];
    encoder->channels = patch->shape[1];
    encoder->kernel = patch->shape[2];
    encoder->stride = sees_units ? published.encoder.stride : encoder->kernel;
    encoder->padding = sees_units ? published.encoder.padding : 0;
    encoder->mlp = 0;
    count_layers(&encoder->layers, &encoder->mlp, reading, names->place, &names->layer);
    enum status outcome =
        check_extents(reading, "an image encoder", encoder->width, encoder->layers, encoder->mlp);
    if (outcome == STATUS_OK && sees_units)
        outcome = read_stem(encoder, reading);
    if (outcome == STATUS_OK && sees_units)
        outcome = read_convolutions(encoder, reading, names->place);
    if (outcome == STATUS_OK)
        outcome = read_side(config, reading, position->shape[sees_units ? 1 : 0]);
    if (outcome == STATUS_OK)
        outcome = read_heads(&encoder->heads, reading, "vision_config.num_attention_heads",
                             encoder->width);
    if (outcome == STATUS_OK)
        outcome = read_activation(encoder, reading, sees_units ? "gelu" : "quick_gelu");
    return outcome;
}

/* "u+1 if u<=100 else u+3", as published, or with "<100". */
static const char *const id_rules[] = {
    [UNIT_IDS_APART] = "u+1 if u<100 else u+3", [UNIT_IDS_PUBLIC] = "u+1 if u<=100 else u+3"
};

static enum status read_ids(struct im2sp_config *config, const struct settings *settings)
{
    const char *rule = settings_text(settings, "im2sp.unit_to_id", id_rules[UNIT_IDS_PUBLIC]);
    const struct {
        const char *key;
        double id;
    } specials[] = { { "bos_token_id", UNIT_ID_BEGIN },
                     { "eos_token_id", UNIT_ID_END },
                     { "pad_token_id", UNIT_ID_PAD } };
    for (size_t s = 0; s < 3; s++)
        if (settings_number(settings, specials[s].key, specials[s].id) != specials[s].id)
            return status_fail(STATUS_INVALID, "%s: %s is not %g", settings_source(settings),
                               specials[s].key, specials[s].id);
    config->ids = strcmp(rule, id_rules[UNIT_IDS_APART]) == 0 ? UNIT_IDS_APART : UNIT_IDS_PUBLIC;
    if (config->ids == UNIT_IDS_PUBLIC && strcmp(rule, id_rules[UNIT_IDS_PUBLIC]) != 0)
        return status_fail(STATUS_INVALID, "%s: im2sp.unit_to_id is neither \"%s\" nor \"%s\"",
                           settings_source(settings), id_rules[0], id_rules[1]);
    config->code_count = 0;
    config->units = unit_ids_units(config->vocabulary);
    const enum status outcome =
        settings_read_count(&config->units, settings, "im2sp.num_units", 1, config->units);
    if (outcome != STATUS_OK)
        return outcome;
    return settings_read_count(&config->code_count, settings, "vision_config.codebook_size", 1,
                               65535);
}

static enum status read_eps(float *eps, const struct settings *settings, const char *key,
                            float fallback)
{
    const double value = settings_number(settings, key, (double)fallback);
    *eps = (float)value;
    if (!(value > 0.0 && value < 1.0))
        return status_fail(STATUS_INVALID, "%s: %s is not in 0 .. 1", settings_source(settings),
                           key);
    return STATUS_OK;
}

enum status im2sp_config_read(struct im2sp_config *out, const struct tensor_table *table,
                              enum im2sp_naming naming, const char *prefix,
                              const struct settings *settings)
{
    const struct reading reading = { table, prefix, settings };
    const struct im2sp_config published = im2sp_config_large();
    *out = (struct im2sp_config){ .naming = naming };
    enum status outcome = read_decoder(out, &reading);
    if (outcome == STATUS_OK)
        outcome = read_encoder(out, &reading);
    if (outcome == STATUS_OK)
        outcome = read_ids(out, settings);
    if (outcome == STATUS_OK)
        outcome = read_eps(&out->norm_eps, settings, "layer_norm_eps", published.norm_eps);
    if (outcome == STATUS_OK)
        outcome = read_eps(&out->encoder.norm_eps, settings, "vision_config.layer_norm_eps",
                           out->input == IM2SP_PIXELS ? published.projection_eps
                                                      : published.encoder.norm_eps);
    if (outcome == STATUS_OK)
        outcome = read_eps(&out->projection_eps, settings, "im2sp.visual_projection_layer_norm_eps",
                           published.projection_eps);
    return outcome;
}

struct count {
    const char *key;
    double value;
};

static enum status put_counts(struct settings *settings, const struct count *counts, size_t count)
{
    enum status outcome = STATUS_OK;
    for (size_t c = 0; c < count && outcome == STATUS_OK; c++)
        outcome = settings_put_number(settings, counts[c].key, counts[c].value);
    return outcome;
}

static enum status write_decoder(struct settings *settings, const struct im2sp_config *config)
{
    const struct count counts[] = {
        { "vocab_size", (double)config->vocabulary },
        { "hidden_size", (double)config->width },
        { "num_hidden_layers", (double)config->layers },
        { "num_attention_heads", (double)config->heads },
        { "intermediate_size", (double)config->mlp },
        { "max_position_embeddings", (double)config->length_max },
        { "layer_norm_eps", (double)config->norm_eps },
        { "pad_token_id", UNIT_ID_PAD },
        { "bos_token_id", UNIT_ID_BEGIN },
        { "eos_token_id", UNIT_ID_END },
        { "im2sp.num_units", (double)config->units },
        { "im2sp.visual_projection_layer_norm_eps", (double)config->projection_eps },
    };
    const enum status outcome = settings_put_text(settings, "hidden_act", "gelu");
    return outcome == STATUS_OK ? put_counts(settings, counts, sizeof counts / sizeof counts[0])
                                : outcome;
}

static enum status write_encoder(struct settings *settings, const struct im2sp_config *config)
{
    const struct im2sp_encoder_config *encoder = &config->encoder;
    const struct count counts[] = {
        { "vision_config.hidden_size", (double)encoder->width },
        { "vision_config.num_hidden_layers", (double)encoder->layers },
        { "vision_config.num_attention_heads", (double)encoder->heads },
        { "vision_config.intermediate_size", (double)encoder->mlp },
        { "vision_config.num_channels", (double)encoder->channels },
        { "vision_config.image_size", (double)encoder->side },
        { "vision_config.patch_size", (double)encoder->stride },
        { "vision_config.stem_kernel", (double)encoder->kernel },
        { "vision_config.stem_stride", (double)encoder->stride },
        { "vision_config.stem_padding", (double)encoder->padding },
        { "vision_config.layer_norm_eps", (double)encoder->norm_eps },
    };
    enum status outcome = put_counts(settings, counts, sizeof counts / sizeof counts[0]);
    if (outcome == STATUS_OK)
        outcome = settings_put_text(settings, "vision_config.hidden_act",
                                    encoder->activation == IM2SP_GELU ? "gelu" : "quick_gelu");
    if (outcome == STATUS_OK && encoder->sees_similarities)
        outcome = settings_put_number(settings, "vision_config.unit_similarities",
                                      (double)UNIT_SIMILARITIES);
    if (outcome == STATUS_OK && config->code_count > 0)
        outcome = settings_put_number(settings, "vision_config.codebook_size",
                                      (double)config->code_count);
    return outcome;
}

enum status im2sp_config_write(struct settings *settings, const struct im2sp_config *config)
{
    enum status outcome = settings_put_text(settings, "model_type", "git");
    if (outcome == STATUS_OK)
        outcome = write_decoder(settings, config);
    if (outcome == STATUS_OK && config->input == IM2SP_EMBEDDINGS) {
        const struct count counts[] = { { "im2sp.prefix_tokens", (double)config->prefix_tokens },
                                        { "im2sp.embedding_size", (double)config->encoder.width } };
        outcome = put_counts(settings, counts, 2);
    } else if (outcome == STATUS_OK)
        outcome = write_encoder(settings, config);
    if (outcome == STATUS_OK)
        outcome = settings_put_text(settings, "im2sp.unit_to_id", id_rules[config->ids]);
    return outcome;
}
