/* What the shapes of the weights tell of a CLIP image encoder, and whether a configuration fits. */
#include "tokenizers/image/clip_config.h"
#include "tokenizers/image/clip_weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { USUAL_HEAD_WIDTH = 64, LARGE_HEADS = 16 };

/* The tensors that tell sizes, and the first of a block's, by naming. */
static const struct {
    const char *patch, *position, *expand, *projection, *blocks, *of_block;
} names[] = {
    [CLIP_OPENAI] = { "visual.conv1.weight", "visual.positional_embedding",
                      "visual.transformer.resblocks.0.mlp.c_fc.weight", "visual.proj",
                      "visual.transformer.resblocks", "ln_1.weight" },
    [CLIP_HUGGING_FACE] = { "vision_model.embeddings.patch_embedding.weight",
                            "vision_model.embeddings.position_embedding.weight",
                            "vision_model.encoder.layers.0.mlp.fc1.weight",
                            "visual_projection.weight", "vision_model.encoder.layers",
                            "layer_norm1.weight" },
};

struct source {
    const struct tensor_table *table;
    enum clip_naming naming;
    const char *prefix;
};

static enum status find_sized(const struct tensor **out, const struct source *source,
                              const char *name, size_t dimension_count)
{
    char full[CLIP_NAME_BYTES];
    snprintf(full, sizeof full, "%s%s", source->prefix, name);
    *out = tensor_table_find(source->table, full);
    if (*out == NULL)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s is missing", source->table->source, full);
    if ((*out)->dimension_count != dimension_count || (*out)->count == 0)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has %zu dimensions, expected %zu",
                           source->table->source, full, (*out)->dimension_count, dimension_count);
    return STATUS_OK;
}

static size_t count_layers(const struct source *source)
{
    char name[CLIP_NAME_BYTES];
    size_t layers = 0;
    do
        snprintf(name, sizeof name, "%s%s.%zu.%s", source->prefix, names[source->naming].blocks,
                 layers, names[source->naming].of_block);
    while (tensor_table_find(source->table, name) != NULL && ++layers > 0);
    return layers;
}

/* Sizes but heads; `*positions` counts the class token. */
static enum status measure(struct clip_config *out, size_t *positions, const struct source *source)
{
    const enum clip_naming naming = source->naming;
    const struct tensor *patch = NULL, *position = NULL, *expand = NULL, *projection = NULL;
    enum status outcome = find_sized(&patch, source, names[naming].patch, 4);
    if (outcome == STATUS_OK)
        outcome = find_sized(&position, source, names[naming].position, 2);
    if (outcome == STATUS_OK)
        outcome = find_sized(&expand, source, names[naming].expand, 2);
    if (outcome == STATUS_OK)
        outcome = find_sized(&projection, source, names[naming].projection, 2);
    if (outcome != STATUS_OK)
        return outcome;

    *positions = position->shape[0];
    out->naming = naming;
    out->patch = patch->shape[3];
    out->width = patch->shape[0];
    out->layers = count_layers(source);
    out->mlp = expand->shape[0];
    out->embedding = projection->shape[naming == CLIP_OPENAI ? 1 : 0];
    return STATUS_OK;
}

/* Shapes are as hostile as anything else in the file. */
static enum status check_limits(const struct clip_config *config, size_t positions,
                                const char *source)
{
    const struct {
        const char *what;
        size_t value, maximum;
    } limits[] = { { "patches of side", config->patch, CLIP_PATCH_MAX },
                   { "a width of", config->width, CLIP_WIDTH_MAX },
                   { "blocks:", config->layers, CLIP_LAYERS_MAX },
                   { "a feed-forward width of", config->mlp, CLIP_MLP_MAX },
                   { "embeddings of", config->embedding, CLIP_EMBEDDING_MAX },
                   { "positions:", positions, CLIP_TOKENS_MAX } };
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++)
        if (limits[l].value < 1 || limits[l].value > limits[l].maximum)
            return status_fail(STATUS_INVALID,
                               "%s: the weights have %s %zu, supported are 1 .. %zu", source,
                               limits[l].what, limits[l].value, limits[l].maximum);
    return STATUS_OK;
}

/* The side of the only square picture that fits, in pixels. */
static enum status find_image(struct clip_config *config, size_t positions, const char *source)
{
    const size_t side = (size_t)lround(sqrt((double)(positions - 1)));
    if (positions < 2 || side * side != positions - 1)
        return status_fail(STATUS_INVALID,
                           "%s: the weights have %zu positions, not a square and the class token",
                           source, positions);
    config->image = side * config->patch;
    if (config->image > CLIP_SIDE_MAX)
        return status_fail(STATUS_INVALID, "%s: pictures of side %zu, supported are at most %d",
                           source, config->image, CLIP_SIDE_MAX);
    return STATUS_OK;
}

/* What shapes do not tell, where nobody says it. */
static void assume(struct clip_config *config)
{
    const struct clip_config usual = clip_config_compact();
    const bool is_large = config->width == 1280 || config->width == 1408 || config->width == 1664;
    config->activation = is_large ? VISION_GELU : VISION_QUICK_GELU;
    config->layer_norm_eps = usual.layer_norm_eps;
    memcpy(config->mean, usual.mean, sizeof config->mean);
    memcpy(config->deviation, usual.deviation, sizeof config->deviation);
    if (is_large)
        config->heads = LARGE_HEADS;
    else if (config->width % USUAL_HEAD_WIDTH == 0)
        config->heads = config->width / USUAL_HEAD_WIDTH;
    else
        config->heads = 0;
}

static enum status compare(const struct clip_config *asked, const struct clip_config *found,
                           const struct settings *settings)
{
    const struct {
        const char *name;
        size_t asked, found;
    } pairs[] = { { "image size", asked->image, found->image },
                  { "patch size", asked->patch, found->patch },
                  { "width", asked->width, found->width },
                  { "number of blocks", asked->layers, found->layers },
                  { "feed-forward width", asked->mlp, found->mlp },
                  { "embedding", asked->embedding, found->embedding } };
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++)
        if (pairs[p].asked != pairs[p].found)
            return status_fail(STATUS_INVALID, "%s: the %s is %zu, the weights would fit %zu",
                               settings_source(settings), pairs[p].name, pairs[p].asked,
                               pairs[p].found);
    return STATUS_OK;
}

enum status clip_config_of_weights(struct clip_config *out, const struct tensor_table *table,
                                   enum clip_naming naming, const char *prefix,
                                   const struct settings *settings)
{
    const struct source source = { table, naming, prefix };
    size_t positions = 0;
    *out = (struct clip_config){ 0 };
    enum status outcome = measure(out, &positions, &source);
    if (outcome == STATUS_OK)
        outcome = check_limits(out, positions, table->source);
    if (outcome == STATUS_OK)
        outcome = find_image(out, positions, table->source);
    if (outcome != STATUS_OK)
        return outcome;

    assume(out);
    struct clip_config asked = *out;
    outcome = clip_config_read(&asked, settings);
    if (outcome == STATUS_OK && settings != NULL)
        outcome = compare(&asked, out, settings);
    *out = asked;
    return outcome;
}
