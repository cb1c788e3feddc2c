/* What convert-weights writes gives what the weights gave: exactly, in half precision nearly, and
 * with fewer blocks as far as these go. */
#include "storage/weights_file.h"
#include "tests/support/check.h"
#include "tokenizers/speech/hubert.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 16000, COMMAND_BYTES = 4096 };

static const char *source(void)
{
    static char path[COMMAND_BYTES];
    snprintf(path, sizeof path, "%s/hubert-tiny/fairseq.pt", check_golden_folder());
    return path;
}

/* The weights that convert-weights makes of the golden's, with more options. */
static const char *convert(const char *name, const char *options)
{
    static char path[COMMAND_BYTES];
    char command[2 * COMMAND_BYTES];
    const char *binary = getenv("UNITMILL_BINARY"), *folder = check_scratch(name);
    snprintf(command, sizeof command, "%s convert-weights %s --out %s %s >/dev/null",
             binary == NULL ? "" : binary, source(), folder, options);
    CU_ASSERT_EQUAL(system(command), 0);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    return path;
}

static void fill_audio(float *audio)
{
    for (size_t i = 0; i < SAMPLES; i++)
        audio[i] = 0.3f * sinf(0.05f * (float)i) + 0.1f * sinf(0.31f * (float)i * (float)i / 8000);
}

/* Features of the net in `path` at `layer`, [*count]; the caller frees them. NULL on failure. */
static float *features_of(size_t *count, const char *path, size_t layer)
{
    struct weights_file file;
    struct hubert_config config;
    struct hubert *net = NULL;
    struct hubert_workspace *workspace = NULL;
    float *features = NULL, *audio = malloc(SAMPLES * sizeof *audio);
    *count = 0;
    fill_audio(audio);
    enum status outcome = weights_file_read(&file, path, NULL);
    if (outcome == STATUS_OK)
        outcome = hubert_config_of_weights(&config, &file.table, file.settings);
    if (outcome == STATUS_OK)
        outcome = hubert_create(&net, &file.table, &config);
    if (outcome == STATUS_OK)
        outcome = hubert_workspace_create(&workspace, net, hubert_frame_count(net, SAMPLES));
    if (outcome == STATUS_OK) {
        *count = hubert_frame_count(net, SAMPLES) * hubert_width(net);
        features = malloc(*count * sizeof *features);
        outcome = hubert_features(features, net, workspace, audio, SAMPLES, layer);
    }
    check_status(outcome, STATUS_OK, NULL);
    hubert_workspace_destroy(workspace);
    hubert_destroy(net);
    if (outcome != STATUS_NOT_FOUND)
        weights_file_end(&file);
    free(audio);
    return features;
}

/* Largest difference over largest value. */
static double difference(const char *path, size_t layer)
{
    size_t count = 0, converted_count = 0;
    float *before = features_of(&count, source(), layer);
    float *after = features_of(&converted_count, path, layer);
    double worst = 0.0, largest = 0.0;
    CU_ASSERT_EQUAL(count, converted_count);
    for (size_t i = 0; before != NULL && after != NULL && i < count; i++) {
        worst = fmax(worst, fabs((double)before[i] - (double)after[i]));
        largest = fmax(largest, fabs((double)before[i]));
    }
    CU_ASSERT(largest > 0.0);
    free(before);
    free(after);
    return largest > 0.0 ? worst / largest : INFINITY;
}

static size_t layers_of(const char *path, size_t *units_layer)
{
    struct weights_file file;
    struct hubert_config config = { 0 };
    check_status(weights_file_read(&file, path, NULL), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&config, &file.table, file.settings), STATUS_OK, NULL);
    *units_layer = (size_t)settings_number(file.settings, "unitmill.units_layer", 0.0);
    weights_file_end(&file);
    return config.layers;
}

static void another_form_gives_the_same(void)
{
    size_t units_layer = 0;
    const size_t layers = layers_of(source(), &units_layer);
    const char *path = convert("whole", "");
    for (size_t layer = 0; layer <= layers; layer++)
        CU_ASSERT_EQUAL(difference(path, layer), 0.0);
    CU_ASSERT_EQUAL(layers_of(path, &units_layer), layers);
    CU_ASSERT_EQUAL(units_layer, 0); /* nobody said so */
}

static void half_precision_gives_nearly_the_same(void)
{
    size_t units_layer = 0;
    const double lost = difference(convert("half", "--half"), layers_of(source(), &units_layer));
    CU_ASSERT(lost > 0.0); /* it was used */
    CU_ASSERT(lost < 0.01);
    printf("half precision: %.2g of the largest feature\n", lost);
}

static void fewer_blocks_give_the_same_as_far_as_they_go(void)
{
    size_t units_layer = 0;
    const size_t layers = layers_of(source(), &units_layer);
    char options[32];
    snprintf(options, sizeof options, "--layers %zu", layers - 1);
    const char *path = convert("short", options);
    CU_ASSERT_EQUAL(layers_of(path, &units_layer), layers - 1);
    CU_ASSERT_EQUAL(units_layer, layers - 1);
    CU_ASSERT_EQUAL(difference(path, layers - 1), 0.0);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "another form", another_form_gives_the_same },
        { "half precision", half_precision_gives_nearly_the_same },
        { "fewer blocks", fewer_blocks_give_the_same_as_far_as_they_go },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "convert-weights", cases);
}
