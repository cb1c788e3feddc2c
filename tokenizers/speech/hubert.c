#include "tokenizers/speech/hubert.h"

#include "nn/attention.h"
#include "tokenizers/speech/hubert_convolutions.h"
#include "tokenizers/speech/hubert_encoder.h"
#include "tokenizers/speech/hubert_weights.h"

#include <stdlib.h>

struct hubert {
    struct hubert_config config;
    struct hubert_weights weights;
};

struct hubert_workspace {
    size_t frames_max;
    size_t *frame_counts; /* [frames_max]: of each utterance, which has at least one */
    float *floats;        /* owned; all others point into it */
    float *convolving;
    struct hubert_encoder_buffers encoding;
};

enum { FRAMES_MAX = 1 << 24, LINE_FLOATS = 16 };

enum status hubert_create(struct hubert **out, const struct tensor_table *table,
                          const struct hubert_config *config)
{
    *out = NULL;
    struct hubert *model = malloc(sizeof *model);
    if (model == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: HuBERT", table->source);
    model->config = *config;
    const enum status outcome = hubert_weights_take(&model->weights, table, config);
    if (outcome != STATUS_OK) {
        free(model);
        return outcome;
    }
    *out = model;
    return STATUS_OK;
}

void hubert_destroy(struct hubert *model)
{
    if (model == NULL)
        return;
    hubert_weights_end(&model->weights);
    free(model);
}

const struct hubert_config *hubert_sizes(const struct hubert *model)
{
    return &model->config;
}

size_t hubert_frame_count(const struct hubert *model, size_t samples)
{
    return hubert_config_frame_count(&model->config, samples);
}

size_t hubert_width(const struct hubert *model)
{
    return model->config.width;
}

size_t hubert_layer_count(const struct hubert *model)
{
    return model->config.layers;
}

/* Floats of each part, in whole cache lines. */
struct workspace_counts {
    size_t convolving, mixed, aside, attention, gathered;
};

static size_t whole_lines(size_t floats)
{
    return (floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

static struct workspace_counts count_workspace(const struct hubert_config *config, size_t F)
{
    const size_t group_width = config->width / config->position_groups;
    return (struct workspace_counts){
        .convolving = whole_lines(hubert_convolve_scratch_count(config)),
        .mixed = whole_lines(F * hubert_encoder_mixed_width(config)),
        .aside = whole_lines(F * config->width),
        .attention = whole_lines(attention_scratch_count(F, config->width / config->heads)),
        .gathered = whole_lines((F + config->position_kernel) * group_width),
    };
}

static size_t workspace_floats(const struct hubert_config *config, size_t F)
{
    const struct workspace_counts counts = count_workspace(config, F);
    return counts.convolving + counts.mixed + counts.aside + counts.attention + counts.gathered;
}

size_t hubert_workspace_bytes(const struct hubert_config *config, size_t frames_max)
{
    return workspace_floats(config, frames_max) * sizeof(float) + frames_max * sizeof(size_t) +
           sizeof(struct hubert_workspace);
}

enum status hubert_workspace_create(struct hubert_workspace **out, const struct hubert *model,
                                    size_t frames_max)
{
    *out = NULL;
    if (frames_max < 1 || frames_max > FRAMES_MAX)
        return status_fail(STATUS_INVALID, "a HuBERT workspace of %zu frames: 1 .. %d expected",
                           frames_max, FRAMES_MAX);
    const struct hubert_config *config = &model->config;
    const size_t floats = workspace_floats(config, frames_max);
    struct hubert_workspace *workspace = calloc(1, sizeof *workspace);
    if (workspace != NULL) {
        workspace->frames_max = frames_max;
        workspace->frame_counts = malloc(frames_max * sizeof *workspace->frame_counts);
        workspace->floats =
            aligned_alloc(LINE_FLOATS * sizeof(float), floats * sizeof *workspace->floats);
    }
    if (workspace == NULL || workspace->frame_counts == NULL || workspace->floats == NULL) {
        hubert_workspace_destroy(workspace);
        return status_fail(STATUS_NO_MEMORY, "a HuBERT workspace of %zu frames", frames_max);
    }
    const struct workspace_counts counts = count_workspace(config, frames_max);
    workspace->convolving = workspace->floats;
    workspace->encoding.mixed = workspace->convolving + counts.convolving;
    workspace->encoding.aside = workspace->encoding.mixed + counts.mixed;
    workspace->encoding.attention = workspace->encoding.aside + counts.aside;
    workspace->encoding.gathered = workspace->encoding.attention + counts.attention;
    *out = workspace;
    return STATUS_OK;
}

void hubert_workspace_destroy(struct hubert_workspace *workspace)
{
    if (workspace == NULL)
        return;
    free(workspace->frame_counts);
    free(workspace->floats);
    free(workspace);
}

/* Fills workspace->frame_counts. */
static enum status count_frames(const struct hubert *model, struct hubert_workspace *workspace,
                                const struct hubert_utterance *utterances, size_t count,
                                size_t layer)
{
    size_t F = 0;
    if (layer > model->config.layers)
        return status_fail(STATUS_INVALID, "layer %zu of a HuBERT with %zu layers", layer,
                           model->config.layers);
    for (size_t u = 0; u < count; u++) {
        const size_t T = hubert_frame_count(model, utterances[u].samples);
        if (T == 0)
            return status_fail(STATUS_INVALID,
                               "utterance %zu has %zu samples, too few for a HuBERT frame", u,
                               utterances[u].samples);
        if (T > workspace->frames_max - F)
            return status_fail(STATUS_INVALID,
                               "utterance %zu: more than the %zu frames of the HuBERT workspace", u,
                               workspace->frames_max);
        workspace->frame_counts[u] = T;
        F += T;
    }
    return STATUS_OK;
}

enum status hubert_features_of_batch(float *features, const struct hubert *model,
                                     struct hubert_workspace *workspace,
                                     const struct hubert_utterance *utterances, size_t count,
                                     size_t layer, const struct hubert_trace *trace)
{
    const struct hubert_config *config = &model->config;
    const bool is_inner_wanted = trace != NULL && !trace->is_layers_only;
    const enum status outcome = count_frames(model, workspace, utterances, count, layer);
    if (outcome != STATUS_OK)
        return outcome;

    const size_t C = config->convolutions[config->convolution_count - 1].channels;
    float *convolved = workspace->encoding.mixed; /* [F][C] */
    size_t start = 0;
    for (size_t u = 0; u < count; u++) {
        hubert_convolve(convolved + start * C, config, &model->weights, utterances[u].audio,
                        utterances[u].samples, workspace->convolving,
                        is_inner_wanted ? trace : NULL);
        start += workspace->frame_counts[u];
    }
    hubert_encode(features, config, &model->weights, convolved, workspace->frame_counts, count,
                  layer, &workspace->encoding, trace);
    return STATUS_OK;
}

enum status hubert_features(float *features, const struct hubert *model,
                            struct hubert_workspace *workspace, const float *audio, size_t samples,
                            size_t layer)
{
    const struct hubert_utterance utterance = { .audio = audio, .samples = samples };
    return hubert_features_of_batch(features, model, workspace, &utterance, 1, layer, NULL);
}

size_t hubert_chunked_frame_count(const struct hubert *model, size_t samples)
{
    const size_t chunks = samples / HUBERT_CHUNK_SAMPLES;
    return chunks * hubert_frame_count(model, HUBERT_CHUNK_SAMPLES) +
           hubert_frame_count(model, samples % HUBERT_CHUNK_SAMPLES);
}

enum status hubert_features_in_chunks(float *features, const struct hubert *model,
                                      struct hubert_workspace *workspace, const float *audio,
                                      size_t samples, size_t layer)
{
    for (size_t start = 0; start < samples || start == 0; start += HUBERT_CHUNK_SAMPLES) {
        const size_t left = samples - start;
        const size_t count = left < HUBERT_CHUNK_SAMPLES ? left : HUBERT_CHUNK_SAMPLES;
        const size_t T = hubert_frame_count(model, count);
        if (T == 0 && start > 0)
            break;
        const enum status outcome =
            hubert_features(features, model, workspace, audio + start, count, layer);
        if (outcome != STATUS_OK)
            return outcome;
        features += T * model->config.width;
    }
    return STATUS_OK;
}
