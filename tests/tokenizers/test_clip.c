/* CLIP image encoders without recorded data: configurations, namings, hostile weights, batches. */
#include "core/random.h"
#include "nn/matmul.h"
#include "tests/support/check.h"
#include "tests/tokenizers/weights_table.h"
#include "tokenizers/image/clip.h"
#include "tokenizers/image/clip_untrained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 32, VALUES = 3 * SIDE * SIDE, EMBEDDING = 12 };

static struct clip_config small_config(void)
{
    struct clip_config config = clip_config_compact();
    config.image = SIDE;
    config.patch = 8;
    config.width = 64;
    config.layers = 2;
    config.heads = 4;
    config.mlp = 96;
    config.embedding = EMBEDDING;
    config.activation = VISION_GELU;
    config.layer_norm_eps = 1e-6;
    config.mean[1] = 0.5f;
    return config;
}

static struct settings *settings_of(const struct clip_config *config)
{
    struct settings *settings = settings_create("config.json");
    check_status(clip_config_write(settings, config), STATUS_OK, NULL);
    return settings;
}

struct loaded {
    struct tensor_table table;
    struct settings *settings;
    struct clip *net;
};

static struct loaded load(uint64_t seed)
{
    const struct clip_config config = small_config();
    struct loaded loaded = { .settings = settings_of(&config) };
    check_status(clip_untrained(&loaded.table, &config, seed), STATUS_OK, NULL);
    check_status(clip_create(&loaded.net, &loaded.table, loaded.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(loaded.net);
    return loaded;
}

static void unload(struct loaded *loaded)
{
    clip_destroy(loaded->net);
    settings_destroy(loaded->settings);
    tensor_table_end(&loaded->table);
}

static bool is_same(const struct clip_config *a, const struct clip_config *b)
{
    return a->naming == b->naming && a->image == b->image && a->patch == b->patch &&
           a->width == b->width && a->layers == b->layers && a->heads == b->heads &&
           a->mlp == b->mlp && a->embedding == b->embedding && a->activation == b->activation &&
           a->layer_norm_eps == b->layer_norm_eps &&
           memcmp(a->mean, b->mean, sizeof a->mean) == 0 &&
           memcmp(a->deviation, b->deviation, sizeof a->deviation) == 0;
}

static void a_config_survives_writing_and_reading(void)
{
    const struct clip_config configs[] = { small_config(), clip_config_compact() };
    for (size_t c = 0; c < 2; c++) {
        struct settings *settings = settings_of(&configs[c]);
        struct clip_config back = clip_config_compact();
        check_status(clip_config_read(&back, settings), STATUS_OK, NULL);
        CU_ASSERT(is_same(&back, &configs[c]));
        settings_destroy(settings);
    }
}

static void hugging_faces_keys_are_understood(void)
{
    struct clip_config config = clip_config_compact();
    struct settings *settings = settings_create("config.json");
    settings_put_number(settings, "vision_config.hidden_size", 1024);
    settings_put_number(settings, "vision_config.num_attention_heads", 16);
    settings_put_number(settings, "vision_config.intermediate_size", 4096);
    settings_put_number(settings, "vision_config.projection_dim", 512); /* L/14 has 768 */
    settings_put_text(settings, "vision_config.hidden_act", "gelu");
    settings_put_number(settings, "hidden_size", 768); /* of a captioner's text side */
    settings_put_number(settings, "layer_norm_eps", 1e-12);
    settings_put_number(settings, "vision_config.layer_norm_eps", 1e-5);
    check_status(clip_config_read(&config, settings), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(config.width, 1024);
    CU_ASSERT_EQUAL(config.heads, 16);
    CU_ASSERT_EQUAL(config.embedding, 128);
    CU_ASSERT_EQUAL(config.activation, VISION_GELU);
    CU_ASSERT_EQUAL(config.layer_norm_eps, 1e-5);
    settings_destroy(settings);
}

/* ViT-H-14 as LAION published it. */
static void open_clips_keys_are_understood(void)
{
    struct clip_config config = clip_config_compact();
    struct settings *settings = settings_create("open_clip_config.json");
    settings_put_number(settings, "model_cfg.embed_dim", 1024);
    settings_put_number(settings, "model_cfg.vision_cfg.width", 1280);
    settings_put_number(settings, "model_cfg.vision_cfg.layers", 32);
    settings_put_number(settings, "model_cfg.vision_cfg.head_width", 80);
    settings_put_number(settings, "model_cfg.vision_cfg.patch_size", 14);
    settings_put_number(settings, "preprocess_cfg.mean.2", 0.5);
    check_status(clip_config_read(&config, settings), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(config.heads, 16);
    CU_ASSERT_EQUAL(config.embedding, 1024);
    CU_ASSERT_EQUAL(config.activation, VISION_GELU);
    CU_ASSERT_EQUAL(config.mean[2], 0.5f);
    settings_put_switch(settings, "model_cfg.quick_gelu", true);
    check_status(clip_config_read(&config, settings), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(config.activation, VISION_QUICK_GELU);
    settings_put_switch(settings, "model_cfg.vision_cfg.attentional_pool", true);
    check_status(clip_config_read(&config, settings), STATUS_INVALID, "attentional_pool");
    settings_destroy(settings);
}

static void check_refused(const char *key, double value, const char *fragment)
{
    struct settings *settings = settings_create("config.json");
    struct clip_config config = clip_config_compact();
    settings_put_number(settings, key, value);
    check_status(clip_config_read(&config, settings), STATUS_INVALID, fragment);
    settings_destroy(settings);
}

static void senseless_configs_are_refused(void)
{
    check_refused("image_size", 0, "image_size");
    check_refused("image_size", 1e9, "image_size");
    check_refused("image_size", 225, "no multiple");
    check_refused("patch_size", 0.5, "patch_size");
    check_refused("vision_config.num_hidden_layers", 1e6, "num_hidden_layers");
    check_refused("heads", 5, "not divided by 5 heads");
    check_refused("heads", -1, "heads");
    check_refused("layer_norm_eps", 0, "layer_norm_eps");
    check_refused("mean.1", 7, "mean.1");
    check_refused("preprocess_cfg.std.0", 0, "preprocess_cfg.std.0");

    struct settings *settings = settings_create("config.json");
    struct clip_config config = clip_config_compact();
    settings_put_text(settings, "hidden_act", "gelu_new");
    check_status(clip_config_read(&config, settings), STATUS_INVALID, "gelu_new");
    settings_destroy(settings);
}

static void settings_that_do_not_fit_the_weights_are_told(void)
{
    const struct {
        const char *key;
        double value;
        const char *fragment;
    } cases[] = { { "image_size", 64, "image size is 64, the weights would fit 32" },
                  { "width", 128, "width is 128, the weights would fit 64" },
                  { "layers", 3, "blocks is 3, the weights would fit 2" },
                  { "output_dim", 13, "embedding is 13, the weights would fit 12" } };
    struct loaded loaded = load(1);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const struct clip_config config = small_config();
        struct settings *settings = settings_of(&config);
        struct clip *net = NULL;
        settings_put_number(settings, cases[c].key, cases[c].value);
        check_status(clip_create(&net, &loaded.table, settings), STATUS_INVALID, cases[c].fragment);
        CU_ASSERT_PTR_NULL(net);
        settings_destroy(settings);
    }
    unload(&loaded);
}

static struct clip_config assumed_for(size_t width)
{
    struct clip_config config = small_config();
    struct tensor_table table;
    struct clip *net = NULL;
    config.width = width;
    config.heads = 1;
    check_status(clip_untrained(&table, &config, 1), STATUS_OK, NULL);
    check_status(clip_create(&net, &table, NULL), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    config = *clip_sizes(net);
    clip_destroy(net);
    tensor_table_end(&table);
    return config;
}

static void shapes_alone_are_enough_for_the_published_nets(void)
{
    const struct clip_config base = assumed_for(768), huge = assumed_for(1280);
    CU_ASSERT_EQUAL(base.heads, 12);
    CU_ASSERT_EQUAL(base.activation, VISION_QUICK_GELU);
    CU_ASSERT_EQUAL(base.layers, 2);
    CU_ASSERT_EQUAL(base.image, SIDE);
    CU_ASSERT_EQUAL(base.embedding, EMBEDDING);
    CU_ASSERT_EQUAL(huge.heads, 16);
    CU_ASSERT_EQUAL(huge.activation, VISION_GELU);

    struct clip_config odd = small_config();
    struct tensor_table table;
    struct clip *net = NULL;
    odd.width = 36;
    check_status(clip_untrained(&table, &odd, 1), STATUS_OK, NULL);
    check_status(clip_create(&net, &table, NULL), STATUS_INVALID, "set the number of heads");
    tensor_table_end(&table);
}

static void check_broken(struct loaded *loaded, const char *fragment)
{
    struct clip *net = NULL;
    check_status(clip_create(&net, &loaded->table, loaded->settings), STATUS_CORRUPT, fragment);
    CU_ASSERT_PTR_NULL(net);
    unload(loaded);
}

static void missing_tensors_are_named(void)
{
    struct loaded whole = load(1);
    for (size_t t = 0; t < whole.table.count; t++) {
        struct loaded loaded = load(1);
        struct clip *net = NULL;
        weights_table_remove(&loaded.table, whole.table.tensors[t].name);
        const enum status outcome = clip_create(&net, &loaded.table, loaded.settings);
        /* A block without its first tensor ends the tower, which the settings contradict. */
        CU_ASSERT(outcome == STATUS_CORRUPT || outcome == STATUS_INVALID);
        CU_ASSERT_PTR_NULL(net);
        unload(&loaded);
    }
    unload(&whole);
    struct loaded loaded = load(1);
    weights_table_remove(&loaded.table, "visual.conv1.weight");
    check_broken(&loaded, "no CLIP image encoder");
    loaded = load(1);
    weights_table_remove(&loaded.table, "visual.ln_post.bias");
    check_broken(&loaded, "tensor visual.ln_post.bias [64] is missing");
}

static void misshapen_unknown_and_infinite_tensors_are_named(void)
{
    float *values = NULL;
    struct loaded loaded = load(1);
    weights_table_remove(&loaded.table, "visual.class_embedding");
    tensor_table_add(&values, &loaded.table, "visual.class_embedding", 1, (size_t[]){ 63 });
    check_broken(&loaded, "visual.class_embedding has shape [63], expected [64]");

    loaded = load(1);
    tensor_table_add(&values, &loaded.table, "visual.attn_pool.query", 1, (size_t[]){ 4 });
    check_broken(&loaded, "visual.attn_pool.query is no part");

    loaded = load(1);
    ((float *)weights_table_find(&loaded.table, "visual.proj")->owned)[5] = INFINITY;
    check_broken(&loaded, "visual.proj is not finite");
}

static float *draw_planes(size_t count)
{
    struct random_stream stream = random_stream_numbered(1, 0, "planes");
    float *planes = malloc(count * VALUES * sizeof *planes);
    for (size_t i = 0; i < count * VALUES; i++)
        planes[i] = (float)random_normal(&stream);
    return planes;
}

/* The text encoder beside the image encoder, and a training program's prefix, change nothing. */
static void text_encoders_and_prefixes_do_not_matter(void)
{
    float plain[EMBEDDING], again[EMBEDDING], *planes = draw_planes(1), *values = NULL;
    struct loaded loaded = load(1);
    clip_encode_planes(plain, loaded.net, planes, 1);
    clip_destroy(loaded.net);
    for (size_t t = 0; t < loaded.table.count; t++) {
        char longer[200];
        snprintf(longer, sizeof longer, "state_dict.module.%s", loaded.table.tensors[t].name);
        free(loaded.table.tensors[t].name);
        loaded.table.tensors[t].name = strdup(longer);
    }
    tensor_table_add(&values, &loaded.table, "state_dict.module.positional_embedding", 2,
                     (size_t[]){ 7, 32 });
    tensor_table_add(&values, &loaded.table, "state_dict.module.transformer.resblocks.0.x", 1,
                     (size_t[]){ 3 });
    check_status(clip_create(&loaded.net, &loaded.table, loaded.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(loaded.net);
    clip_encode_planes(again, loaded.net, planes, 1);
    CU_ASSERT_EQUAL(memcmp(plain, again, sizeof plain), 0);
    free(planes);
    unload(&loaded);
}

/* 150 pictures of 17 tokens are several passes and a rest. */
static void batches_give_what_single_pictures_give(void)
{
    enum { COUNT = 150 };
    struct loaded loaded = load(1);
    float *planes = draw_planes(COUNT), *embeddings = malloc(COUNT * EMBEDDING * sizeof(float));
    float single[EMBEDDING], worst = 0.0f, spread = 0.0f;
    clip_encode_planes(embeddings, loaded.net, planes, COUNT);
    for (size_t p = 0; p < COUNT; p++) {
        clip_encode_planes(single, loaded.net, planes + p * VALUES, 1);
        for (size_t i = 0; i < EMBEDDING; i++) {
            worst = fmaxf(worst, fabsf(single[i] - embeddings[p * EMBEDDING + i]));
            spread = fmaxf(spread, fabsf(single[i] - embeddings[i]));
        }
    }
    CU_ASSERT(worst < 5e-6f);
    CU_ASSERT(spread > 0.01f);
    free(planes);
    free(embeddings);
    unload(&loaded);
}

static void untrained_weights_depend_on_the_seed_only(void)
{
    struct loaded first = load(1), again = load(1), other = load(2);
    weights_table_check_seeds(&first.table, &again.table, &other.table, 9);
    unload(&first);
    unload(&again);
    unload(&other);
}

/* A margin of 3, which torchvision halves to 2 and Hugging Face to 1. */
static void the_crop_is_that_of_the_origin(void)
{
    struct clip_config config = small_config();
    struct resize_window window;
    check_status(clip_config_window(&window, &config, SIDE, SIDE + 3), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(window.top, 2);
    config.naming = CLIP_HUGGING_FACE;
    check_status(clip_config_window(&window, &config, SIDE, SIDE + 3), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(window.top, 1);
    CU_ASSERT_EQUAL(window.full_height, SIDE + 3);
    CU_ASSERT_EQUAL(window.height, SIDE);
}

static void the_cost_of_the_large_net_is_known(void)
{
    struct clip_config large = clip_config_compact();
    large.patch = 14;
    large.width = 1024;
    large.layers = 24;
    large.mlp = 4096;
    large.embedding = 768;
    CU_ASSERT(fabs(clip_config_flop(&large) - 2 * 81e9) < 0.5e9);
}

int main(int argc, char **argv)
{
    matmul_use_one_thread();
    CU_TestInfo cases[] = {
        { "a config survives writing and reading", a_config_survives_writing_and_reading },
        { "Hugging Face's keys", hugging_faces_keys_are_understood },
        { "OpenCLIP's keys", open_clips_keys_are_understood },
        { "senseless configs", senseless_configs_are_refused },
        { "settings that do not fit", settings_that_do_not_fit_the_weights_are_told },
        { "shapes alone are enough", shapes_alone_are_enough_for_the_published_nets },
        { "missing tensors", missing_tensors_are_named },
        { "misshapen, unknown, infinite", misshapen_unknown_and_infinite_tensors_are_named },
        { "text encoders and prefixes", text_encoders_and_prefixes_do_not_matter },
        { "batches and single pictures", batches_give_what_single_pictures_give },
        { "untrained weights depend on the seed", untrained_weights_depend_on_the_seed_only },
        { "the crop is that of the origin", the_crop_is_that_of_the_origin },
        { "the cost of the large net", the_cost_of_the_large_net_is_known },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "clip", cases);
}
