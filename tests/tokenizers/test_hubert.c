/* HuBERT beyond the public golden: large's structure, configurations, bad weights and bad audio,
 * long audio, batches, and the untrained net. */
#include "core/random.h"
#include "storage/audio_file.h"
#include "storage/safetensors.h"
#include "storage/weights_file.h"
#include "tests/support/check.h"
#include "tokenizers/speech/hubert.h"
#include "tokenizers/speech/hubert_untrained.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

/* Not below UNITMILL_GOLDEN: these files are this test's own. */
static const char *own_file(const char *file)
{
    static char paths[4][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % 4];
    const char *source = getenv("UNITMILL_SOURCE");
    snprintf(path, PATH_BYTES, "%s/tests/golden/%s", source != NULL ? source : ".", file);
    return path;
}

static double largest_difference(const float *values, const struct tensor *expected,
                                 double *largest)
{
    double worst = 0.0;
    *largest = 0.0;
    for (size_t i = 0; i < expected->count; i++) {
        float value;
        memcpy(&value, (const char *)expected->data + i * sizeof value, sizeof value);
        const double error = fabs((double)values[i] - (double)value);
        worst = error > worst || isnan(error) ? error : worst;
        *largest = fmax(*largest, fabs((double)value));
    }
    return worst;
}

static void large_structure_gives_torchaudio_s_features(void)
{
    struct weights_file weights = { 0 };
    struct tensor_table expected = { 0 };
    struct audio audio = { 0 };
    struct hubert_config config;
    struct hubert *model = NULL;
    struct hubert_workspace *workspace = NULL;
    check_status(weights_file_read(&weights, own_file("hubert-large-tiny/torchaudio.safetensors"),
                                   own_file("hubert-large-tiny/config.json")),
                 STATUS_OK, NULL);
    check_status(safetensors_read(&expected, own_file("hubert-large-tiny/expected.safetensors")),
                 STATUS_OK, NULL);
    check_status(audio_file_read(&audio, own_file("hubert-tiny/noise.wav"), 1 << 20), STATUS_OK,
                 NULL);
    check_status(hubert_config_of_weights(&config, &weights.table, weights.settings), STATUS_OK,
                 NULL);
    CU_ASSERT(config.norm_first && config.normalise_wave && config.convolution_layer_norm);
    check_status(hubert_create(&model, &weights.table, &config), STATUS_OK, NULL);
    if (model == NULL)
        abort();
    const size_t T = hubert_frame_count(model, audio.sample_count);
    check_status(hubert_workspace_create(&workspace, model, T), STATUS_OK, NULL);
    float *features = malloc(T * config.width * sizeof *features);
    if (features == NULL)
        abort();
    for (size_t layer = 1; layer <= config.layers; layer++) {
        char name[32];
        double largest = 0.0;
        snprintf(name, sizeof name, "noise.layer%zu", layer);
        const struct tensor *tensor = tensor_table_find(&expected, name);
        check_status(
            hubert_features(features, model, workspace, audio.samples, audio.sample_count, layer),
            STATUS_OK, NULL);
        if (tensor == NULL)
            abort();
        CU_ASSERT_EQUAL(tensor->count, T * config.width);
        CU_ASSERT(largest_difference(features, tensor, &largest) < 5e-5 * largest);
    }
    free(features);
    hubert_workspace_destroy(workspace);
    hubert_destroy(model);
    audio_end(&audio);
    tensor_table_end(&expected);
    weights_file_end(&weights);
}

/* A net with everything that it needs. */
struct fixture {
    struct tensor_table table;
    struct hubert_config config;
    struct hubert *model;
    struct hubert_workspace *workspace;
    float *audio, *features;
    size_t samples;
};

static void begin(struct fixture *fixture, struct hubert_config config, size_t samples,
                  size_t frames_max)
{
    *fixture = (struct fixture){ .config = config, .samples = samples };
    check_status(hubert_untrained(&fixture->table, &config, 5), STATUS_OK, NULL);
    check_status(hubert_create(&fixture->model, &fixture->table, &config), STATUS_OK, NULL);
    if (fixture->model == NULL)
        abort();
    check_status(hubert_workspace_create(&fixture->workspace, fixture->model, frames_max),
                 STATUS_OK, NULL);
    fixture->audio = malloc(samples * sizeof *fixture->audio);
    fixture->features = malloc((samples / 320 + 1) * config.width * sizeof *fixture->features);
    if (fixture->workspace == NULL || fixture->audio == NULL || fixture->features == NULL)
        abort();
    struct random_stream stream = random_stream_numbered(6, 1, "audio");
    for (size_t i = 0; i < samples; i++) /* tones that change every 50 ms, and noise */
        fixture->audio[i] = (float)(0.2 * sin((double)i * (0.05 + 0.01 * (double)(i / 800 % 17))) +
                                    0.01 * random_normal(&stream));
}

static void end(struct fixture *fixture)
{
    free(fixture->audio);
    free(fixture->features);
    hubert_workspace_destroy(fixture->workspace);
    hubert_destroy(fixture->model);
    tensor_table_end(&fixture->table);
}

/* A compact net that is quicker still. */
static struct hubert_config tiny(void)
{
    struct hubert_config config = hubert_config_compact();
    for (size_t c = 0; c < config.convolution_count; c++)
        config.convolutions[c].channels = 16;
    config.width = 32;
    config.feed_forward_width = 48;
    config.layers = 2;
    return config;
}

static void frames_are_counted_as_published(void)
{
    const struct hubert_config base = hubert_config_base();
    const struct {
        size_t samples, frames;
    } known[] = { { 0, 0 },   { 399, 0 },    { 400, 1 },       { 719, 1 },
                  { 720, 2 }, { 16000, 49 }, { 1600000, 4999 } };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        CU_ASSERT_EQUAL(hubert_config_frame_count(&base, known[i].samples), known[i].frames);
    CU_ASSERT_DOUBLE_EQUAL(hubert_config_flop(&base, 16000, 6) * 1e-9, 9.7, 0.3);
}

static void untrained_features_differ_over_frames_and_layers(void)
{
    struct fixture fixture;
    begin(&fixture, hubert_config_compact(), 32000, 99);
    const size_t D = fixture.config.width, T = 99;
    for (size_t layer = 0; layer <= fixture.config.layers; layer++) {
        double spread = 0.0;
        check_status(hubert_features(fixture.features, fixture.model, fixture.workspace,
                                     fixture.audio, fixture.samples, layer),
                     STATUS_OK, NULL);
        for (size_t d = 0; d < D; d++) {
            double sum = 0.0, squares = 0.0;
            for (size_t t = 0; t < T; t++) {
                const double value = (double)fixture.features[t * D + d];
                sum += value / (double)T;
                squares += value * value / (double)T;
            }
            spread += sqrt(fmax(squares - sum * sum, 0.0)) / (double)D;
        }
        CU_ASSERT(spread > 0.1 && spread < 10.0);
    }
    end(&fixture);
}

static void untrained_weights_depend_on_the_seed(void)
{
    struct tensor_table tables[3] = { 0 };
    const struct hubert_config config = tiny();
    const uint64_t seeds[] = { 1, 1, 2 };
    for (size_t t = 0; t < 3; t++)
        check_status(hubert_untrained(&tables[t], &config, seeds[t]), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(tables[0].count, tables[1].count);
    for (size_t i = 0; i < tables[0].count; i++) {
        const struct tensor *tensor = &tables[0].tensors[i];
        const size_t bytes = tensor->count * sizeof(float);
        CU_ASSERT_EQUAL(memcmp(tensor->data, tables[1].tensors[i].data, bytes), 0);
        CU_ASSERT_NOT_EQUAL(memcmp(tensor->data, tables[2].tensors[i].data, bytes), 0);
    }
    for (size_t t = 0; t < 3; t++)
        tensor_table_end(&tables[t]);
}

static void a_config_survives_writing_and_reading(void)
{
    const struct hubert_config configs[] = { hubert_config_base(), hubert_config_large(),
                                             hubert_config_compact() };
    for (size_t c = 0; c < 3; c++) {
        struct settings *settings = settings_create("written");
        struct hubert_config read = tiny();
        check_status(hubert_config_write(settings, &configs[c]), STATUS_OK, NULL);
        check_status(hubert_config_read(&read, settings), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(read.width, configs[c].width);
        CU_ASSERT_EQUAL(read.layers, configs[c].layers);
        CU_ASSERT_EQUAL(read.heads, configs[c].heads);
        CU_ASSERT_EQUAL(read.feed_forward_width, configs[c].feed_forward_width);
        CU_ASSERT_EQUAL(read.position_kernel, configs[c].position_kernel);
        CU_ASSERT_EQUAL(read.position_groups, configs[c].position_groups);
        CU_ASSERT_EQUAL(read.norm_first, configs[c].norm_first);
        CU_ASSERT_EQUAL(read.normalise_wave, configs[c].normalise_wave);
        CU_ASSERT_EQUAL(read.convolution_bias, configs[c].convolution_bias);
        CU_ASSERT_EQUAL(read.convolution_layer_norm, configs[c].convolution_layer_norm);
        CU_ASSERT_EQUAL(
            memcmp(read.convolutions, configs[c].convolutions, 7 * sizeof read.convolutions[0]), 0);
        settings_destroy(settings);
    }
}

static void fairseq_s_convolutions_are_read_from_their_text(void)
{
    struct settings *settings = settings_create("fairseq");
    struct hubert_config config = tiny();
    const struct hubert_config large = hubert_config_large();
    settings_put_text(settings, "cfg.model.conv_feature_layers",
                      "[(512, 10, 5)] + [(512,3,2)] * 4 + [(512,2,2)] * 2");
    settings_put_text(settings, "cfg.model.extractor_mode", "layer_norm");
    settings_put_switch(settings, "cfg.model.layer_norm_first", true);
    settings_put_number(settings, "cfg.model.encoder_layers", 24);
    settings_put_switch(settings, "cfg.task.normalize", true);
    check_status(hubert_config_read(&config, settings), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(config.convolution_count, 7);
    CU_ASSERT_EQUAL(
        memcmp(config.convolutions, large.convolutions, 7 * sizeof config.convolutions[0]), 0);
    CU_ASSERT(config.convolution_layer_norm && config.norm_first && config.normalise_wave);
    CU_ASSERT_EQUAL(config.layers, 24);
    settings_destroy(settings);
}

static void bad_settings_are_refused_by_name(void)
{
    const struct {
        const char *key, *text, *fragment;
        double number;
    } bad[] = {
        { .key = "hidden_size", .number = 0, .fragment = "hidden_size" },
        { .key = "hidden_size", .number = 33, .fragment = "heads" },
        { .key = "num_attention_heads", .number = 5, .fragment = "5 heads" },
        { .key = "num_conv_pos_embedding_groups", .number = 5, .fragment = "5 groups" },
        { .key = "num_hidden_layers", .number = 2.5, .fragment = "num_hidden_layers" },
        { .key = "num_hidden_layers", .number = 1e9, .fragment = "num_hidden_layers" },
        { .key = "conv_stride.3", .number = 65, .fragment = "conv_stride.3" },
        { .key = "conv_stride.3", .number = 9, .fragment = "convolution 3" },
        { .key = "layer_norm_eps", .number = -1.0, .fragment = "layer_norm_eps" },
        { .key = "hidden_act", .text = "relu", .fragment = "hidden_act" },
        { .key = "feat_extract_norm", .text = "batch", .fragment = "feat_extract_norm" },
        { .key = "conv_feature_layers", .text = "[(512,10)]", .fragment = "conv_feature_layers" },
        { .key = "conv_feature_layers", .text = "[(8,3,2)] * 99", .fragment = "more than 16" },
    };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        struct settings *settings = settings_create("bad.json");
        struct hubert_config config = tiny();
        if (bad[b].text != NULL)
            settings_put_text(settings, bad[b].key, bad[b].text);
        else
            settings_put_number(settings, bad[b].key, bad[b].number);
        check_status(hubert_config_read(&config, settings), STATUS_INVALID, bad[b].fragment);
        settings_destroy(settings);
    }
    struct settings *settings = settings_create("bad.json");
    struct hubert_config config = tiny();
    settings_put_switch(settings, "conv_pos_batch_norm", true);
    check_status(hubert_config_read(&config, settings), STATUS_INVALID, "conv_pos_batch_norm");
    settings_destroy(settings);
}

static void drop(struct tensor_table *table, const char *name)
{
    const struct tensor *found = tensor_table_find(table, name);
    if (found == NULL)
        abort();
    const size_t index = (size_t)(found - table->tensors);
    free(table->tensors[index].name);
    free(table->tensors[index].owned);
    table->count--;
    memmove(&table->tensors[index], &table->tensors[index + 1],
            (table->count - index) * sizeof *table->tensors);
}

static void bad_weights_are_refused_by_name(void)
{
    const char *const missing[] = { "encoder.layers.1.final_layer_norm.bias",
                                    "encoder.pos_conv_embed.conv.weight_g",
                                    "feature_extractor.conv_layers.4.conv.weight" };
    const struct hubert_config config = tiny();
    const size_t one = 1, shape[] = { 4, 4 };
    struct hubert *model = NULL;
    float *values = NULL;
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        struct tensor_table table = { 0 };
        check_status(hubert_untrained(&table, &config, 1), STATUS_OK, NULL);
        drop(&table, missing[i]);
        check_status(hubert_create(&model, &table, &config), STATUS_CORRUPT,
                     i == 1 ? "is missing" : missing[i]);
        CU_ASSERT_PTR_NULL(model);
        check_status(tensor_table_add(&values, &table, missing[i], 2, shape), STATUS_OK, NULL);
        check_status(hubert_create(&model, &table, &config), STATUS_CORRUPT, "has shape [4, 4]");
        tensor_table_end(&table);
    }

    struct tensor_table table = { 0 };
    check_status(hubert_untrained(&table, &config, 1), STATUS_OK, NULL);
    check_status(tensor_table_add(&values, &table, "encoder.layers.2.layer_norm.bias", 1, &one),
                 STATUS_OK, NULL);
    check_status(hubert_create(&model, &table, &config), STATUS_CORRUPT,
                 "encoder.layers.2.layer_norm.bias is not one of this HuBERT");
    drop(&table, "encoder.layers.2.layer_norm.bias");
    check_status(tensor_table_add(&values, &table, "lm_head.weight", 2, shape), STATUS_OK, NULL);
    check_status(tensor_table_add(&values, &table, "mask_emb", 1, &one), STATUS_OK, NULL);
    check_status(hubert_create(&model, &table, &config), STATUS_OK, NULL);
    hubert_destroy(model);
    float *gain = table.tensors[0].owned;
    gain[0] = NAN;
    check_status(hubert_create(&model, &table, &config), STATUS_CORRUPT, "not finite");
    gain[0] = 1.0f;
    check_status(
        tensor_table_add(&values, &table, "encoder.pos_conv_embed.batch_norm.weight", 1, &one),
        STATUS_OK, NULL);
    check_status(hubert_create(&model, &table, &config), STATUS_INVALID, "batch norm");
    tensor_table_end(&table);

    struct tensor_table other = { 0 };
    other.source = strdup("other.safetensors");
    struct hubert_config read;
    check_status(tensor_table_add(&values, &other, "some.weight", 2, shape), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&read, &other, NULL), STATUS_CORRUPT, "not a HuBERT");
    tensor_table_end(&other);
}

static void requests_that_make_no_sense_are_refused(void)
{
    struct fixture fixture;
    begin(&fixture, tiny(), 16000, 49);
    struct hubert_workspace *none = NULL;
    check_status(hubert_workspace_create(&none, fixture.model, 0), STATUS_INVALID, "0 frames");
    check_status(
        hubert_features(fixture.features, fixture.model, fixture.workspace, fixture.audio, 399, 1),
        STATUS_INVALID, "399 samples");
    check_status(hubert_features_in_chunks(fixture.features, fixture.model, fixture.workspace,
                                           fixture.audio, 0, 1),
                 STATUS_INVALID, "0 samples");
    check_status(hubert_features(fixture.features, fixture.model, fixture.workspace, fixture.audio,
                                 16000, 3),
                 STATUS_INVALID, "layer 3");
    const struct hubert_utterance two[] = { { fixture.audio, 16000 }, { fixture.audio, 400 } };
    check_status(hubert_features_of_batch(fixture.features, fixture.model, fixture.workspace, two,
                                          2, 1, NULL),
                 STATUS_INVALID, "utterance 1");
    hubert_workspace_destroy(none);
    hubert_destroy(NULL);
    end(&fixture);
}

/* 600 frames, which the convolutions take in three stretches, against short pieces of the same
 * audio, which they take whole. The config has no norm over time, and the wave's mean cancels. */
static void long_utterances_are_cut_without_a_seam(void)
{
    struct fixture fixture;
    struct hubert_config config = tiny();
    config.convolution_layer_norm = config.convolution_bias = true; /* nothing runs over time */
    const size_t T = 600, samples = 400 + (T - 1) * 320;
    begin(&fixture, config, samples, T);
    struct hubert_workspace *small = NULL;
    check_status(hubert_workspace_create(&small, fixture.model, 60), STATUS_OK, NULL);
    const size_t starts[] = { 0, 170, 195, 260, 385, 540 };
    check_status(hubert_features(fixture.features, fixture.model, fixture.workspace, fixture.audio,
                                 samples, 0),
                 STATUS_OK, NULL);
    /* Layer 0 sees kernel / 2 frames to each side through the positional convolution. */
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        float few[60 * 32];
        check_status(hubert_features(few, fixture.model, small, fixture.audio + starts[s] * 320,
                                     400 + 59 * 320, 0),
                     STATUS_OK, NULL);
        for (size_t t = 16; t < 44; t++)
            for (size_t d = 0; d < config.width; d++)
                CU_ASSERT_DOUBLE_EQUAL(few[t * config.width + d],
                                       fixture.features[(starts[s] + t) * config.width + d], 2e-4);
    }
    hubert_workspace_destroy(small);
    end(&fixture);
}

static void audio_beyond_a_chunk_is_cut_and_joined(void)
{
    struct fixture fixture;
    const size_t samples = HUBERT_CHUNK_SAMPLES + 16000, D = 32;
    begin(&fixture, tiny(), samples, 4999);
    CU_ASSERT_EQUAL(hubert_chunked_frame_count(fixture.model, samples), 4999 + 49);
    CU_ASSERT_EQUAL(hubert_chunked_frame_count(fixture.model, HUBERT_CHUNK_SAMPLES), 4999);
    CU_ASSERT_EQUAL(hubert_chunked_frame_count(fixture.model, HUBERT_CHUNK_SAMPLES + 399), 4999);
    check_status(hubert_features_in_chunks(fixture.features, fixture.model, fixture.workspace,
                                           fixture.audio, samples, 1),
                 STATUS_OK, NULL);
    float last[49 * 32];
    check_status(hubert_features(last, fixture.model, fixture.workspace,
                                 fixture.audio + HUBERT_CHUNK_SAMPLES, 16000, 1),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(last, fixture.features + 4999 * D, sizeof last), 0);
    end(&fixture);
}

static void a_call_leaves_nothing_behind(void)
{
    struct fixture fixture;
    begin(&fixture, tiny(), 16000, 49);
    float first[49 * 32];
    check_status(hubert_features(first, fixture.model, fixture.workspace, fixture.audio, 16000, 2),
                 STATUS_OK, NULL);
    check_status(hubert_features(fixture.features, fixture.model, fixture.workspace,
                                 fixture.audio + 5000, 9000, 1),
                 STATUS_OK, NULL);
    check_status(hubert_features(fixture.features, fixture.model, fixture.workspace, fixture.audio,
                                 16000, 2),
                 STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(first, fixture.features, sizeof first), 0);
    end(&fixture);
}

/* Scaling and shifting the audio changes nothing where the wave is normalised, with either norm of
 * the convolutions; and does where it is not. */
static void a_normalised_wave_forgets_scale_and_offset(void)
{
    for (int layer_norms = 0; layer_norms <= 1; layer_norms++) {
        struct fixture fixture;
        struct hubert_config config = tiny();
        config.convolution_layer_norm = layer_norms;
        config.normalise_wave = true;
        begin(&fixture, config, 16000, 49);
        float first[49 * 32];
        double worst = 0.0;
        check_status(
            hubert_features(first, fixture.model, fixture.workspace, fixture.audio, 16000, 2),
            STATUS_OK, NULL);
        for (size_t i = 0; i < 16000; i++)
            fixture.audio[i] = 3.0f * fixture.audio[i] + 0.1f;
        check_status(hubert_features(fixture.features, fixture.model, fixture.workspace,
                                     fixture.audio, 16000, 2),
                     STATUS_OK, NULL);
        for (size_t i = 0; i < 49 * 32; i++)
            worst = fmax(worst, fabs((double)first[i] - (double)fixture.features[i]));
        CU_ASSERT(worst < 5e-3);
        end(&fixture);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "large structure gives torchaudio's features",
          large_structure_gives_torchaudio_s_features },
        { "frames are counted as published", frames_are_counted_as_published },
        { "untrained features differ over frames and layers",
          untrained_features_differ_over_frames_and_layers },
        { "untrained weights depend on the seed", untrained_weights_depend_on_the_seed },
        { "a config survives writing and reading", a_config_survives_writing_and_reading },
        { "fairseq's convolutions are read from their text",
          fairseq_s_convolutions_are_read_from_their_text },
        { "bad settings are refused by name", bad_settings_are_refused_by_name },
        { "bad weights are refused by name", bad_weights_are_refused_by_name },
        { "requests that make no sense are refused", requests_that_make_no_sense_are_refused },
        { "long utterances are cut without a seam", long_utterances_are_cut_without_a_seam },
        { "a normalised wave forgets scale and offset",
          a_normalised_wave_forgets_scale_and_offset },
        { "audio beyond a chunk is cut and joined", audio_beyond_a_chunk_is_cut_and_joined },
        { "a call leaves nothing behind", a_call_leaves_nothing_behind },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "hubert", cases);
}
