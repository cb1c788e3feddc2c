#include "models/im2sp_names.h"

#include "models/im2sp_weights.h"

#include <stdio.h>
#include <string.h>

#define BERT_LAYER(layer_place)                                                                    \
    {                                                                                              \
        .place = layer_place, .query = "attention.self.query", .key = "attention.self.key",        \
        .value = "attention.self.value", .out = "attention.output.dense",                          \
        .expand = "intermediate.dense", .shrink = "output.dense",                                  \
        .attention_norm = "attention.output.LayerNorm", .mlp_norm = "output.LayerNorm",            \
    }

static const struct im2sp_decoder_names decoders[] = {
    [IM2SP_HUGGING_FACE] = { .words = "git.embeddings.word_embeddings.weight",
                             .positions = "git.embeddings.position_embeddings.weight",
                             .word_norm = "git.embeddings.LayerNorm",
                             .projection = "git.visual_projection.visual_projection",
                             .output = "output",
                             .layer = BERT_LAYER("git.encoder.layer.%zu.") },
    [IM2SP_MICROSOFT] = { .words = "textual.embedding.words.weight",
                          .positions = "textual.embedding.positions.weight",
                          .word_norm = "textual.embedding.layer_norm",
                          .projection = "textual.visual_projection",
                          .output = "textual.output",
                          .layer = BERT_LAYER("textual.transformer.encoder.layer.%zu.") },
};

#undef BERT_LAYER

static const struct im2sp_encoder_names clip_of_hugging_face = {
    .place = "git.image_encoder.vision_model.",
    .patch = "embeddings.patch_embedding.weight",
    .class_token = "embeddings.class_embedding",
    .position = "embeddings.position_embedding.weight",
    .pre_norm = "pre_layrnorm",
    .post_norm = "post_layernorm",
    .layer = { .place = "encoder.layers.%zu.",
               .query = "self_attn.q_proj",
               .key = "self_attn.k_proj",
               .value = "self_attn.v_proj",
               .out = "self_attn.out_proj",
               .expand = "mlp.fc1",
               .shrink = "mlp.fc2",
               .attention_norm = "layer_norm1",
               .mlp_norm = "layer_norm2" },
};

static const struct im2sp_encoder_names clip_of_openai = {
    .place = "image_encoder.",
    .patch = "conv1.weight",
    .class_token = "class_embedding",
    .position = "positional_embedding",
    .pre_norm = "ln_pre",
    .post_norm = "ln_post",
    .layer = { .place = "transformer.resblocks.%zu.",
               .fused_weight = "attn.in_proj_weight",
               .fused_bias = "attn.in_proj_bias",
               .out = "attn.out_proj",
               .expand = "mlp.c_fc",
               .shrink = "mlp.c_proj",
               .attention_norm = "ln_1",
               .mlp_norm = "ln_2" },
};

static const struct im2sp_encoder_names seit = {
    .place = "git.image_encoder.vision_model.",
    .patch = "patch_embed.proj.weight",
    .patch_bias = "patch_embed.proj.bias",
    .class_token = "cls_token",
    .position = "pos_embed",
    .layer = { .place = "blocks.%zu.",
               .fused_weight = "attn.qkv.weight",
               .fused_bias = "attn.qkv.bias",
               .out = "attn.proj",
               .expand = "mlp.fc1",
               .shrink = "mlp.fc2",
               .attention_norm = "norm1",
               .mlp_norm = "norm2" },
};

const char im2sp_early_place[] = "patch_embed.";

const struct im2sp_encoder_names *im2sp_encoder_names(const struct im2sp_config *config)
{
    if (config->input == IM2SP_UNITS)
        return &seit;
    return config->naming == IM2SP_MICROSOFT ? &clip_of_openai : &clip_of_hugging_face;
}

const struct im2sp_decoder_names *im2sp_decoder_names(enum im2sp_naming naming)
{
    return &decoders[naming];
}

struct walk {
    enum status (*visit)(void *payload, const struct im2sp_entry *entry);
    void *payload;
    enum status outcome;
    char place[IM2SP_PREFIX_BYTES + 96];
};

static void hand_over(struct walk *walk, struct im2sp_entry *entry)
{
    if (walk->outcome == STATUS_OK)
        walk->outcome = walk->visit(walk->payload, entry);
}

static void set_name(const struct walk *walk, struct im2sp_entry *entry, size_t part,
                     const char *name, const char *ending)
{
    snprintf(entry->names[part], IM2SP_NAME_BYTES, "%s%s%s", walk->place, name, ending);
}

static void visit_row(struct walk *walk, float **row, enum im2sp_role role, const char *name,
                      const char *ending, size_t count)
{
    struct im2sp_entry entry = {
        .part_count = 1, .dimension_count = 1, .shape = { count }, .role = role, .row = row
    };
    set_name(walk, &entry, 0, name, ending);
    hand_over(walk, &entry);
}

static void visit_table(struct walk *walk, float **row, const char *name, size_t dimension_count,
                        const size_t *shape, const char *other_name)
{
    struct im2sp_entry entry = {
        .part_count = 1, .dimension_count = dimension_count, .role = IM2SP_TABLE, .row = row
    };
    memcpy(entry.shape, shape, dimension_count * sizeof *shape);
    set_name(walk, &entry, 0, name, "");
    if (other_name != NULL)
        snprintf(entry.other_name, IM2SP_NAME_BYTES, "%s%s", walk->place, other_name);
    hand_over(walk, &entry);
}

static void visit_matrix(struct walk *walk, struct packed_matrix *matrix, const char *name,
                         const char *ending, size_t rows, size_t columns)
{
    struct im2sp_entry entry = { .part_count = 1,
                                 .dimension_count = 2,
                                 .shape = { rows, columns },
                                 .role = IM2SP_MATRIX,
                                 .matrix = matrix };
    set_name(walk, &entry, 0, name, ending);
    hand_over(walk, &entry);
}

static void visit_linear(struct walk *walk, struct packed_matrix *matrix, float **bias,
                         const char *name, size_t rows, size_t columns)
{
    visit_matrix(walk, matrix, name, ".weight", rows, columns);
    visit_row(walk, bias, IM2SP_ZEROS, name, ".bias", rows);
}

static void visit_norm(struct walk *walk, float **gain, float **offset, const char *name, size_t D)
{
    visit_row(walk, gain, IM2SP_ONES, name, ".weight", D);
    visit_row(walk, offset, IM2SP_ZEROS, name, ".bias", D);
}

static void visit_qkv(struct walk *walk, struct im2sp_layer *layer,
                      const struct im2sp_layer_names *names, size_t D)
{
    if (names->query == NULL) {
        visit_matrix(walk, &layer->qkv, names->fused_weight, "", 3 * D, D);
        visit_row(walk, &layer->qkv_bias, IM2SP_ZEROS, names->fused_bias, "", 3 * D);
        return;
    }
    const char *const parts[] = { names->query, names->key, names->value };
    struct im2sp_entry weight = { .part_count = 3,
                                  .dimension_count = 2,
                                  .shape = { D, D },
                                  .role = IM2SP_MATRIX,
                                  .matrix = &layer->qkv };
    struct im2sp_entry bias = { .part_count = 3,
                                .dimension_count = 1,
                                .shape = { D },
                                .role = IM2SP_ZEROS,
                                .row = &layer->qkv_bias };
    for (size_t p = 0; p < 3; p++) {
        set_name(walk, &weight, p, parts[p], ".weight");
        set_name(walk, &bias, p, parts[p], ".bias");
    }
    hand_over(walk, &weight);
    hand_over(walk, &bias);
}

static void visit_layers(struct walk *walk, struct im2sp_layer *layers, size_t count,
                         const struct im2sp_layer_names *names, size_t D, size_t F)
{
    const size_t length = strlen(walk->place);
    char place[64];
    for (size_t l = 0; l < count; l++) {
        struct im2sp_layer *layer = &layers[l];
        const char *number = strstr(names->place, "%zu");
        snprintf(place, sizeof place, "%.*s%zu%s", (int)(number - names->place), names->place, l,
                 number + 3);
        snprintf(walk->place + length, sizeof walk->place - length, "%s", place);
        visit_norm(walk, &layer->attention_gain, &layer->attention_offset, names->attention_norm,
                   D);
        visit_qkv(walk, layer, names, D);
        visit_linear(walk, &layer->out, &layer->out_bias, names->out, D, D);
        visit_norm(walk, &layer->mlp_gain, &layer->mlp_offset, names->mlp_norm, D);
        visit_linear(walk, &layer->expand, &layer->expand_bias, names->expand, F, D);
        visit_linear(walk, &layer->shrink, &layer->shrink_bias, names->shrink, D, F);
    }
    walk->place[length] = '\0';
}

static void visit_convolutions(struct walk *walk, struct im2sp_weights *weights,
                               const struct im2sp_encoder_config *config)
{
    const size_t width = config->convolution_channels;
    for (size_t c = 0; c < EARLY_CONVOLUTIONS && width > 0; c++) {
        const struct early_convolution sizes =
            early_convolution_at(c, im2sp_config_inputs(config), width);
        struct im2sp_early *early = &weights->encoder.early[c];
        struct im2sp_entry entry = { .part_count = 1,
                                     .dimension_count = 4,
                                     .shape = { width, sizes.channels, sizes.kernel, sizes.kernel },
                                     .role = IM2SP_MATRIX,
                                     .matrix = &early->weight };
        float **const rows[] = { NULL, &early->bias, &early->gain, &early->offset };
        for (enum early_tensor t = EARLY_WEIGHT; t < EARLY_TENSORS; t++) {
            char name[33]; /* with what stands before it, a name fits */
            early_convolution_name(name, sizeof name, im2sp_early_place, c, t);
            set_name(walk, &entry, 0, name, "");
            if (t == EARLY_WEIGHT)
                hand_over(walk, &entry);
            else
                visit_row(walk, rows[t], t == EARLY_GAIN ? IM2SP_ONES : IM2SP_ZEROS, name, "",
                          width);
        }
    }
}

static void visit_patch(struct walk *walk, struct im2sp_weights *weights,
                        const struct im2sp_encoder_config *config,
                        const struct im2sp_encoder_names *names)
{
    struct im2sp_entry entry = { .part_count = 1,
                                 .dimension_count = 4,
                                 .shape = { config->width, im2sp_patched_channels(config),
                                            config->kernel, config->kernel },
                                 .role = IM2SP_MATRIX,
                                 .matrix = &weights->encoder.patch };
    set_name(walk, &entry, 0, names->patch, "");
    hand_over(walk, &entry);
    if (names->patch_bias != NULL)
        visit_row(walk, &weights->encoder.patch_bias, IM2SP_ZEROS, names->patch_bias, "",
                  config->width);
}

static void visit_encoder(struct walk *walk, struct im2sp_weights *weights,
                          const struct im2sp_config *config)
{
    const struct im2sp_encoder_names *names = im2sp_encoder_names(config);
    const size_t D = config->encoder.width, T = im2sp_config_tokens(config);
    const size_t length = strlen(walk->place);
    snprintf(walk->place + length, sizeof walk->place - length, "%s", names->place);
    visit_convolutions(walk, weights, &config->encoder);
    visit_patch(walk, weights, &config->encoder, names);
    if (config->input == IM2SP_UNITS) {
        visit_table(walk, &weights->encoder.class_token, names->class_token, 3,
                    (const size_t[]){ 1, 1, D }, NULL);
        visit_table(walk, &weights->encoder.position, names->position, 3,
                    (const size_t[]){ 1, T, D }, NULL);
    } else {
        visit_table(walk, &weights->encoder.class_token, names->class_token, 1, &D, NULL);
        visit_table(walk, &weights->encoder.position, names->position, 2, (const size_t[]){ T, D },
                    NULL);
        visit_norm(walk, &weights->encoder.pre_gain, &weights->encoder.pre_offset, names->pre_norm,
                   D);
        visit_norm(walk, &weights->encoder.post_gain, &weights->encoder.post_offset,
                   names->post_norm, D);
    }
    visit_layers(walk, weights->encoder.layers, config->encoder.layers, &names->layer, D,
                 config->encoder.mlp);
    walk->place[length] = '\0';
}

static void visit_output(struct walk *walk, struct im2sp_weights *weights,
                         const struct im2sp_config *config, const struct im2sp_decoder_names *names)
{
    struct im2sp_entry entry = { .part_count = 1,
                                 .dimension_count = 2,
                                 .shape = { config->vocabulary, config->width },
                                 .role = IM2SP_MATRIX,
                                 .matrix = &weights->output };
    set_name(walk, &entry, 0, names->output, ".weight");
    snprintf(entry.other_name, IM2SP_NAME_BYTES, "%s%s", walk->place, names->words);
    hand_over(walk, &entry);
    visit_row(walk, &weights->output_bias, IM2SP_ZEROS, names->output, ".bias", config->vocabulary);
}

enum status im2sp_weights_visit(
    struct im2sp_weights *weights, const struct im2sp_config *config, const char *prefix,
    enum status (*visit)(void *payload, const struct im2sp_entry *entry), void *payload)
{
    const struct im2sp_decoder_names *names = im2sp_decoder_names(config->naming);
    const size_t D = config->width;
    struct walk walk = { .visit = visit, .payload = payload };
    char other[IM2SP_NAME_BYTES], part[96];
    snprintf(walk.place, sizeof walk.place, "%s", prefix);
    if (config->input != IM2SP_EMBEDDINGS)
        visit_encoder(&walk, weights, config);
    snprintf(part, sizeof part, "%s.0", names->projection);
    visit_linear(&walk, &weights->projection, &weights->projection_bias, part,
                 config->input == IM2SP_EMBEDDINGS ? config->prefix_tokens * D : D,
                 config->encoder.width);
    snprintf(part, sizeof part, "%s.1", names->projection);
    visit_norm(&walk, &weights->projection_gain, &weights->projection_offset, part, D);
    snprintf(other, sizeof other, "%s.weight", names->output);
    visit_table(&walk, &weights->words, names->words, 2, (const size_t[]){ config->vocabulary, D },
                other);
    visit_table(&walk, &weights->positions, names->positions, 2,
                (const size_t[]){ config->length_max, D }, NULL);
    visit_norm(&walk, &weights->word_gain, &weights->word_offset, names->word_norm, D);
    visit_layers(&walk, weights->layers, config->layers, &names->layer, D, config->mlp);
    visit_output(&walk, weights, config, names);
    return walk.outcome;
}
