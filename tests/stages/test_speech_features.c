/* Speech to features: layers kept beside the one asked for are those layers, also of a batch and of
 * speech that is cut into chunks; MFCC comes through the same door. */
#include "core/file.h"
#include "core/random.h"
#include "nn/matmul.h"
#include "stages/speech_features.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

/* More than a chunk; so much that several fit into a batch; the least that gives a frame. */
static const size_t sample_counts[] = { HUBERT_CHUNK_SAMPLES + 9000, 9000, 20000, 400, 16000 };
enum { UTTERANCES = sizeof sample_counts / sizeof sample_counts[0] };

static float *noise(size_t count, uint64_t number)
{
    float *audio = malloc(count * sizeof *audio);
    struct random_stream stream = random_stream_numbered(5, number, "noise");
    for (size_t i = 0; i < count; i++)
        audio[i] = 0.2f * (float)random_normal(&stream);
    return audio;
}

static struct speech_features *made(struct speech_features_options options)
{
    char weights[PATH_BYTES], config[PATH_BYTES];
    struct speech_features *features = NULL;
    check_status(path_join(weights, check_golden_folder(), "hubert-tiny/hf_weight_g.safetensors"),
                 STATUS_OK, NULL);
    check_status(path_join(config, check_golden_folder(), "hubert-tiny/hf_config.json"), STATUS_OK,
                 NULL);
    options.weights = weights;
    options.config = config;
    options.batch_frames = 120;
    check_status(speech_features_create(&features, &options), STATUS_OK, NULL);
    return features;
}

struct collected {
    float *values, *kept; /* of all utterances, back to back */
    size_t rows, kept_count, utterances;
};

static void collect_batch(struct collected *out, struct speech_features *features)
{
    const struct speech_result *results = NULL;
    size_t count = 0;
    const size_t width = speech_features_width(features), kept_width = width * out->kept_count;
    check_status(speech_features_flush(&results, &count, features), STATUS_OK, NULL);
    for (size_t u = 0; u < count; u++) {
        const size_t rows = out->rows + results[u].rows;
        CU_ASSERT_EQUAL(results[u].number, out->utterances++);
        out->values = realloc(out->values, rows * width * sizeof(float));
        memcpy(out->values + out->rows * width, results[u].values,
               results[u].rows * width * sizeof(float));
        CU_ASSERT_EQUAL(results[u].kept != NULL, kept_width > 0);
        if (kept_width > 0) {
            out->kept = realloc(out->kept, rows * kept_width * sizeof(float));
            memcpy(out->kept + out->rows * kept_width, results[u].kept,
                   results[u].rows * kept_width * sizeof(float));
        }
        out->rows = rows;
    }
}

static struct collected collect(struct speech_features *features, size_t kept_count)
{
    struct collected out = { .kept_count = kept_count };
    for (size_t u = 0; u < UTTERANCES; u++) {
        float *audio = noise(sample_counts[u], u);
        if (!speech_features_fits(features, sample_counts[u]))
            collect_batch(&out, features);
        check_status(speech_features_add(features, audio, sample_counts[u], u), STATUS_OK, NULL);
        free(audio);
    }
    collect_batch(&out, features);
    CU_ASSERT_EQUAL(out.utterances, UTTERANCES);
    return out;
}

static void end(struct collected *collected, struct speech_features *features)
{
    free(collected->values);
    free(collected->kept);
    speech_features_destroy(features);
}

static struct collected collect_layer(struct speech_features **features, size_t layer)
{
    *features = made((struct speech_features_options){ .layer = layer });
    return collect(*features, 0);
}

/* Kept layer `k` of `all` is what `layer` alone gives, to the last bit. */
static void check_kept(const struct collected *all, size_t k, size_t layer)
{
    struct speech_features *features = NULL;
    struct collected alone = collect_layer(&features, layer);
    const size_t width = speech_features_width(features);
    CU_ASSERT_EQUAL(all->rows, alone.rows);
    for (size_t r = 0; r < alone.rows && all->rows == alone.rows; r++)
        CU_ASSERT_EQUAL(memcmp(all->kept + (r * all->kept_count + k) * width,
                               alone.values + r * width, width * sizeof(float)),
                        0);
    end(&alone, features);
}

static void kept_layers_are_what_each_alone_gives(void)
{
    const struct speech_features_options options = { .layer = 1,
                                                     .kept_layers = { 3, 0, 1 },
                                                     .kept_count = 3 };
    struct speech_features *features = made(options), *one = NULL;
    struct collected all = collect(features, 3);
    check_kept(&all, 0, 3);
    check_kept(&all, 1, 0);
    check_kept(&all, 2, 1);
    struct collected alone = collect_layer(&one, 1);
    CU_ASSERT_EQUAL(
        memcmp(all.values, alone.values, alone.rows * speech_features_width(one) * sizeof(float)),
        0);
    end(&alone, one);
    end(&all, features);
}

static void a_kept_layer_below_the_units_layer(void)
{
    const struct speech_features_options options = { .layer = 3,
                                                     .kept_layers = { 2 },
                                                     .kept_count = 1 };
    struct speech_features *features = made(options), *one = NULL;
    struct collected all = collect(features, 1), alone = collect_layer(&one, 3);
    check_kept(&all, 0, 2);
    CU_ASSERT_EQUAL(
        memcmp(all.values, alone.values, alone.rows * speech_features_width(one) * sizeof(float)),
        0);
    end(&alone, one);
    end(&all, features);
}

static void a_layer_that_the_net_has_not_is_refused(void)
{
    char weights[PATH_BYTES];
    struct speech_features *features = NULL;
    check_status(path_join(weights, check_golden_folder(), "hubert-tiny/hf_weight_g.safetensors"),
                 STATUS_OK, NULL);
    const struct speech_features_options options = {
        .weights = weights, .layer = 1, .kept_layers = { 99 }, .kept_count = 1, .batch_frames = 10
    };
    check_status(speech_features_create(&features, &options), STATUS_INVALID, "layer 99");
    CU_ASSERT_PTR_NULL(features);
}

static void mfcc_has_as_many_rows(void)
{
    const struct speech_features_options options = { .is_mfcc = true, .batch_frames = 120 };
    struct speech_features *features = NULL, *net = NULL;
    check_status(speech_features_create(&features, &options), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(speech_features_width(features), 39);
    struct collected mfcc = collect(features, 0), layer = collect_layer(&net, 0);
    CU_ASSERT_EQUAL(mfcc.rows, layer.rows);
    end(&mfcc, features);
    end(&layer, net);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "kept layers are what each alone gives", kept_layers_are_what_each_alone_gives },
        { "a kept layer below the units' layer", a_kept_layer_below_the_units_layer },
        { "a layer that the net has not is refused", a_layer_that_the_net_has_not_is_refused },
        { "MFCC has as many rows", mfcc_has_as_many_rows },
        CU_TEST_INFO_NULL,
    };
    matmul_use_one_thread();
    return check_suite(argc, argv, "speech_features", cases);
}
