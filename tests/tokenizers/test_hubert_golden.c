/* HuBERT against torchaudio's features: every array of every recording, with the same weights in
 * each naming and file format. All sizes come from the golden's own files. */
#include "storage/audio_file.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "storage/weights_file.h"
#include "tests/support/check.h"
#include "tokenizers/speech/hubert.h"
#include "tokenizers/speech/hubert_weights.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, NAME_BYTES = 128, RECORDINGS_MAX = 32 };

static const double limit = 5e-5; /* of the golden's README */

static const char *golden(const char *file)
{
    static char paths[4][PATH_BYTES];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/hubert-tiny/%s", check_golden_folder(), file);
    return path;
}

/* What is expected of one recording, and which of it has been seen. */
struct expectation {
    const struct tensor_table *table;
    const char *recording;
    bool *seen; /* [table->count] */
};

static float at(const struct tensor *tensor, size_t index)
{
    float value;
    memcpy(&value, (const char *)tensor->data + index * sizeof value, sizeof value);
    return value;
}

/* The golden has what lies between the convolutions with channels first. */
static bool is_channel_major(const char *name)
{
    return strncmp(name, "conv", 4) == 0 && isdigit((unsigned char)name[4]);
}

static void compare(void *payload, const char *name, const float *values, size_t rows,
                    size_t columns)
{
    struct expectation *expectation = payload;
    char full[NAME_BYTES];
    snprintf(full, sizeof full, "%s.%s", expectation->recording, name);
    const struct tensor *expected = tensor_table_find(expectation->table, full);
    if (expected == NULL)
        return;
    expectation->seen[expected - expectation->table->tensors] = true;
    const bool turned = is_channel_major(name);
    CU_ASSERT_EQUAL(expected->type, TENSOR_F32);
    CU_ASSERT_EQUAL(expected->dimension_count, 2);
    CU_ASSERT_EQUAL(expected->shape[turned ? 1 : 0], rows);
    CU_ASSERT_EQUAL(expected->shape[turned ? 0 : 1], columns);
    if (expected->count != rows * columns)
        return;
    double worst = 0.0;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++) {
            const size_t index = turned ? c * rows + r : r * columns + c;
            const double error =
                fabs((double)values[r * columns + c] - (double)at(expected, index));
            worst = error > worst || isnan(error) ? error : worst;
        }
    if (!(worst < limit))
        fprintf(stderr, "%s is off by %g\n", full, worst);
    CU_ASSERT(worst < limit);
}

/* Everything of the recording but what no net gives. */
static void check_all_seen(const struct expectation *expectation)
{
    const size_t length = strlen(expectation->recording);
    for (size_t t = 0; t < expectation->table->count; t++) {
        const char *name = expectation->table->tensors[t].name;
        if (strncmp(name, expectation->recording, length) != 0 || name[length] != '.' ||
            strcmp(name + length, ".wave_mid32") == 0 || strncmp(name + length, ".units", 6) == 0)
            continue;
        if (!expectation->seen[t])
            fprintf(stderr, "%s was not given\n", name);
        CU_ASSERT(expectation->seen[t]);
    }
}

/* The recordings: names of the expected file that end in ".conv". */
static size_t find_recordings(char recordings[RECORDINGS_MAX][64],
                              const struct tensor_table *expected)
{
    size_t count = 0;
    for (size_t t = 0; t < expected->count && count < RECORDINGS_MAX; t++) {
        const char *name = expected->tensors[t].name, *dot = strchr(name, '.');
        if (dot != NULL && strcmp(dot, ".conv") == 0)
            snprintf(recordings[count++], 64, "%.*s", (int)(dot - name), name);
    }
    CU_ASSERT(count > 0);
    return count;
}

static enum status read_recording(struct audio *audio, const char *recording)
{
    char file[80];
    snprintf(file, sizeof file, "%s.wav", recording);
    return audio_file_read(audio, golden(file), 1 << 24);
}

static void check_recording(const struct hubert *model, const char *recording,
                            const struct tensor_table *expected)
{
    struct audio audio = { 0 };
    struct hubert_workspace *workspace = NULL;
    check_status(read_recording(&audio, recording), STATUS_OK, NULL);
    const size_t T = hubert_frame_count(model, audio.sample_count);
    check_status(hubert_workspace_create(&workspace, model, T), STATUS_OK, NULL);
    float *features = malloc(T * hubert_width(model) * sizeof *features);
    struct expectation expectation = { .table = expected,
                                       .seen = calloc(expected->count, sizeof(bool)) };
    expectation.recording = recording;
    if (workspace == NULL || features == NULL || expectation.seen == NULL)
        abort();

    const struct hubert_trace trace = { .put = compare, .payload = &expectation };
    const struct hubert_utterance utterance = { audio.samples, audio.sample_count };
    const size_t layers = hubert_layer_count(model);
    check_status(
        hubert_features_of_batch(features, model, workspace, &utterance, 1, layers, &trace),
        STATUS_OK, NULL);
    check_all_seen(&expectation);

    char name[32];
    for (size_t layer = 0; layer <= layers; layer++) {
        check_status(
            hubert_features(features, model, workspace, audio.samples, audio.sample_count, layer),
            STATUS_OK, NULL);
        snprintf(name, sizeof name, "layer%zu", layer);
        compare(&expectation, name, features, T, hubert_width(model));
    }
    free(expectation.seen);
    free(features);
    hubert_workspace_destroy(workspace);
    audio_end(&audio);
}

/* Every recording, with the weights of `file` and the settings of `config`; NULL: of the file. */
static void check_weights(const char *file, const char *config)
{
    struct weights_file weights = { 0 };
    struct tensor_table expected = { 0 };
    struct hubert_config sizes;
    struct hubert *model = NULL;
    char recordings[RECORDINGS_MAX][64];
    check_status(weights_file_read(&weights, golden(file), config != NULL ? golden(config) : NULL),
                 STATUS_OK, NULL);
    check_status(safetensors_read(&expected, golden("expected.safetensors")), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&sizes, &weights.table,
                                          config != NULL ? weights.settings : weights.inside),
                 STATUS_OK, NULL);
    check_status(hubert_create(&model, &weights.table, &sizes), STATUS_OK, NULL);
    if (model != NULL) {
        const size_t count = find_recordings(recordings, &expected);
        for (size_t r = 0; r < count; r++)
            check_recording(model, recordings[r], &expected);
    }
    hubert_destroy(model);
    tensor_table_end(&expected);
    weights_file_end(&weights);
}

static void hugging_face_weights_give_the_features(void)
{
    check_weights("hf_weight_g.safetensors", "hf_config.json");
    check_weights("hf_weight_g.safetensors", "config.json");
}

static void both_spellings_of_weight_norm_are_read(void)
{
    check_weights("hf_parametrizations.safetensors", "hf_config.json");
}

static void fairseq_weights_give_the_features(void)
{
    check_weights("fairseq.pt", "config.json");
    check_weights("fairseq.pt", NULL);
}

static void torchaudio_weights_give_the_features(void)
{
    check_weights("torchaudio.pt", "hf_config.json");
    check_weights("torchaudio_legacy.pt", "config.json");
}

static void the_positional_weight_is_the_reference_s(void)
{
    struct weights_file weights = { 0 };
    struct tensor_table expected = { 0 };
    struct hubert_config config;
    struct hubert_weights taken;
    check_status(
        weights_file_read(&weights, golden("hf_weight_g.safetensors"), golden("hf_config.json")),
        STATUS_OK, NULL);
    check_status(safetensors_read(&expected, golden("expected.safetensors")), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&config, &weights.table, weights.settings), STATUS_OK,
                 NULL);
    check_status(hubert_weights_take(&taken, &weights.table, &config), STATUS_OK, NULL);
    const struct tensor *reference = tensor_table_find(&expected, "pos_conv_weight_effective");
    if (reference == NULL || taken.positional == NULL)
        abort();
    const size_t D = reference->shape[0], width = reference->shape[1], K = reference->shape[2];
    CU_ASSERT_EQUAL(D * width * K,
                    config.width * config.width / config.position_groups * config.position_kernel);
    for (size_t o = 0; o < D; o++)
        for (size_t i = 0; i < width; i++)
            for (size_t k = 0; k < K; k++)
                CU_ASSERT_DOUBLE_EQUAL(
                    taken.positional[((o / width * K + k) * width + i) * width + o % width],
                    at(reference, (o * width + i) * K + k), 1e-6);
    hubert_weights_end(&taken);
    tensor_table_end(&expected);
    weights_file_end(&weights);
}

/* Rows of a batch are those of the utterances alone, but for rounding. */
static void a_batch_gives_what_its_utterances_give(void)
{
    struct weights_file weights = { 0 };
    struct tensor_table expected = { 0 };
    struct hubert_config config;
    struct hubert *model = NULL;
    struct hubert_workspace *workspace = NULL;
    struct audio audios[RECORDINGS_MAX] = { 0 };
    struct hubert_utterance utterances[RECORDINGS_MAX];
    char recordings[RECORDINGS_MAX][64];
    size_t F = 0, start = 0;
    check_status(
        weights_file_read(&weights, golden("hf_weight_g.safetensors"), golden("hf_config.json")),
        STATUS_OK, NULL);
    check_status(safetensors_read(&expected, golden("expected.safetensors")), STATUS_OK, NULL);
    check_status(hubert_config_of_weights(&config, &weights.table, weights.settings), STATUS_OK,
                 NULL);
    check_status(hubert_create(&model, &weights.table, &config), STATUS_OK, NULL);
    const size_t count = find_recordings(recordings, &expected);
    for (size_t r = 0; r < count; r++) {
        check_status(read_recording(&audios[r], recordings[r]), STATUS_OK, NULL);
        utterances[r] = (struct hubert_utterance){ audios[r].samples, audios[r].sample_count };
        F += hubert_frame_count(model, audios[r].sample_count);
    }
    check_status(hubert_workspace_create(&workspace, model, F), STATUS_OK, NULL);
    float *features = malloc(F * config.width * sizeof *features);
    if (features == NULL)
        abort();
    check_status(hubert_features_of_batch(features, model, workspace, utterances, count,
                                          config.layers, NULL),
                 STATUS_OK, NULL);
    for (size_t r = 0; r < count; r++) {
        struct expectation expectation = { .table = &expected,
                                           .seen = calloc(expected.count, sizeof(bool)) };
        char name[32];
        const size_t T = hubert_frame_count(model, audios[r].sample_count);
        expectation.recording = recordings[r];
        snprintf(name, sizeof name, "layer%zu", config.layers);
        compare(&expectation, name, features + start * config.width, T, config.width);
        start += T;
        free(expectation.seen);
        audio_end(&audios[r]);
    }
    free(features);
    hubert_workspace_destroy(workspace);
    hubert_destroy(model);
    tensor_table_end(&expected);
    weights_file_end(&weights);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "Hugging Face weights give the features", hugging_face_weights_give_the_features },
        { "both spellings of weight norm are read", both_spellings_of_weight_norm_are_read },
        { "fairseq weights give the features", fairseq_weights_give_the_features },
        { "torchaudio weights give the features", torchaudio_weights_give_the_features },
        { "the positional weight is the reference's", the_positional_weight_is_the_reference_s },
        { "a batch gives what its utterances give", a_batch_gives_what_its_utterances_give },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "hubert golden", cases);
}
