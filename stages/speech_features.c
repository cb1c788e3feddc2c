#include "stages/speech_features.h"

#include "storage/weights_file.h"
#include "tokenizers/speech/mfcc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Growing memory that is kept from batch to batch. */
struct floats {
    float *values;
    size_t used, capacity;
};

struct speech_features {
    struct speech_features_options options;
    struct weights_file weights;
    struct mfcc *mfcc; /* one of the two */
    struct hubert *net;
    struct hubert_workspace *workspace;
    struct floats audio, rows;
    struct speech_result *results; /* [batch_frames]: an utterance has one row at least */
    size_t count, batch_rows;
    const struct hubert_trace *trace; /* borrowed */
};

enum { CHUNK_ROWS = 5000 }; /* of HUBERT_CHUNK_SAMPLES, rounded up */

static enum status reserve(struct floats *floats, size_t count)
{
    if (count <= floats->capacity)
        return STATUS_OK;
    float *grown = realloc(floats->values, count * sizeof *grown);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "speech features: %zu values", count);
    floats->values = grown;
    floats->capacity = count;
    return STATUS_OK;
}

static enum status load_net(struct speech_features *features)
{
    const struct speech_features_options *options = &features->options;
    struct hubert_config config;
    enum status outcome = weights_file_read(&features->weights, options->weights, options->config);
    if (outcome == STATUS_OK)
        outcome =
            hubert_config_of_weights(&config, &features->weights.table, features->weights.settings);
    if (outcome == STATUS_OK)
        outcome = hubert_create(&features->net, &features->weights.table, &config);
    if (outcome == STATUS_OK && options->layer == SPEECH_FEATURES_LAST_LAYER)
        features->options.layer = hubert_layer_count(features->net);
    if (outcome == STATUS_OK && options->layer > hubert_layer_count(features->net))
        outcome = status_fail(STATUS_INVALID, "%s: layer %zu was asked for, it has %zu",
                              options->weights, options->layer, hubert_layer_count(features->net));
    return outcome;
}

static enum status allocate(struct speech_features *features)
{
    const size_t batch_rows = features->options.batch_frames;
    features->results = calloc(batch_rows, sizeof *features->results);
    if (features->results == NULL)
        return status_fail(STATUS_NO_MEMORY, "speech features: %zu rows", batch_rows);
    if (features->options.is_mfcc)
        return STATUS_OK;
    return hubert_workspace_create(&features->workspace, features->net,
                                   batch_rows > CHUNK_ROWS ? batch_rows : CHUNK_ROWS);
}

enum status speech_features_create(struct speech_features **out,
                                   const struct speech_features_options *options)
{
    struct speech_features *features = calloc(1, sizeof *features);
    *out = NULL;
    if (features == NULL)
        return status_fail(STATUS_NO_MEMORY, "speech features: no memory");
    features->options = *options;
    enum status outcome = options->is_mfcc ? mfcc_create(&features->mfcc) : load_net(features);
    if (outcome == STATUS_OK)
        outcome = allocate(features);
    if (outcome != STATUS_OK) {
        speech_features_destroy(features);
        return outcome;
    }
    *out = features;
    return STATUS_OK;
}

void speech_features_destroy(struct speech_features *features)
{
    if (features == NULL)
        return;
    mfcc_destroy(features->mfcc);
    hubert_workspace_destroy(features->workspace);
    hubert_destroy(features->net);
    weights_file_end(&features->weights);
    free(features->audio.values);
    free(features->rows.values);
    free(features->results);
    free(features);
}

size_t speech_features_width(const struct speech_features *features)
{
    return features->mfcc != NULL ? MFCC_WIDTH : hubert_width(features->net);
}

const struct hubert *speech_features_net(const struct speech_features *features)
{
    return features->net;
}

size_t speech_features_rows(const struct speech_features *features, size_t samples)
{
    return features->mfcc != NULL ? mfcc_frame_count(samples)
                                  : hubert_chunked_frame_count(features->net, samples);
}

bool speech_features_fits(const struct speech_features *features, size_t samples)
{
    return features->count == 0 || features->batch_rows + speech_features_rows(features, samples) <=
                                       features->options.batch_frames;
}

enum status speech_features_add(struct speech_features *features, const float *audio,
                                size_t samples, size_t number)
{
    const size_t rows = speech_features_rows(features, samples);
    assert(rows > 0 && speech_features_fits(features, samples));
    if (features->count == 0)
        features->audio.used = 0;
    const enum status outcome = reserve(&features->audio, features->audio.used + samples);
    if (outcome != STATUS_OK)
        return outcome;
    memcpy(features->audio.values + features->audio.used, audio, samples * sizeof *audio);
    features->audio.used += samples;
    features->batch_rows += rows;
    features->results[features->count++] =
        (struct speech_result){ .number = number, .rows = rows, .samples = samples };
    return STATUS_OK;
}

void speech_features_set_trace(struct speech_features *features, const struct hubert_trace *trace)
{
    features->trace = trace;
}

/* One utterance, of any length. */
static enum status run_alone(struct speech_features *features)
{
    const struct hubert_utterance utterance = { features->audio.values, features->audio.used };
    if (features->trace != NULL && features->audio.used <= HUBERT_CHUNK_SAMPLES)
        return hubert_features_of_batch(features->rows.values, features->net, features->workspace,
                                        &utterance, 1, features->options.layer, features->trace);
    return hubert_features_in_chunks(features->rows.values, features->net, features->workspace,
                                     features->audio.values, features->audio.used,
                                     features->options.layer);
}

static enum status run_together(struct speech_features *features)
{
    struct hubert_utterance *utterances = calloc(features->count, sizeof *utterances);
    if (utterances == NULL)
        return status_fail(STATUS_NO_MEMORY, "speech features: %zu utterances", features->count);
    const float *audio = features->audio.values;
    for (size_t u = 0; u < features->count; u++) {
        utterances[u] = (struct hubert_utterance){ audio, features->results[u].samples };
        audio += features->results[u].samples;
    }
    const enum status outcome =
        hubert_features_of_batch(features->rows.values, features->net, features->workspace,
                                 utterances, features->count, features->options.layer, NULL);
    free(utterances);
    return outcome;
}

static void run_mfcc(struct speech_features *features)
{
    const float *audio = features->audio.values;
    float *rows = features->rows.values;
    for (size_t u = 0; u < features->count; u++) {
        mfcc_features(rows, features->mfcc, audio, features->results[u].samples);
        rows += features->results[u].rows * MFCC_WIDTH;
        audio += features->results[u].samples;
    }
}

static enum status run(struct speech_features *features)
{
    if (features->mfcc != NULL)
        run_mfcc(features);
    else if (features->count == 1)
        return run_alone(features);
    else if (features->count > 1)
        return run_together(features);
    return STATUS_OK;
}

enum status speech_features_flush(const struct speech_result **results, size_t *count,
                                  struct speech_features *features)
{
    const size_t width = speech_features_width(features);
    enum status outcome = reserve(&features->rows, features->batch_rows * width);
    if (outcome == STATUS_OK)
        outcome = run(features);

    const float *values = features->rows.values;
    for (size_t u = 0; u < features->count; u++) {
        features->results[u].values = values;
        values += features->results[u].rows * width;
    }
    *results = features->results;
    *count = features->count;
    features->count = features->batch_rows = 0;
    return outcome;
}
