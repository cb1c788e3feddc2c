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
    struct floats kept, top; /* of the kept layers; of the highest one, where it is not `layer` */
    size_t top_layer;        /* where the net stops */
    size_t first_row;        /* in the batch, of what the net makes now */
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
    features->top_layer = options->layer;
    for (size_t k = 0; k < options->kept_count; k++)
        if (options->kept_layers[k] > features->top_layer)
            features->top_layer = options->kept_layers[k];
    if (outcome == STATUS_OK && features->top_layer > hubert_layer_count(features->net))
        outcome =
            status_fail(STATUS_INVALID, "%s: layer %zu was asked for, it has %zu", options->weights,
                        features->top_layer, hubert_layer_count(features->net));
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
    free(features->kept.values);
    free(features->top.values);
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

/* Takes what is wanted of a layer while the net passes it. */
static void keep_layer(void *payload, const char *name, const float *values, size_t rows,
                       size_t columns)
{
    struct speech_features *features = payload;
    const struct speech_features_options *options = &features->options;
    const size_t layer = strtoul(name + strlen("layer"), NULL, 10);
    if (layer == options->layer && layer < features->top_layer)
        memcpy(features->rows.values + features->first_row * columns, values,
               rows * columns * sizeof *values);
    for (size_t k = 0; k < options->kept_count; k++)
        for (size_t r = 0; options->kept_layers[k] == layer && r < rows; r++)
            memcpy(features->kept.values +
                       ((features->first_row + r) * options->kept_count + k) * columns,
                   values + r * columns, columns * sizeof *values);
}

/* The next rows of the batch, from these utterances. */
static enum status run_net(struct speech_features *features,
                           const struct hubert_utterance *utterances, size_t count)
{
    const struct hubert_trace keeping = { .put = keep_layer,
                                          .payload = features,
                                          .is_layers_only = true };
    const size_t width = speech_features_width(features);
    float *rows = features->top_layer > features->options.layer
                      ? features->top.values
                      : features->rows.values + features->first_row * width;
    const bool is_traced = features->count == 1 && features->audio.used <= HUBERT_CHUNK_SAMPLES;
    const struct hubert_trace *trace = is_traced ? features->trace : NULL;
    return hubert_features_of_batch(rows, features->net, features->workspace, utterances, count,
                                    features->top_layer,
                                    features->options.kept_count > 0 ? &keeping : trace);
}

/* One utterance, of any length: cut into chunks as hubert_features_in_chunks does. */
static enum status run_alone(struct speech_features *features)
{
    enum status outcome = STATUS_OK;
    for (size_t start = 0; start < features->audio.used && outcome == STATUS_OK;
         start += HUBERT_CHUNK_SAMPLES) {
        const size_t left = features->audio.used - start;
        const struct hubert_utterance chunk = {
            features->audio.values + start,
            left < HUBERT_CHUNK_SAMPLES ? left : HUBERT_CHUNK_SAMPLES,
        };
        const size_t rows = hubert_frame_count(features->net, chunk.samples);
        if (rows > 0)
            outcome = run_net(features, &chunk, 1);
        features->first_row += rows;
    }
    return outcome;
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
    const enum status outcome = run_net(features, utterances, features->count);
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

static enum status reserve_rows(struct speech_features *features)
{
    const size_t count = features->batch_rows * speech_features_width(features);
    enum status outcome = reserve(&features->rows, count);
    if (outcome == STATUS_OK && features->top_layer > features->options.layer)
        outcome = reserve(&features->top, count);
    if (outcome == STATUS_OK)
        outcome = reserve(&features->kept, count * features->options.kept_count);
    return outcome;
}

enum status speech_features_flush(const struct speech_result **results, size_t *count,
                                  struct speech_features *features)
{
    const size_t width = speech_features_width(features);
    const size_t kept_width = features->options.kept_count * width;
    enum status outcome = reserve_rows(features);
    features->first_row = 0;
    if (outcome == STATUS_OK)
        outcome = run(features);

    size_t row = 0;
    for (size_t u = 0; u < features->count && outcome == STATUS_OK; u++) {
        features->results[u].values = features->rows.values + row * width;
        if (kept_width > 0)
            features->results[u].kept = features->kept.values + row * kept_width;
        row += features->results[u].rows;
    }
    *results = features->results;
    *count = features->count;
    features->count = features->batch_rows = 0;
    return outcome;
}
