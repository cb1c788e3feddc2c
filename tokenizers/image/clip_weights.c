#include "tokenizers/image/clip_weights.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tensor that tells the naming, and what the image encoder's other tensors begin with. */
static const struct {
    const char *patch, *family;
} namings[] = {
    [CLIP_OPENAI] = { "visual.conv1.weight", "visual." },
    [CLIP_HUGGING_FACE] = { "vision_model.embeddings.patch_embedding.weight", "vision_model." },
};
enum { NAMING_COUNT = sizeof namings / sizeof namings[0] };

/* Where `ending` begins in `name`, at its start or after a dot; NULL where it does not. */
static const char *find_ending(const char *name, const char *ending)
{
    const size_t length = strlen(name), ending_length = strlen(ending);
    if (length < ending_length || strcmp(name + length - ending_length, ending) != 0)
        return NULL;
    const char *at = name + length - ending_length;
    return at == name || at[-1] == '.' ? at : NULL;
}

enum status clip_prefix(enum clip_naming *naming, char prefix[CLIP_PREFIX_BYTES],
                        const struct tensor_table *table)
{
    for (size_t n = 0; n < NAMING_COUNT; n++)
        for (size_t t = 0; t < table->count; t++) {
            const char *name = table->tensors[t].name;
            const char *at = find_ending(name, namings[n].patch);
            if (at == NULL || at - name >= CLIP_PREFIX_BYTES)
                continue;
            *naming = (enum clip_naming)n;
            snprintf(prefix, CLIP_PREFIX_BYTES, "%.*s", (int)(at - name), name);
            return STATUS_OK;
        }
    return status_fail(STATUS_CORRUPT, "%s: no CLIP image encoder: neither %s nor %s is there",
                       table->source, namings[0].patch, namings[1].patch);
}

enum status clip_weights_begin(struct clip_weights *weights, const struct clip_config *config)
{
    *weights = (struct clip_weights){ 0 };
    weights->blocks = calloc(config->layers, sizeof *weights->blocks);
    return weights->blocks != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "blocks of a CLIP");
}

void clip_weights_end(struct clip_weights *weights)
{
    for (size_t i = 0; i < weights->owned_count; i++)
        free(weights->owned[i]);
    free(weights->owned);
    free(weights->blocks);
    *weights = (struct clip_weights){ 0 };
}

struct walk {
    enum status (*visit)(void *payload, const struct clip_entry *entry);
    void *payload;
    enum status outcome;
    enum clip_naming naming;
    const char *prefix;
    char place[64]; /* "visual.transformer.resblocks.3." */
};

struct shape {
    size_t count, extents[4];
};

static void hand_over(struct walk *walk, const struct clip_entry *entry)
{
    if (walk->outcome == STATUS_OK)
        walk->outcome = walk->visit(walk->payload, entry);
}

static struct clip_entry entry_of(const float **values, enum clip_role role, struct shape shape)
{
    struct clip_entry entry = {
        .role = role, .part_count = 1, .dimension_count = shape.count, .values = values
    };
    memcpy(entry.shape, shape.extents, sizeof entry.shape);
    return entry;
}

/* `names`: by naming. */
static void visit_one(struct walk *walk, const float **values, enum clip_role role,
                      const char *const names[NAMING_COUNT], struct shape shape)
{
    struct clip_entry entry = entry_of(values, role, shape);
    snprintf(entry.names[0], CLIP_NAME_BYTES, "%s%s%s", walk->prefix, walk->place,
             names[walk->naming]);
    hand_over(walk, &entry);
}

static void visit_row(struct walk *walk, const float **values, enum clip_role role,
                      const char *openai, const char *hugging_face, size_t columns)
{
    visit_one(walk, values, role, (const char *const[]){ openai, hugging_face },
              (struct shape){ 1, { columns } });
}

static void visit_matrix(struct walk *walk, const float **values, enum clip_role role,
                         const char *openai, const char *hugging_face, size_t rows, size_t columns)
{
    visit_one(walk, values, role, (const char *const[]){ openai, hugging_face },
              (struct shape){ 2, { rows, columns } });
}

/* Fused at OpenAI, one tensor each at Hugging Face. `kind`: "weight" or "bias". */
static void visit_qkv(struct walk *walk, const float **values, enum clip_role role,
                      const char *kind, struct shape shape)
{
    struct clip_entry entry = entry_of(values, role, shape);
    if (walk->naming == CLIP_OPENAI) {
        entry.shape[0] *= 3;
        snprintf(entry.names[0], CLIP_NAME_BYTES, "%s%sattn.in_proj_%s", walk->prefix, walk->place,
                 kind);
    } else {
        entry.part_count = 3;
        for (size_t p = 0; p < 3; p++)
            snprintf(entry.names[p], CLIP_NAME_BYTES, "%s%sself_attn.%c_proj.%s", walk->prefix,
                     walk->place, "qkv"[p], kind);
    }
    hand_over(walk, &entry);
}

static void visit_block(struct walk *walk, struct vision_block *block,
                        const struct clip_config *config)
{
    const size_t D = config->width, F = config->mlp;
    visit_row(walk, &block->attention_gain, CLIP_ONES, "ln_1.weight", "layer_norm1.weight", D);
    visit_row(walk, &block->attention_offset, CLIP_ZEROS, "ln_1.bias", "layer_norm1.bias", D);
    visit_qkv(walk, &block->qkv, CLIP_MATRIX, "weight", (struct shape){ 2, { D, D } });
    visit_qkv(walk, &block->qkv_bias, CLIP_ZEROS, "bias", (struct shape){ 1, { D } });
    visit_matrix(walk, &block->out, CLIP_MATRIX, "attn.out_proj.weight",
                 "self_attn.out_proj.weight", D, D);
    visit_row(walk, &block->out_bias, CLIP_ZEROS, "attn.out_proj.bias", "self_attn.out_proj.bias",
              D);
    visit_row(walk, &block->mlp_gain, CLIP_ONES, "ln_2.weight", "layer_norm2.weight", D);
    visit_row(walk, &block->mlp_offset, CLIP_ZEROS, "ln_2.bias", "layer_norm2.bias", D);
    visit_matrix(walk, &block->expand, CLIP_MATRIX, "mlp.c_fc.weight", "mlp.fc1.weight", F, D);
    visit_row(walk, &block->expand_bias, CLIP_ZEROS, "mlp.c_fc.bias", "mlp.fc1.bias", F);
    visit_matrix(walk, &block->shrink, CLIP_MATRIX, "mlp.c_proj.weight", "mlp.fc2.weight", D, F);
    visit_row(walk, &block->shrink_bias, CLIP_ZEROS, "mlp.c_proj.bias", "mlp.fc2.bias", D);
}

static void visit_blocks(struct walk *walk, struct clip_weights *weights,
                         const struct clip_config *config)
{
    static const char *const places[] = { [CLIP_OPENAI] = "visual.transformer.resblocks",
                                          [CLIP_HUGGING_FACE] = "vision_model.encoder.layers" };
    for (size_t b = 0; b < config->layers; b++) {
        snprintf(walk->place, sizeof walk->place, "%s.%zu.", places[walk->naming], b);
        visit_block(walk, &weights->blocks[b], config);
    }
    walk->place[0] = '\0';
}

static void visit_projection(struct walk *walk, struct clip_weights *weights,
                             const struct clip_config *config)
{
    static const char *const names[] = { "visual.proj", "visual_projection.weight" };
    struct shape shape = { 2, { config->embedding, config->width } };
    struct clip_entry entry = entry_of(&weights->projection, CLIP_NORMAL, shape);
    entry.is_transposed = walk->naming == CLIP_OPENAI;
    if (entry.is_transposed) {
        entry.shape[0] = config->width;
        entry.shape[1] = config->embedding;
    }
    snprintf(entry.names[0], CLIP_NAME_BYTES, "%s%s", walk->prefix, names[walk->naming]);
    hand_over(walk, &entry);
}

enum status clip_weights_visit(struct clip_weights *weights, const struct clip_config *config,
                               const char *prefix,
                               enum status (*visit)(void *payload, const struct clip_entry *entry),
                               void *payload)
{
    struct walk walk = {
        .visit = visit, .payload = payload, .naming = config->naming, .prefix = prefix
    };
    const size_t D = config->width, p = config->patch;
    visit_one(&walk, &weights->patch, CLIP_MATRIX,
              (const char *const[]){ namings[CLIP_OPENAI].patch, namings[CLIP_HUGGING_FACE].patch },
              (struct shape){ 4, { D, 3, p, p } });
    visit_row(&walk, &weights->class_token, CLIP_NORMAL, "visual.class_embedding",
              "vision_model.embeddings.class_embedding", D);
    visit_matrix(&walk, &weights->position, CLIP_NORMAL, "visual.positional_embedding",
                 "vision_model.embeddings.position_embedding.weight", clip_config_tokens(config),
                 D);
    visit_row(&walk, &weights->pre_gain, CLIP_ONES, "visual.ln_pre.weight",
              "vision_model.pre_layrnorm.weight", D);
    visit_row(&walk, &weights->pre_offset, CLIP_ZEROS, "visual.ln_pre.bias",
              "vision_model.pre_layrnorm.bias", D);
    visit_blocks(&walk, weights, config);
    visit_row(&walk, &weights->post_gain, CLIP_ONES, "visual.ln_post.weight",
              "vision_model.post_layernorm.weight", D);
    visit_row(&walk, &weights->post_offset, CLIP_ZEROS, "visual.ln_post.bias",
              "vision_model.post_layernorm.bias", D);
    visit_projection(&walk, weights, config);
    return walk.outcome;
}

struct taking {
    struct clip_weights *weights;
    const struct tensor_table *table;
    bool *is_taken; /* [table->count] */
};

static size_t part_values(const struct clip_entry *entry)
{
    size_t count = 1;
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    return count;
}

/* out [columns][rows] from matrix [rows][columns], both held by the caller. */
static void transpose(float *out, const float *matrix, size_t rows, size_t columns)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            out[column * rows + row] = matrix[row * columns + column];
}

static enum status take_transposed(float **owned, const struct tensor_table *table,
                                   const struct clip_entry *entry)
{
    const float *values = NULL;
    float *copy = NULL;
    enum status outcome =
        tensor_table_borrow(&values, &copy, table, entry->names[0], 2, entry->shape);
    if (outcome != STATUS_OK)
        return outcome;
    *owned = malloc(part_values(entry) * sizeof **owned);
    if (*owned == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %s", table->source, entry->names[0]);
    else
        transpose(*owned, values, entry->shape[0], entry->shape[1]);
    free(copy);
    return outcome;
}

/* The shape is checked against the table before memory of its size is taken. */
static enum status take_parts(float **owned, const struct tensor_table *table,
                              const struct clip_entry *entry)
{
    const size_t count = part_values(entry);
    const float *values = NULL;
    float *copy = NULL;
    enum status outcome = STATUS_OK;
    for (size_t p = 0; p < entry->part_count && outcome == STATUS_OK; p++) {
        outcome = tensor_table_borrow(&values, &copy, table, entry->names[p],
                                      entry->dimension_count, entry->shape);
        if (outcome == STATUS_OK && *owned == NULL)
            *owned = malloc(entry->part_count * count * sizeof **owned);
        if (outcome == STATUS_OK && *owned == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "%s: %s", table->source, entry->names[p]);
        if (outcome == STATUS_OK)
            memcpy(*owned + p * count, values, count * sizeof **owned);
        free(copy);
        copy = NULL;
    }
    return outcome;
}

static enum status take_one(void *payload, const struct clip_entry *entry)
{
    struct taking *taking = payload;
    float *owned = NULL;
    enum status outcome;
    if (entry->is_transposed)
        outcome = take_transposed(&owned, taking->table, entry);
    else if (entry->part_count > 1)
        outcome = take_parts(&owned, taking->table, entry);
    else
        outcome = tensor_table_borrow(entry->values, &owned, taking->table, entry->names[0],
                                      entry->dimension_count, entry->shape);
    if (owned != NULL)
        taking->weights->owned[taking->weights->owned_count++] = owned;
    if (outcome != STATUS_OK)
        return outcome;

    if (entry->is_transposed || entry->part_count > 1)
        *entry->values = owned;
    for (size_t p = 0; p < entry->part_count; p++)
        taking
            ->is_taken[tensor_table_find(taking->table, entry->names[p]) - taking->table->tensors] =
            true;
    return STATUS_OK;
}

/* What lies in the image encoder's family and was not asked for would change its result. */
static enum status check_rest(const struct taking *taking, enum clip_naming naming,
                              const char *prefix)
{
    const size_t prefix_length = strlen(prefix);
    const char *family = namings[naming].family;
    for (size_t t = 0; t < taking->table->count; t++) {
        const char *name = taking->table->tensors[t].name;
        const bool is_ours = strncmp(name, prefix, prefix_length) == 0 &&
                             strncmp(name + prefix_length, family, strlen(family)) == 0;
        if (is_ours && !taking->is_taken[t] && find_ending(name, "position_ids") == NULL)
            return status_fail(STATUS_CORRUPT, "%s: tensor %s is no part of a CLIP ViT",
                               taking->table->source, name);
    }
    return STATUS_OK;
}

enum status clip_weights_take(struct clip_weights *weights, const struct tensor_table *table,
                              const struct clip_config *config, const char *prefix)
{
    enum status outcome = clip_weights_begin(weights, config);
    if (outcome != STATUS_OK)
        return outcome;

    struct taking taking = { .weights = weights, .table = table };
    taking.is_taken = calloc(table->count, sizeof *taking.is_taken);
    weights->owned = calloc(table->count, sizeof *weights->owned);
    if (taking.is_taken == NULL || weights->owned == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu tensors", table->source, table->count);
    if (outcome == STATUS_OK)
        outcome = clip_weights_visit(weights, config, prefix, take_one, &taking);
    if (outcome == STATUS_OK)
        outcome = check_rest(&taking, config->naming, prefix);
    free(taking.is_taken);
    if (outcome != STATUS_OK)
        clip_weights_end(weights);
    return outcome;
}
