/* The image-to-speech-unit model's namings and bad input, and how ids are chosen, on nets drawn
 * from a seed. */
#include "models/generation.h"
#include "models/generation_choice.h"
#include "models/im2sp_untrained.h"
#include "tests/models/im2sp_made.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 6, CHANNELS = 5, CODES = 9, UNITS = 12, SEED = 4 };

static struct im2sp_config small(void)
{
    struct im2sp_config config = im2sp_config_compact(SIDE, CHANNELS, UNITS);
    config.encoder.width = 24;
    config.encoder.heads = 3;
    config.encoder.mlp = 20;
    config.width = 32;
    config.heads = 4;
    config.mlp = 48;
    config.length_max = 20;
    return config;
}

static struct im2sp_config small_pixels(enum im2sp_naming naming)
{
    struct im2sp_config config = small();
    config.naming = naming;
    config.input = IM2SP_PIXELS;
    config.encoder.channels = 3;
    config.encoder.kernel = config.encoder.stride = 2;
    config.encoder.padding = 0;
    config.encoder.activation = IM2SP_QUICK_GELU;
    config.encoder.norm_eps = 1e-5f;
    config.ids = UNIT_IDS_PUBLIC;
    config.units = unit_ids_units(config.vocabulary);
    return config;
}

static void draw(struct tensor_table *table, const struct im2sp_config *config)
{
    check_status(im2sp_untrained(table, config, SEED), STATUS_OK, NULL);
}

static void the_settings_are_read_back(void)
{
    struct tensor_table table;
    const struct im2sp_config configs[] = { small(), small_pixels(IM2SP_HUGGING_FACE) };
    for (size_t c = 0; c < 2; c++) {
        draw(&table, &configs[c]);
        struct im2sp *net = im2sp_made(&table, &configs[c]);
        const struct im2sp_config *read = im2sp_sizes(net);
        CU_ASSERT_EQUAL(read->input, configs[c].input);
        CU_ASSERT_EQUAL(read->encoder.side, SIDE);
        CU_ASSERT_EQUAL(read->encoder.heads, configs[c].encoder.heads);
        CU_ASSERT_EQUAL(read->encoder.mlp, configs[c].encoder.mlp);
        CU_ASSERT_EQUAL(read->encoder.activation, configs[c].encoder.activation);
        CU_ASSERT_EQUAL(read->layers, configs[c].layers);
        CU_ASSERT_EQUAL(read->heads, configs[c].heads);
        CU_ASSERT_EQUAL(read->units, configs[c].units);
        CU_ASSERT_EQUAL(read->ids, configs[c].ids);
        CU_ASSERT_EQUAL(im2sp_config_tokens(read), 10);
        im2sp_destroy(net);
        tensor_table_end(&table);
    }
}

/* A name as Microsoft has it, from Hugging Face's. q, k and v have none of their own. */
static void rename_tensor(char out[200], const char *name)
{
    static const char *const pairs[][2] = {
        { "git.embeddings.word_embeddings", "textual.embedding.words" },
        { "git.embeddings.position_embeddings", "textual.embedding.positions" },
        { "git.embeddings.LayerNorm", "textual.embedding.layer_norm" },
        { "git.visual_projection.visual_projection", "textual.visual_projection" },
        { "git.encoder.layer", "textual.transformer.encoder.layer" },
        { "output", "textual.output" },
        { "git.image_encoder.vision_model.embeddings.patch_embedding", "image_encoder.conv1" },
        { "git.image_encoder.vision_model.embeddings.class_embedding",
          "image_encoder.class_embedding" },
        { "git.image_encoder.vision_model.embeddings.position_embedding.weight",
          "image_encoder.positional_embedding" },
        { "git.image_encoder.vision_model.pre_layrnorm", "image_encoder.ln_pre" },
        { "git.image_encoder.vision_model.post_layernorm", "image_encoder.ln_post" },
        { "git.image_encoder.vision_model.encoder.layers", "image_encoder.transformer.resblocks" },
    };
    static const char *const inner[][2] = { { "layer_norm1", "ln_1" },
                                            { "layer_norm2", "ln_2" },
                                            { "self_attn.out_proj", "attn.out_proj" },
                                            { "mlp.fc1", "mlp.c_fc" },
                                            { "mlp.fc2", "mlp.c_proj" } };
    char whole[180] = "";
    for (size_t p = 0; p < sizeof pairs / sizeof pairs[0] && whole[0] == '\0'; p++)
        if (strncmp(name, pairs[p][0], strlen(pairs[p][0])) == 0)
            snprintf(whole, sizeof whole, "%s%s", pairs[p][1], name + strlen(pairs[p][0]));
    snprintf(out, 200, "module.%s", whole);
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        const char *at = strstr(whole, inner[i][0]);
        if (at != NULL)
            snprintf(out, 200, "module.%.*s%s%s", (int)(at - whole), whole, inner[i][1],
                     at + strlen(inner[i][0]));
    }
}

static void copy_tensor(struct tensor_table *to, const char *name, const struct tensor *from)
{
    float *values = NULL;
    check_status(tensor_table_add(&values, to, name, from->dimension_count, from->shape), STATUS_OK,
                 NULL);
    memcpy(values, from->data, from->count * sizeof *values);
}

/* q, k and v of an image encoder's layer as one tensor. */
static void fuse(struct tensor_table *to, const struct tensor_table *from, size_t layer,
                 const char *kind)
{
    char name[200];
    float *values = NULL;
    for (size_t p = 0; p < 3; p++) {
        snprintf(name, sizeof name,
                 "git.image_encoder.vision_model.encoder.layers.%zu.self_attn.%c_proj.%s", layer,
                 "qkv"[p], kind);
        const struct tensor *part = tensor_table_find(from, name);
        size_t shape[2] = { 3 * part->shape[0], part->shape[0] };
        snprintf(name, sizeof name,
                 "module.image_encoder.transformer.resblocks.%zu.attn.in_proj_%s", layer, kind);
        if (p == 0)
            check_status(tensor_table_add(&values, to, name, part->dimension_count, shape),
                         STATUS_OK, NULL);
        memcpy(values + p * part->count, part->data, part->count * sizeof *values);
    }
}

static float *first_logits(struct im2sp *net)
{
    const size_t values = 3 * SIDE * SIDE, V = im2sp_sizes(net)->vocabulary;
    float *planes = malloc(values * sizeof *planes), *logits = malloc(V * sizeof *logits);
    float *picture = malloc(im2sp_picture_count(net) * sizeof *picture);
    float *cache = calloc(im2sp_cache_count(net, 2), sizeof *cache);
    for (size_t i = 0; i < values; i++)
        planes[i] = sinf((float)i);
    im2sp_encode_pixels(&picture, net, planes, 1);
    const struct im2sp_row row = { picture, cache, 0, UNIT_ID_BEGIN };
    im2sp_step(logits, net, &row, 1, 2);
    free(planes);
    free(picture);
    free(cache);
    return logits;
}

static void microsofts_names_give_the_same(void)
{
    const struct im2sp_config hugging_face = small_pixels(IM2SP_HUGGING_FACE);
    const struct im2sp_config microsoft = small_pixels(IM2SP_MICROSOFT);
    struct tensor_table table, renamed = { .source = strdup("renamed") };
    draw(&table, &hugging_face);
    for (size_t t = 0; t < table.count; t++) {
        char name[200];
        rename_tensor(name, table.tensors[t].name);
        if (strstr(name, "_proj.") == NULL || strstr(name, "out_proj") != NULL ||
            strstr(name, "c_proj") != NULL)
            copy_tensor(&renamed, name, &table.tensors[t]);
    }
    for (size_t l = 0; l < hugging_face.encoder.layers; l++) {
        fuse(&renamed, &table, l, "weight");
        fuse(&renamed, &table, l, "bias");
    }
    struct im2sp *net = im2sp_made(&table, &hugging_face),
                 *other = im2sp_made(&renamed, &microsoft);
    CU_ASSERT_EQUAL(im2sp_sizes(other)->naming, IM2SP_MICROSOFT);
    float *logits = first_logits(net), *others = first_logits(other);
    CU_ASSERT_EQUAL(memcmp(logits, others, im2sp_sizes(net)->vocabulary * sizeof *logits), 0);
    CU_ASSERT(isfinite(logits[0]) && logits[0] != logits[1]);
    free(logits);
    free(others);
    im2sp_destroy(net);
    im2sp_destroy(other);
    tensor_table_end(&table);
    tensor_table_end(&renamed);
}

/* Takes a tensor out of a table that owns it. */
static void drop_tensor(struct tensor_table *table, const char *name)
{
    struct tensor *tensor = (struct tensor *)tensor_table_find(table, name);
    free(tensor->name);
    free(tensor->owned);
    const size_t at = (size_t)(tensor - table->tensors);
    memmove(tensor, tensor + 1, (table->count - at - 1) * sizeof *tensor);
    table->count--;
}

static void expect_create(const struct tensor_table *table, const char *key, double value,
                          enum status expected, const char *fragment)
{
    struct im2sp *net = NULL;
    const struct im2sp_config config = small();
    struct settings *settings = im2sp_made_settings(&config);
    if (key != NULL)
        check_status(settings_put_number(settings, key, value), STATUS_OK, NULL);
    check_status(im2sp_create(&net, table, settings), expected, fragment);
    im2sp_destroy(net);
    settings_destroy(settings);
}

static void tied_matrices_may_be_there_once(void)
{
    const struct im2sp_config config = small();
    struct tensor_table table;
    draw(&table, &config);
    drop_tensor(&table, "output.weight");
    expect_create(&table, NULL, 0.0, STATUS_OK, NULL);
    tensor_table_end(&table);
    draw(&table, &config);
    drop_tensor(&table, "git.embeddings.word_embeddings.weight");
    expect_create(&table, NULL, 0.0, STATUS_OK, NULL);
    drop_tensor(&table, "output.weight");
    expect_create(&table, NULL, 0.0, STATUS_CORRUPT, "word_embeddings.weight is missing");
    tensor_table_end(&table);
}

static void bad_settings_and_weights_are_refused(void)
{
    const struct im2sp_config config = small();
    struct tensor_table table, empty = { .source = "nothing" };
    struct im2sp *net = NULL;
    draw(&table, &config);
    expect_create(&table, "num_attention_heads", 5, STATUS_INVALID, "5 heads");
    expect_create(&table, "vision_config.num_attention_heads", 0, STATUS_INVALID, "heads");
    expect_create(&table, "vision_config.image_size", 9, STATUS_INVALID, "square of 9");
    expect_create(&table, "bos_token_id", 0, STATUS_INVALID, "bos_token_id");
    expect_create(&table, "layer_norm_eps", -1, STATUS_INVALID, "layer_norm_eps");
    expect_create(&table, "im2sp.num_units", 1e6, STATUS_INVALID, "num_units");
    struct tensor *bias =
        (struct tensor *)tensor_table_find(&table, "git.encoder.layer.1.output.dense.bias");
    bias->shape[0] = bias->count = 31;
    expect_create(&table, NULL, 0, STATUS_CORRUPT, "layer.1.output.dense.bias");
    bias->shape[0] = bias->count = 32;
    ((float *)bias->owned)[3] = INFINITY;
    expect_create(&table, NULL, 0, STATUS_CORRUPT, "layer.1.output.dense.bias");
    tensor_table_end(&table);
    check_status(im2sp_create(&net, &empty, NULL), STATUS_CORRUPT, "no image-to-speech model");
}

static void units_need_their_codebook(void)
{
    const struct im2sp_config config = small();
    struct tensor_table table;
    draw(&table, &config);
    struct im2sp *net = im2sp_made(&table, &config);
    float codes[CODES * CHANNELS] = { 0.5f };
    uint16_t units[SIDE * SIDE] = { 0 };
    float *picture = malloc(im2sp_picture_count(net) * sizeof *picture);
    check_status(im2sp_encode_units(&picture, net, units, 1), STATUS_INVALID, "no codebook");
    check_status(im2sp_set_codebook(net, codes, CODES, CHANNELS - 1), STATUS_INVALID,
                 "not this model's");
    check_status(im2sp_set_codebook(net, codes, CODES, CHANNELS), STATUS_OK, NULL);
    units[7] = CODES;
    check_status(im2sp_encode_units(&picture, net, units, 1), STATUS_INVALID, "image unit 9");
    units[7] = CODES - 1;
    check_status(im2sp_encode_units(&picture, net, units, 1), STATUS_OK, NULL);
    free(picture);
    im2sp_destroy(net);
    tensor_table_end(&table);
}

static void ids_apart_have_no_collision(void)
{
    bool seen[300] = { false };
    for (uint16_t u = 0; u < 200; u++) {
        const uint16_t id = unit_ids_of_unit(UNIT_IDS_APART, u);
        CU_ASSERT_FATAL(id < unit_ids_vocabulary(200));
        CU_ASSERT(!seen[id] && id != UNIT_ID_PAD && id != UNIT_ID_BEGIN && id != UNIT_ID_END);
        CU_ASSERT_EQUAL(unit_ids_to_unit(UNIT_IDS_APART, id), u);
        seen[id] = true;
    }
    CU_ASSERT_EQUAL(unit_ids_to_unit(UNIT_IDS_APART, UNIT_ID_BEGIN), -1);
}

static void bad_options_are_refused(void)
{
    const struct im2sp_config config = small();
    struct generation *generation = NULL;
    struct tensor_table table;
    draw(&table, &config);
    struct im2sp *net = im2sp_made(&table, &config);
    const struct generation_options good = { .method = GENERATION_BEAM,
                                             .batch = 2,
                                             .captions = 2,
                                             .length_max = 20,
                                             .beams = 3,
                                             .temperature = 1.0,
                                             .top_p = 1.0 };
    struct generation_options bad[9] = { good, good, good, good, good, good, good, good, good };
    bad[0].length_max = 21;
    bad[1].length_max = 1;
    bad[2].batch = 0;
    bad[3].beams = 65;
    bad[4].temperature = 0.0;
    bad[5].top_p = NAN;
    bad[6].captions = 0;
    bad[7].captions = 4; /* of 3 beams */
    bad[8].method = GENERATION_GREEDY;
    for (size_t b = 0; b < 9; b++) {
        check_status(generation_create(&generation, net, &bad[b]), STATUS_INVALID, NULL);
        CU_ASSERT_PTR_NULL(generation);
    }
    check_status(generation_create(&generation, net, &good), STATUS_OK, NULL);
    generation_destroy(generation);
    im2sp_destroy(net);
    tensor_table_end(&table);
}

/* How often each of four ids is drawn in 4,000 draws. */
static void count_draws(size_t counts[4], struct generation_sampling sampling)
{
    const float logits[4] = { logf(0.1f), logf(0.4f), logf(0.2f), logf(0.3f) };
    struct random_stream stream = random_stream_for(SEED, "draws", "test");
    struct generation_candidate scratch[4];
    memset(counts, 0, 4 * sizeof *counts);
    for (size_t d = 0; d < 4000; d++)
        counts[generation_draw(logits, 4, &sampling, &stream, scratch)]++;
}

static void check_share(size_t count, double share)
{
    CU_ASSERT_DOUBLE_EQUAL((double)count / 4000.0, share, 0.03);
}

static void draws_have_their_probabilities(void)
{
    size_t counts[4];
    count_draws(counts, (struct generation_sampling){ 1.0, 1.0, 0 });
    check_share(counts[0], 0.1);
    check_share(counts[1], 0.4);
    check_share(counts[2], 0.2);
    check_share(counts[3], 0.3);
    count_draws(counts, (struct generation_sampling){ 1.0, 1.0, 2 });
    CU_ASSERT_EQUAL(counts[0] + counts[2], 0);
    check_share(counts[1], 4.0 / 7.0);
    count_draws(counts, (struct generation_sampling){ 1.0, 0.75, 0 }); /* 0.4, 0.3, and 0.2 of it */
    CU_ASSERT_EQUAL(counts[0], 0);
    check_share(counts[2], 2.0 / 9.0);
    count_draws(counts, (struct generation_sampling){ 0.5, 1.0, 0 }); /* squares */
    check_share(counts[1], 0.16 / 0.30);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the settings are read back", the_settings_are_read_back },
        { "Microsoft's names give the same", microsofts_names_give_the_same },
        { "tied matrices may be there once", tied_matrices_may_be_there_once },
        { "bad settings and weights are refused", bad_settings_and_weights_are_refused },
        { "units need their codebook", units_need_their_codebook },
        { "ids apart have no collision", ids_apart_have_no_collision },
        { "bad options are refused", bad_options_are_refused },
        { "draws have their probabilities", draws_have_their_probabilities },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp", cases);
}
