#include "tokenizers/speech/hubert_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const hugging_face[HUBERT_PART_COUNT] = {
    [HUBERT_CONVOLUTION] = "feature_extractor.conv_layers.#.conv.",
    [HUBERT_CONVOLUTION_NORM] = "feature_extractor.conv_layers.#.layer_norm.",
    [HUBERT_FEATURE_NORM] = "feature_projection.layer_norm.",
    [HUBERT_PROJECTION] = "feature_projection.projection.",
    [HUBERT_POSITION] = "encoder.pos_conv_embed.conv.",
    [HUBERT_ENCODER_NORM] = "encoder.layer_norm.",
    [HUBERT_QUERY] = "encoder.layers.#.attention.q_proj.",
    [HUBERT_KEY] = "encoder.layers.#.attention.k_proj.",
    [HUBERT_VALUE] = "encoder.layers.#.attention.v_proj.",
    [HUBERT_ATTENTION_OUT] = "encoder.layers.#.attention.out_proj.",
    [HUBERT_ATTENTION_NORM] = "encoder.layers.#.layer_norm.",
    [HUBERT_EXPAND] = "encoder.layers.#.feed_forward.intermediate_dense.",
    [HUBERT_CONTRACT] = "encoder.layers.#.feed_forward.output_dense.",
    [HUBERT_FINAL_NORM] = "encoder.layers.#.final_layer_norm.",
};

static const char *const torchaudio[HUBERT_PART_COUNT] = {
    [HUBERT_CONVOLUTION] = "feature_extractor.conv_layers.#.conv.",
    [HUBERT_CONVOLUTION_NORM] = "feature_extractor.conv_layers.#.layer_norm.",
    [HUBERT_FEATURE_NORM] = "encoder.feature_projection.layer_norm.",
    [HUBERT_PROJECTION] = "encoder.feature_projection.projection.",
    [HUBERT_POSITION] = "encoder.transformer.pos_conv_embed.conv.",
    [HUBERT_ENCODER_NORM] = "encoder.transformer.layer_norm.",
    [HUBERT_QUERY] = "encoder.transformer.layers.#.attention.q_proj.",
    [HUBERT_KEY] = "encoder.transformer.layers.#.attention.k_proj.",
    [HUBERT_VALUE] = "encoder.transformer.layers.#.attention.v_proj.",
    [HUBERT_ATTENTION_OUT] = "encoder.transformer.layers.#.attention.out_proj.",
    [HUBERT_ATTENTION_NORM] = "encoder.transformer.layers.#.layer_norm.",
    [HUBERT_EXPAND] = "encoder.transformer.layers.#.feed_forward.intermediate_dense.",
    [HUBERT_CONTRACT] = "encoder.transformer.layers.#.feed_forward.output_dense.",
    [HUBERT_FINAL_NORM] = "encoder.transformer.layers.#.final_layer_norm.",
};

/* fairseq numbers what Hugging Face names: a convolution is 0 of its block, its norm 2; a layer
 * norm sits between two transpositions, so it is 1 of that. */
#define FAIRSEQ_PARTS(norm)                                                                        \
    {                                                                                              \
        [HUBERT_CONVOLUTION] = "feature_extractor.conv_layers.#.0.",                               \
        [HUBERT_CONVOLUTION_NORM] = norm, [HUBERT_FEATURE_NORM] = "layer_norm.",                   \
        [HUBERT_PROJECTION] = "post_extract_proj.", [HUBERT_POSITION] = "encoder.pos_conv.0.",     \
        [HUBERT_ENCODER_NORM] = "encoder.layer_norm.",                                             \
        [HUBERT_QUERY] = "encoder.layers.#.self_attn.q_proj.",                                     \
        [HUBERT_KEY] = "encoder.layers.#.self_attn.k_proj.",                                       \
        [HUBERT_VALUE] = "encoder.layers.#.self_attn.v_proj.",                                     \
        [HUBERT_ATTENTION_OUT] = "encoder.layers.#.self_attn.out_proj.",                           \
        [HUBERT_ATTENTION_NORM] = "encoder.layers.#.self_attn_layer_norm.",                        \
        [HUBERT_EXPAND] = "encoder.layers.#.fc1.", [HUBERT_CONTRACT] = "encoder.layers.#.fc2.",    \
        [HUBERT_FINAL_NORM] = "encoder.layers.#.final_layer_norm.",                                \
    }

static const char *const fairseq_base[HUBERT_PART_COUNT] =
    FAIRSEQ_PARTS("feature_extractor.conv_layers.#.2.");
static const char *const fairseq_large[HUBERT_PART_COUNT] =
    FAIRSEQ_PARTS("feature_extractor.conv_layers.#.2.1.");

/* HubertForCTC, torchaudio's HuBERTPretrainModel and a whole fairseq file put the net below one. */
static const char *const prefixes[] = { "", "hubert.", "wav2vec2.", "model." };
static const char *const *const namings[] = { hugging_face, torchaudio, fairseq_base,
                                              fairseq_large };

static const struct {
    const char *gain, *direction;
} weight_norms[] = { { "weight_g", "weight_v" },
                     { "parametrizations.weight.original0", "parametrizations.weight.original1" } };

enum {
    PREFIXES = sizeof prefixes / sizeof prefixes[0],
    NAMINGS = sizeof namings / sizeof namings[0],
    WEIGHT_NORMS = sizeof weight_norms / sizeof weight_norms[0]
};

/* Names that belong to pre-training, fine-tuning or masking, with or without the net's prefix; one
 * that ends in a dot stands for all below it. */
static const char *const irrelevant[] = { "lm_head.",          "masked_spec_embed",
                                          "mask_emb",          "final_proj.",
                                          "label_embs_concat", "mask_generator.",
                                          "logit_generator.",  "aux." };

struct hubert_names hubert_names_default(void)
{
    return (struct hubert_names){ .prefix = "",
                                  .parts = hugging_face,
                                  .gain = weight_norms[0].gain,
                                  .direction = weight_norms[0].direction };
}

void hubert_names_write(char name[HUBERT_NAME_BYTES], const struct hubert_names *names,
                        enum hubert_part part, enum hubert_role role, size_t index)
{
    const char *const roles[] = { [HUBERT_WEIGHT] = "weight",
                                  [HUBERT_BIAS] = "bias",
                                  [HUBERT_GAIN] = names->gain,
                                  [HUBERT_DIRECTION] = names->direction };
    const char *pattern = names->parts[part], *mark = strchr(pattern, '#');
    if (mark == NULL)
        snprintf(name, HUBERT_NAME_BYTES, "%s%s%s", names->prefix, pattern, roles[role]);
    else
        snprintf(name, HUBERT_NAME_BYTES, "%s%.*s%zu%s%s", names->prefix, (int)(mark - pattern),
                 pattern, index, mark + 1, roles[role]);
}

static bool has(const struct tensor_table *table, const struct hubert_names *names,
                enum hubert_part part, enum hubert_role role)
{
    char name[HUBERT_NAME_BYTES];
    hubert_names_write(name, names, part, role, 0);
    return tensor_table_find(table, name) != NULL;
}

/* The first convolution and its norm tell the naming apart together with the projection. */
static bool fits(const struct tensor_table *table, const struct hubert_names *names)
{
    return has(table, names, HUBERT_CONVOLUTION, HUBERT_WEIGHT) &&
           has(table, names, HUBERT_CONVOLUTION_NORM, HUBERT_WEIGHT) &&
           has(table, names, HUBERT_PROJECTION, HUBERT_WEIGHT);
}

static enum status refuse_batch_norm(const struct tensor_table *table)
{
    for (size_t t = 0; t < table->count; t++)
        if (strstr(table->tensors[t].name, "pos_conv_embed.batch_norm.") != NULL ||
            strstr(table->tensors[t].name, "pos_conv.0.running_mean") != NULL)
            return status_fail(STATUS_INVALID,
                               "%s: tensor %s: batch norm in the positional convolution is not "
                               "supported",
                               table->source, table->tensors[t].name);
    return STATUS_OK;
}

enum status hubert_names_detect(struct hubert_names *out, const struct tensor_table *table)
{
    for (size_t i = 0; i < (size_t)PREFIXES * NAMINGS; i++) {
        struct hubert_names names = { .prefix = prefixes[i / NAMINGS],
                                      .parts = namings[i % NAMINGS],
                                      .gain = weight_norms[0].gain,
                                      .direction = weight_norms[0].direction };
        if (!fits(table, &names))
            continue;
        for (size_t w = 1; w < WEIGHT_NORMS; w++)
            if (!has(table, &names, HUBERT_POSITION, HUBERT_GAIN)) {
                names.gain = weight_norms[w].gain;
                names.direction = weight_norms[w].direction;
            }
        *out = names;
        return refuse_batch_norm(table);
    }
    return status_fail(STATUS_CORRUPT,
                       "%s: not a HuBERT: no first convolution and projection under the names of "
                       "Hugging Face, fairseq or torchaudio",
                       table->source);
}

/* A visit with the parts that every visit repeats. */
struct walk {
    enum status (*visit)(void *payload, const struct hubert_entry *entry);
    void *payload;
    enum status outcome;
};

static void give(struct walk *walk, struct hubert_entry entry)
{
    if (walk->outcome == STATUS_OK)
        walk->outcome = walk->visit(walk->payload, &entry);
}

static void give_vector(struct walk *walk, enum hubert_part part, enum hubert_role role,
                        size_t index, size_t width)
{
    give(
        walk,
        (struct hubert_entry){
            .part = part, .role = role, .index = index, .dimension_count = 1, .shape = { width } });
}

static void give_norm(struct walk *walk, enum hubert_part part, size_t index, size_t width)
{
    give_vector(walk, part, HUBERT_WEIGHT, index, width);
    give_vector(walk, part, HUBERT_BIAS, index, width);
}

static void give_linear(struct walk *walk, enum hubert_part part, size_t index, size_t rows,
                        size_t columns)
{
    give(walk, (struct hubert_entry){ .part = part,
                                      .role = HUBERT_WEIGHT,
                                      .index = index,
                                      .dimension_count = 2,
                                      .shape = { rows, columns } });
    give_vector(walk, part, HUBERT_BIAS, index, rows);
}

static void give_kernel(struct walk *walk, enum hubert_part part, enum hubert_role role,
                        size_t index, size_t out, size_t in, size_t kernel)
{
    give(walk, (struct hubert_entry){ .part = part,
                                      .role = role,
                                      .index = index,
                                      .dimension_count = 3,
                                      .shape = { out, in, kernel } });
}

static void give_convolutions(struct walk *walk, const struct hubert_config *config)
{
    size_t in = 1;
    for (size_t c = 0; c < config->convolution_count; c++) {
        const struct hubert_convolution *convolution = &config->convolutions[c];
        give_kernel(walk, HUBERT_CONVOLUTION, HUBERT_WEIGHT, c, convolution->channels, in,
                    convolution->kernel);
        if (config->convolution_bias)
            give_vector(walk, HUBERT_CONVOLUTION, HUBERT_BIAS, c, convolution->channels);
        if (config->convolution_layer_norm || c == 0)
            give_norm(walk, HUBERT_CONVOLUTION_NORM, c, convolution->channels);
        in = convolution->channels;
    }
    give_norm(walk, HUBERT_FEATURE_NORM, 0, in);
    give_linear(walk, HUBERT_PROJECTION, 0, config->width, in);
}

enum status hubert_names_visit(const struct hubert_config *config,
                               enum status (*visit)(void *payload,
                                                    const struct hubert_entry *entry),
                               void *payload)
{
    struct walk walk = { .visit = visit, .payload = payload, .outcome = STATUS_OK };
    const size_t D = config->width;
    give_convolutions(&walk, config);
    give_vector(&walk, HUBERT_POSITION, HUBERT_BIAS, 0, D);
    give_kernel(&walk, HUBERT_POSITION, HUBERT_GAIN, 0, 1, 1, config->position_kernel);
    give_kernel(&walk, HUBERT_POSITION, HUBERT_DIRECTION, 0, D, D / config->position_groups,
                config->position_kernel);
    give_norm(&walk, HUBERT_ENCODER_NORM, 0, D);
    for (size_t l = 0; l < config->layers; l++) {
        for (enum hubert_part part = HUBERT_QUERY; part <= HUBERT_ATTENTION_OUT; part++)
            give_linear(&walk, part, l, D, D);
        give_norm(&walk, HUBERT_ATTENTION_NORM, l, D);
        give_linear(&walk, HUBERT_EXPAND, l, config->feed_forward_width, D);
        give_linear(&walk, HUBERT_CONTRACT, l, D, config->feed_forward_width);
        give_norm(&walk, HUBERT_FINAL_NORM, l, D);
    }
    return walk.outcome;
}

struct claims {
    const struct hubert_names *names;
    const struct tensor_table *table;
    bool *claimed; /* [table->count] */
};

static enum status claim(void *payload, const struct hubert_entry *entry)
{
    const struct claims *claims = payload;
    char name[HUBERT_NAME_BYTES];
    hubert_names_write(name, claims->names, entry->part, entry->role, entry->index);
    const struct tensor *tensor = tensor_table_find(claims->table, name);
    if (tensor != NULL)
        claims->claimed[tensor - claims->table->tensors] = true;
    return STATUS_OK;
}

static bool is_irrelevant(const char *name, const char *prefix)
{
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) == 0)
        name += length;
    else if (strcmp(prefix, "model.") == 0)
        return true; /* beside fairseq's model: its trainer's */
    for (size_t i = 0; i < sizeof irrelevant / sizeof irrelevant[0]; i++) {
        const size_t known = strlen(irrelevant[i]);
        if (irrelevant[i][known - 1] == '.' ? strncmp(name, irrelevant[i], known) == 0
                                            : strcmp(name, irrelevant[i]) == 0)
            return true;
    }
    return false;
}

void hubert_names_claim(bool *claimed, const struct hubert_names *names,
                        const struct tensor_table *table, const struct hubert_config *config)
{
    struct claims claims = { .names = names, .table = table, .claimed = claimed };
    memset(claimed, 0, table->count * sizeof *claimed);
    hubert_names_visit(config, claim, &claims);
}

enum status hubert_names_check(const struct hubert_names *names, const struct tensor_table *table,
                               const struct hubert_config *config)
{
    bool *claimed = calloc(table->count + 1, sizeof *claimed);
    if (claimed == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu tensors", table->source, table->count);
    hubert_names_claim(claimed, names, table, config);
    enum status outcome = STATUS_OK;
    for (size_t t = 0; t < table->count && outcome == STATUS_OK; t++)
        if (!claimed[t] && !is_irrelevant(table->tensors[t].name, names->prefix))
            outcome = status_fail(STATUS_CORRUPT, "%s: tensor %s is not one of this HuBERT",
                                  table->source, table->tensors[t].name);
    free(claimed);
    return outcome;
}
