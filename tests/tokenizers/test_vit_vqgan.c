/* ViT-VQGAN without recorded data: configurations, hostile weights, batches, ties. */
#include "core/random.h"
#include "nn/matmul.h"
#include "tests/support/check.h"
#include "tests/tokenizers/weights_table.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/image/vit_vqgan_untrained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 48 x 32 pixels, 24 tokens; heads * head_width differs from dim on both sides. */
static const struct vit_vqgan_config small = { .image_height = 32,
                                               .image_width = 48,
                                               .patch = 8,
                                               .encoder = { 20, 2, 3, 8, 28 },
                                               .decoder = { 16, 1, 2, 12, 40 },
                                               .code_count = 300,
                                               .code_width = 6,
                                               .layer_norm_eps = 1e-6 };
enum { SMALL_TOKENS = 24, SMALL_VALUES = 3 * 32 * 48 };

static struct settings *settings_of(const struct vit_vqgan_config *config)
{
    struct settings *settings = settings_create("config.json");
    check_status(vit_vqgan_config_write(settings, config), STATUS_OK, NULL);
    return settings;
}

struct loaded {
    struct tensor_table table;
    struct settings *settings;
    struct vit_vqgan *net;
};

static struct loaded load(uint64_t seed)
{
    struct loaded loaded = { .settings = settings_of(&small) };
    check_status(vit_vqgan_untrained(&loaded.table, &small, seed), STATUS_OK, NULL);
    check_status(vit_vqgan_create(&loaded.net, &loaded.table, loaded.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(loaded.net);
    return loaded;
}

static void unload(struct loaded *loaded)
{
    vit_vqgan_destroy(loaded->net);
    settings_destroy(loaded->settings);
    tensor_table_end(&loaded->table);
}

static uint8_t *draw(size_t count)
{
    struct random_stream stream = random_stream_numbered(1, 0, "pixels");
    uint8_t *pixels = malloc(count * SMALL_VALUES);
    for (size_t i = 0; i < count * SMALL_VALUES; i++)
        pixels[i] = (uint8_t)random_bits(&stream);
    return pixels;
}

static void a_config_survives_writing_and_reading(void)
{
    const struct vit_vqgan_config configs[] = { small, vit_vqgan_config_compact() };
    for (size_t c = 0; c < 2; c++) {
        struct settings *settings = settings_of(&configs[c]);
        struct vit_vqgan_config back = vit_vqgan_config_compact();
        check_status(vit_vqgan_config_read(&back, settings), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(memcmp(&back, &configs[c], sizeof back), 0);
        settings_destroy(settings);
    }
    CU_ASSERT_EQUAL(vit_vqgan_config_tokens(&small), SMALL_TOKENS);
}

static void upstreams_yaml_keys_are_understood(void)
{
    struct settings *settings = settings_create("imagenet_vitvq_base.yaml");
    struct vit_vqgan_config config = vit_vqgan_config_compact();
    settings_put_number(settings, "model.params.image_size", 256);
    settings_put_number(settings, "model.params.patch_size", 8);
    settings_put_number(settings, "model.params.encoder.dim", 768);
    settings_put_number(settings, "model.params.decoder.mlp_dim", 3072);
    settings_put_number(settings, "model.params.quantizer.n_embed", 1024);
    check_status(vit_vqgan_config_read(&config, settings), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(config.encoder.dim, 768);
    CU_ASSERT_EQUAL(config.decoder.mlp, 3072);
    CU_ASSERT_EQUAL(config.code_count, 1024);
    settings_destroy(settings);
}

static void check_refused(const char *key, double value, const char *fragment)
{
    struct settings *settings = settings_create("config.json");
    struct vit_vqgan_config config = vit_vqgan_config_compact();
    settings_put_number(settings, key, value);
    check_status(vit_vqgan_config_read(&config, settings), STATUS_INVALID, fragment);
    settings_destroy(settings);
}

static void senseless_configs_are_refused(void)
{
    check_refused("image_size", 0, "image_size");
    check_refused("image_size", 1e9, "image_size");
    check_refused("image_size", 250, "no multiple");
    check_refused("patch_size", 0.5, "patch_size");
    check_refused("encoder.depth", 1e6, "encoder.depth");
    check_refused("quantizer.n_embed", 65537, "n_embed");
    check_refused("model.params.decoder.heads", -1, "model.params.decoder.heads");
    check_refused("layer_norm_eps", 0, "layer_norm_eps");
    check_refused("channels", 1, "channels");
}

static void other_kinds_of_nets_are_refused(void)
{
    const struct {
        const char *key;
        bool value;
    } switches[] = { { "quantizer.use_norm", false },
                     { "model.params.quantizer.use_residual", true },
                     { "pre_norm", false },
                     { "qkv_bias", true } };
    struct vit_vqgan_config config = vit_vqgan_config_compact();
    for (size_t s = 0; s < sizeof switches / sizeof switches[0]; s++) {
        struct settings *settings = settings_create("config.json");
        settings_put_switch(settings, switches[s].key, switches[s].value);
        check_status(vit_vqgan_config_read(&config, settings), STATUS_INVALID, switches[s].key);
        settings_put_switch(settings, switches[s].key, !switches[s].value);
        check_status(vit_vqgan_config_read(&config, settings), STATUS_OK, NULL);
        settings_put_text(settings, "ffn_activation", "gelu");
        check_status(vit_vqgan_config_read(&config, settings), STATUS_INVALID, "gelu");
        settings_destroy(settings);
    }
}

static void settings_that_do_not_fit_the_weights_are_told(void)
{
    const struct {
        const char *key;
        double value;
        const char *fragment;
    } cases[] = { { "image_size.1", 40, "24 positions" },
                  { "encoder.dim", 24, "encoder.dim is 24, the weights have 20" },
                  { "decoder.depth", 2, "decoder.depth is 2, the weights have 1" },
                  { "encoder.heads", 5, "encoder.heads" },
                  { "quantizer.embed_dim", 7, "embed_dim is 7, the weights have 6" } };
    struct loaded loaded = load(1);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        struct settings *settings = settings_of(&small);
        struct vit_vqgan *net = NULL;
        settings_put_number(settings, cases[c].key, cases[c].value);
        check_status(vit_vqgan_create(&net, &loaded.table, settings), STATUS_INVALID,
                     cases[c].fragment);
        CU_ASSERT_PTR_NULL(net);
        settings_destroy(settings);
    }
    struct vit_vqgan *net = NULL;
    check_status(vit_vqgan_create(&net, &loaded.table, NULL), STATUS_INVALID, "heads");
    unload(&loaded);
}

/* Upstream's own shapes need no settings at all: heads of 64, square pictures. */
static void shapes_alone_are_enough_for_upstreams_nets(void)
{
    struct vit_vqgan_config config = { .image_height = 32,
                                       .image_width = 32,
                                       .patch = 8,
                                       .encoder = { 24, 1, 2, 64, 32 },
                                       .decoder = { 24, 1, 1, 64, 32 },
                                       .code_count = 10,
                                       .code_width = 4,
                                       .layer_norm_eps = 1e-5 };
    struct tensor_table table;
    struct vit_vqgan *net = NULL;
    check_status(vit_vqgan_untrained(&table, &config, 1), STATUS_OK, NULL);
    check_status(vit_vqgan_create(&net, &table, NULL), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(vit_vqgan_sizes(net), &config, sizeof config), 0);
    vit_vqgan_destroy(net);

    struct settings *settings = settings_create("config.json");
    settings_put_number(settings, "image_size", 64);
    check_status(vit_vqgan_create(&net, &table, settings), STATUS_INVALID, "32 x 32 pixels would");
    settings_destroy(settings);
    tensor_table_end(&table);
}

static void check_broken(struct loaded *loaded, const char *fragment)
{
    struct vit_vqgan *net = NULL;
    check_status(vit_vqgan_create(&net, &loaded->table, loaded->settings), STATUS_CORRUPT,
                 fragment);
    CU_ASSERT_PTR_NULL(net);
    vit_vqgan_destroy(net);
    unload(loaded);
}

static void missing_tensors_are_named(void)
{
    struct loaded whole = load(1);
    for (size_t t = 0; t < whole.table.count; t++) {
        struct loaded loaded = load(1);
        weights_table_remove(&loaded.table, whole.table.tensors[t].name);
        struct vit_vqgan *net = NULL;
        const enum status outcome = vit_vqgan_create(&net, &loaded.table, loaded.settings);
        /* A block without its first tensor ends the tower, which the settings contradict. */
        CU_ASSERT(outcome == STATUS_CORRUPT || outcome == STATUS_INVALID);
        CU_ASSERT_PTR_NULL(net);
        unload(&loaded);
    }
    unload(&whole);
    struct loaded loaded = load(1);
    weights_table_remove(&loaded.table, "pre_quant.bias");
    check_broken(&loaded, "tensor pre_quant.bias [6] is missing");
}

static void misshapen_unknown_and_infinite_tensors_are_named(void)
{
    float *values = NULL;
    struct loaded loaded = load(1);
    weights_table_remove(&loaded.table, "decoder.to_pixel.1.bias");
    tensor_table_add(&values, &loaded.table, "decoder.to_pixel.1.bias", 1, (size_t[]){ 4 });
    check_broken(&loaded, "decoder.to_pixel.1.bias has shape [4], expected [3]");

    loaded = load(1);
    tensor_table_add(&values, &loaded.table, "encoder.cls_token", 1, (size_t[]){ 4 });
    check_broken(&loaded, "encoder.cls_token is no part");

    loaded = load(1);
    const struct tensor *codes = tensor_table_find(&loaded.table, "quantizer.embedding.weight");
    ((float *)codes->owned)[17] = NAN;
    check_broken(&loaded, "quantizer.embedding.weight is not finite");

    loaded = load(1);
    struct vit_vqgan *net = NULL;
    tensor_table_add(&values, &loaded.table, "loss.discriminator.weight", 1, (size_t[]){ 4 });
    check_status(vit_vqgan_create(&net, &loaded.table, loaded.settings), STATUS_OK, NULL);
    vit_vqgan_destroy(net);
    unload(&loaded);
}

static void untrained_weights_depend_on_the_seed_only(void)
{
    struct loaded first = load(1), again = load(1), other = load(2);
    weights_table_check_seeds(&first.table, &again.table, &other.table, 11);
    unload(&first);
    unload(&again);
    unload(&other);

    struct vit_vqgan_config odd = small;
    struct tensor_table table;
    odd.decoder.dim = 18;
    check_status(vit_vqgan_untrained(&table, &odd, 1), STATUS_INVALID, "multiples of 4");
    CU_ASSERT_EQUAL(table.count, 0);
}

/* 70 pictures of 24 tokens are several passes and a rest. */
static void batches_give_what_single_pictures_give(void)
{
    enum { COUNT = 70 };
    struct loaded loaded = load(1);
    uint8_t *pixels = draw(COUNT), *back = malloc(2 * SMALL_VALUES * COUNT);
    const size_t latent_count = (size_t)SMALL_TOKENS * small.code_width;
    float *latents = malloc(COUNT * latent_count * sizeof *latents), worst = 0.0f;
    float *single = malloc(latent_count * sizeof *single);
    uint16_t tokens[COUNT * SMALL_TOKENS], one[SMALL_TOKENS];
    size_t unequal = 0;
    vit_vqgan_encode(tokens, latents, loaded.net, pixels, COUNT);
    check_status(vit_vqgan_decode(NULL, back, loaded.net, tokens, COUNT), STATUS_OK, NULL);
    for (size_t p = 0; p < COUNT; p++) {
        vit_vqgan_encode(one, single, loaded.net, pixels + p * SMALL_VALUES, 1);
        for (size_t i = 0; i < latent_count; i++)
            worst = fmaxf(worst, fabsf(single[i] - latents[p * latent_count + i]));
        unequal += memcmp(one, tokens + p * SMALL_TOKENS, sizeof one) != 0;
        check_status(vit_vqgan_decode(NULL, back + COUNT * SMALL_VALUES, loaded.net, one, 1),
                     STATUS_OK, NULL);
        for (size_t i = 0; i < SMALL_VALUES; i++)
            unequal += abs(back[COUNT * SMALL_VALUES + i] - back[p * SMALL_VALUES + i]) > 1;
    }
    CU_ASSERT(worst < 4e-6f);
    CU_ASSERT_EQUAL(unequal, 0);
    free(pixels);
    free(back);
    free(latents);
    free(single);
    unload(&loaded);
}

static void codes_outside_the_codebook_are_named(void)
{
    struct loaded loaded = load(1);
    uint16_t tokens[2 * SMALL_TOKENS] = { 0 };
    uint8_t *pixels = calloc(2, SMALL_VALUES);
    tokens[SMALL_TOKENS + 5] = (uint16_t)small.code_count;
    pixels[0] = 123;
    check_status(vit_vqgan_decode(NULL, pixels, loaded.net, tokens, 2), STATUS_INVALID,
                 "picture 1: token 5 is 300");
    CU_ASSERT_EQUAL(pixels[0], 123);
    tokens[SMALL_TOKENS + 5]--;
    check_status(vit_vqgan_decode(NULL, pixels, loaded.net, tokens, 2), STATUS_OK, NULL);
    free(pixels);
    unload(&loaded);
}

/* Every code twice, the second time longer: same direction, so the lower index must win. */
static void of_equal_codes_the_lowest_wins(void)
{
    struct loaded loaded = load(3);
    const struct tensor *codes = tensor_table_find(&loaded.table, "quantizer.embedding.weight");
    const size_t half = small.code_count / 2, C = small.code_width;
    float *values = codes->owned;
    for (size_t i = 0; i < half * C; i++)
        values[half * C + i] = 2.0f * values[i];
    vit_vqgan_destroy(loaded.net);
    check_status(vit_vqgan_create(&loaded.net, &loaded.table, loaded.settings), STATUS_OK, NULL);

    uint8_t *pixels = draw(1);
    uint16_t tokens[SMALL_TOKENS];
    vit_vqgan_encode(tokens, NULL, loaded.net, pixels, 1);
    for (size_t t = 0; t < SMALL_TOKENS; t++)
        CU_ASSERT(tokens[t] < half);
    CU_ASSERT_EQUAL(vit_vqgan_codes(loaded.net)[half * C], 2.0f * values[0]);
    free(pixels);
    unload(&loaded);
}

static void the_cost_of_the_base_net_is_known(void)
{
    struct vit_vqgan_config base = vit_vqgan_config_compact();
    base.encoder = base.decoder = (struct vit_vqgan_tower){ 768, 12, 12, 64, 3072 };
    CU_ASSERT(fabs(vit_vqgan_config_encode_flop(&base) - 213.4e9) < 0.5e9);
}

int main(int argc, char **argv)
{
    matmul_use_one_thread();
    CU_TestInfo cases[] = {
        { "a config survives writing and reading", a_config_survives_writing_and_reading },
        { "upstream's YAML keys", upstreams_yaml_keys_are_understood },
        { "senseless configs", senseless_configs_are_refused },
        { "other kinds of nets", other_kinds_of_nets_are_refused },
        { "settings that do not fit", settings_that_do_not_fit_the_weights_are_told },
        { "shapes alone are enough", shapes_alone_are_enough_for_upstreams_nets },
        { "missing tensors", missing_tensors_are_named },
        { "misshapen, unknown, infinite", misshapen_unknown_and_infinite_tensors_are_named },
        { "untrained weights depend on the seed", untrained_weights_depend_on_the_seed_only },
        { "batches and single pictures", batches_give_what_single_pictures_give },
        { "codes outside the codebook", codes_outside_the_codebook_are_named },
        { "of equal codes the lowest wins", of_equal_codes_the_lowest_wins },
        { "the cost of the base net", the_cost_of_the_base_net_is_known },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "vit_vqgan", cases);
}
