#include "cluster/stop.h"
#include "core/log.h"
#include "stages/encode/encode.h"
#include "stages/encode/encode_group.h"
#include "stages/shipped_nets.h"
#include "stages/speech_features.h"
#include "stages/unit_codebook.h"
#include "storage/audio_file.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/run_length.h"
#include "tts/resample.h"

#include <stdlib.h>
#include <string.h>

/* Longest input, read whole, and the samples of that at 192 kHz. */
enum { SECONDS_MAX = 3 * 3600, SAMPLES_MAX = SECONDS_MAX * 192000 };

static void put_traced(void *payload, const char *name, const float *values, size_t rows,
                       size_t columns)
{
    encode_trace_put(payload, name, values, rows, columns);
}

/* Brings `audio` to the net's rate, with a note. */
static enum status resample(struct audio *audio, const char *path)
{
    struct resampler *resampler = NULL;
    if (audio->rate_hz == HUBERT_SAMPLE_RATE_HZ)
        return STATUS_OK;
    enum status outcome = resampler_create(&resampler, audio->rate_hz, HUBERT_SAMPLE_RATE_HZ);
    if (outcome != STATUS_OK)
        return outcome;
    log_say("%s: resampled from %u Hz to %d Hz", path, audio->rate_hz, HUBERT_SAMPLE_RATE_HZ);
    const size_t count = resampler_output_count(resampler, audio->sample_count);
    float *resampled = malloc((count > 0 ? count : 1) * sizeof *resampled);
    if (resampled == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: %zu samples", path, count);
    else
        outcome = resampler_run(resampled, resampler, audio->samples, audio->sample_count);
    resampler_destroy(resampler);
    if (outcome != STATUS_OK) {
        free(resampled);
        return outcome;
    }
    free(audio->samples);
    audio->samples = resampled;
    audio->sample_count = count;
    audio->rate_hz = HUBERT_SAMPLE_RATE_HZ;
    return STATUS_OK;
}

static enum status read_speech(struct audio *audio, const char *path)
{
    enum status outcome = audio_file_read(audio, path, SAMPLES_MAX);
    if (outcome != STATUS_OK)
        return outcome;
    if (audio->channel_count > 1)
        log_say("%s: the mean of %u channels", path, audio->channel_count);
    if (audio->sample_count / audio->rate_hz >= SECONDS_MAX)
        outcome = status_fail(STATUS_INVALID, "%s: longer than %d hours", path, SECONDS_MAX / 3600);
    if (outcome == STATUS_OK)
        outcome = resample(audio, path);
    if (outcome != STATUS_OK)
        audio_end(audio);
    return outcome;
}

static enum status put_units(struct array_file *file, struct kmeans *kmeans,
                             const struct speech_result *result)
{
    const size_t frames = result->rows;
    uint16_t *units = calloc(3 * frames + 1, sizeof *units);
    if (units == NULL)
        return status_fail(STATUS_NO_MEMORY, "units of %zu frames", frames);
    uint16_t *runs = units + frames, *durations = runs + frames;
    kmeans_assign(units, NULL, kmeans, result->values, frames);
    const size_t run_count = run_length_encode(runs, durations, units, frames);
    enum status outcome = array_file_put(file, "units", ARRAY_U16, 1, &frames, units);
    if (outcome == STATUS_OK)
        outcome = array_file_put(file, "dedup_units", ARRAY_U16, 1, &run_count, runs);
    if (outcome == STATUS_OK)
        outcome = array_file_put(file, "durations", ARRAY_U16, 1, &run_count, durations);
    free(units);
    return outcome;
}

/* `kmeans` may be NULL. */
static enum status encode_audio(struct array_file *file, struct speech_features *features,
                                struct kmeans *kmeans, const char *path)
{
    struct audio audio = { 0 };
    const struct speech_result *result = NULL;
    size_t count = 0;
    enum status outcome = read_speech(&audio, path);
    if (outcome != STATUS_OK)
        return outcome;
    if (speech_features_rows(features, audio.sample_count) == 0)
        outcome = status_fail(STATUS_INVALID, "%s: %zu samples at 16 kHz are too few for a frame",
                              path, audio.sample_count);
    if (outcome == STATUS_OK)
        outcome = encode_group_begin(file, path);
    if (outcome == STATUS_OK)
        outcome = speech_features_add(features, audio.samples, audio.sample_count, 0);
    if (outcome == STATUS_OK)
        outcome = speech_features_flush(&result, &count, features);
    if (outcome == STATUS_OK) {
        const size_t dims[2] = { result->rows, speech_features_width(features) };
        outcome = array_file_put(file, "features", ARRAY_F32, 2, dims, result->values);
    }
    if (outcome == STATUS_OK && kmeans != NULL)
        outcome = put_units(file, kmeans, result);
    audio_end(&audio);
    return outcome;
}

struct request {
    struct speech_features_options options;
    const char *kmeans, *out, *layer;
    bool wants_trace;
    char weights[PATH_BYTES], centres[PATH_BYTES]; /* of the nets that ship with unitmill */
};

static bool wants_all_layers(const struct request *request)
{
    return request->layer != NULL && strcmp(request->layer, "all") == 0;
}

static enum status encode_all(const struct command_line *line, struct speech_features *features,
                              struct kmeans *kmeans, const struct request *request)
{
    struct array_file *file = NULL;
    enum status outcome = array_file_create(&file, request->out);
    struct encode_trace trace = { .file = file,
                                  .wants_all = request->wants_trace,
                                  .wants_layers = wants_all_layers(request) };
    const struct hubert_trace hook = { .put = put_traced,
                                       .payload = &trace,
                                       .is_layers_only = !trace.wants_all };
    if (trace.wants_all || trace.wants_layers)
        speech_features_set_trace(features, &hook);
    for (size_t p = 0; p < line->operand_count && outcome == STATUS_OK; p++) {
        outcome = stop_check();
        if (outcome == STATUS_OK)
            outcome = encode_audio(file, features, kmeans, line->operands[p]);
        if (outcome == STATUS_OK)
            outcome = trace.outcome;
    }
    if (outcome == STATUS_OK)
        outcome = array_file_commit(file);
    array_file_destroy(file);
    return outcome;
}

static enum status encode(const struct command_line *line, const struct request *request)
{
    struct speech_features *features = NULL;
    struct unit_codebook codebook = { 0 };
    struct kmeans *kmeans = NULL;
    enum status outcome = speech_features_create(&features, &request->options);
    if (outcome == STATUS_OK && request->kmeans != NULL) {
        outcome =
            unit_codebook_read_file(&codebook, request->kmeans, speech_features_width(features));
        if (outcome == STATUS_OK)
            outcome = kmeans_create(&kmeans, codebook.centroids, codebook.clusters, codebook.width);
    }
    if (outcome == STATUS_OK)
        outcome = encode_all(line, features, kmeans, request);
    kmeans_destroy(kmeans);
    unit_codebook_end(&codebook);
    speech_features_destroy(features);
    return outcome;
}

/* What was not given is that of the nets that ship with unitmill, as far as it goes together. */
static enum status choose(struct request *request)
{
    const bool has_own_layer =
        shipped_net_is_meant(request->options.weights) && request->layer == NULL;
    const bool names_centres = request->kmeans != NULL;
    enum status outcome =
        shipped_net_default(&request->options.weights, request->weights, "hubert");
    if (outcome == STATUS_OK && request->layer == NULL)
        outcome = shipped_nets_layer(&request->options.layer, request->options.weights,
                                     request->options.config);
    if (outcome != STATUS_OK || !(names_centres || has_own_layer) ||
        !shipped_net_is_meant(request->kmeans))
        return outcome;
    request->kmeans = request->centres;
    return shipped_net_find(request->centres, "hubert/kmeans.h5");
}

/* False where the layer asked for is none. */
static bool read_layer(struct request *request)
{
    char *end = NULL;
    if (request->layer == NULL || wants_all_layers(request))
        return true;
    request->options.layer = strtoul(request->layer, &end, 10);
    return end != request->layer && *end == '\0' && request->options.layer <= 1000;
}

enum status encode_speech_command(struct command_line *line, int argc, char **argv)
{
    struct request request = { .options = { .layer = SPEECH_FEATURES_LAST_LAYER,
                                            .batch_frames = 1 } };
    const struct option table[] = {
        { "hubert", OPTION_TEXT, &request.options.weights, "W",
          "HuBERT weights (default: those that ship with unitmill)" },
        { "config", OPTION_TEXT, &request.options.config, "FILE",
          "their configuration (default: config.json beside them)" },
        { "layer", OPTION_TEXT, &request.layer, "L",
          "blocks before the features are taken, or all (default: as the configuration says, else "
          "6)" },
        { "kmeans", OPTION_TEXT, &request.kmeans, "C",
          "k-means centres: adds units (default: with the default HuBERT and layer, its own)" },
        { "out", OPTION_TEXT, &request.out, "FILE", "HDF5 file to write" },
        { "trace", OPTION_SWITCH, &request.wants_trace, NULL,
          "add what lies between, to find a mismatch" },
    };
    if (!command_begin(line, table, sizeof table / sizeof table[0], argc, argv))
        return STATUS_OK;
    if (request.out == NULL)
        return command_usage(line, "--out is needed");
    if (!read_layer(&request))
        return command_usage(line, "--layer takes a number of blocks, or all");
    const enum status outcome = choose(&request);
    return outcome == STATUS_OK ? encode(line, &request) : outcome;
}
