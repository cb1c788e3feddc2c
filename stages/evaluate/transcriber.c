#include "stages/evaluate/transcriber.h"

#include "recognition/recogniser.h"
#include "recognition/word.h"
#include "stages/image_shards.h"
#include "stages/speech_shards.h"
#include "stages/unit_speech.h"
#include "tokenizers/speech/run_length.h"
#include "tts/resample.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN_BYTES = 200, SAMPLES_MAX = 192000 * 3600 };

/* A shard, kept until another one is wanted. */
struct kept_shard {
    struct shard *shard;
    size_t number;
};

struct transcriber {
    const struct run *run;
    struct recogniser *recogniser;
    struct unit_vocoder *vocoder; /* NULL: none */
    struct resampler *resampler;  /* from resampled_hz; NULL: none yet */
    unsigned resampled_hz;
    struct kept_shard speech, units, generated;
    size_t words, unknown;
    char unknown_words[UNKNOWN_BYTES];
};

bool transcriber_knows(const struct manifest_caption *caption)
{
    char word[WORD_BYTES];
    const char *text = caption->text;
    return caption->reject == NULL && strncmp(caption->language, "en", 2) == 0 &&
           (caption->language[2] == '\0' || caption->language[2] == '-') && word_next(word, &text);
}

static enum status count_captions(struct language_model **out, const struct manifest *manifest)
{
    enum status outcome = language_model_create(out);
    for (size_t c = 0; c < manifest->caption_count && outcome == STATUS_OK; c++)
        if (transcriber_knows(&manifest->captions[c]))
            outcome = language_model_add(*out, manifest->captions[c].text);
    if (outcome == STATUS_OK && language_model_word_count(*out) == LANGUAGE_MODEL_ENDS)
        outcome = status_fail(STATUS_INVALID, "the recogniser knows English, and the manifest has "
                                              "no English captions");
    return outcome;
}

static void note_unknown(struct transcriber *transcriber, const struct language_model *model,
                         const bool *is_unknown)
{
    size_t length = 0;
    transcriber->words = language_model_word_count(model) - LANGUAGE_MODEL_ENDS;
    for (size_t w = LANGUAGE_MODEL_ENDS; w < language_model_word_count(model); w++) {
        const char *word = language_model_word(model, w);
        if (!is_unknown[w])
            continue;
        transcriber->unknown++;
        if (length + strlen(word) + 3 < UNKNOWN_BYTES)
            length += (size_t)snprintf(transcriber->unknown_words + length, UNKNOWN_BYTES - length,
                                       "%s%s", length > 0 ? ", " : "", word);
    }
}

static enum status open_recogniser(struct transcriber *transcriber)
{
    struct language_model *model = NULL;
    bool *is_unknown = NULL;
    enum status outcome = count_captions(&model, &transcriber->run->manifest);
    if (outcome == STATUS_OK) {
        is_unknown = calloc(language_model_word_count(model), sizeof *is_unknown);
        if (is_unknown == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "words");
    }
    if (outcome == STATUS_OK)
        outcome = recogniser_create(&transcriber->recogniser, is_unknown, model);
    if (outcome == STATUS_OK)
        note_unknown(transcriber, model, is_unknown);
    free(is_unknown);
    language_model_destroy(model);
    return outcome;
}

enum status transcriber_open(struct transcriber **out, const struct run *run)
{
    const struct plan *plan = &run->plan;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "transcriber");
    (*out)->run = run;
    enum status outcome = open_recogniser(*out);
    if (outcome == STATUS_OK && plan->generate.vocoder != NULL)
        outcome = unit_speech_load(&(*out)->vocoder, plan->generate.vocoder,
                                   plan->generate.vocoder_config);
    if (outcome != STATUS_OK) {
        transcriber_close(*out);
        *out = NULL;
    }
    return outcome;
}

void transcriber_close(struct transcriber *transcriber)
{
    if (transcriber == NULL)
        return;
    recogniser_destroy(transcriber->recogniser);
    unit_vocoder_destroy(transcriber->vocoder);
    resampler_destroy(transcriber->resampler);
    shard_destroy(transcriber->speech.shard);
    shard_destroy(transcriber->units.shard);
    shard_destroy(transcriber->generated.shard);
    free(transcriber);
}

size_t transcriber_word_count(const struct transcriber *transcriber)
{
    return transcriber->words;
}

size_t transcriber_unknown_count(const struct transcriber *transcriber)
{
    return transcriber->unknown;
}

const char *transcriber_unknown(const struct transcriber *transcriber)
{
    return transcriber->unknown_words;
}

static enum status read_units(struct shard **out, const struct run *run, size_t number)
{
    const enum status outcome =
        run_read_shard(out, run, "units", run_caption_range(run, number), unit_columns,
                       run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill speech-units makes it", status_text());
    return outcome;
}

/* Finds `record`, one of shard `number`: `*row` is SIZE_MAX where it was rejected. */
static enum status
find(size_t *row, struct kept_shard *kept, const struct run *run, size_t number, size_t record,
     enum status (*read)(struct shard **out, const struct run *run, size_t number))
{
    *row = SIZE_MAX;
    if (kept->shard == NULL || kept->number != number) {
        shard_destroy(kept->shard);
        kept->shard = NULL;
        const enum status outcome = read(&kept->shard, run, number);
        if (outcome != STATUS_OK)
            return outcome;
        kept->number = number;
    }
    *row = shard_find(kept->shard, record);
    return STATUS_OK;
}

static enum status resample(float **samples, size_t *count, struct transcriber *transcriber,
                            const struct audio *audio)
{
    enum status outcome = STATUS_OK;
    if (transcriber->resampler == NULL || transcriber->resampled_hz != audio->rate_hz) {
        resampler_destroy(transcriber->resampler);
        transcriber->resampled_hz = audio->rate_hz;
        outcome = resampler_create(&transcriber->resampler, audio->rate_hz, RECOGNISER_RATE_HZ);
    }
    if (outcome != STATUS_OK)
        return outcome;
    *count = resampler_output_count(transcriber->resampler, audio->sample_count);
    *samples = malloc((*count + 1) * sizeof **samples);
    if (*samples == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu samples", *count);
    return resampler_run(*samples, transcriber->resampler, audio->samples, audio->sample_count);
}

static enum status hear(char **text, struct transcriber *transcriber, const struct audio *audio)
{
    float *samples = NULL;
    size_t count = 0;
    if (audio->rate_hz == RECOGNISER_RATE_HZ)
        return recogniser_hear(text, transcriber->recogniser, audio->samples, audio->sample_count);
    enum status outcome = resample(&samples, &count, transcriber, audio);
    if (outcome == STATUS_OK)
        outcome = recogniser_hear(text, transcriber->recogniser, samples, count);
    free(samples);
    return outcome;
}

enum status transcriber_hear_speech(char **text, struct transcriber *transcriber, size_t record)
{
    struct audio audio = { 0 };
    size_t row = 0;
    *text = NULL;
    enum status outcome =
        find(&row, &transcriber->speech, transcriber->run,
             record / transcriber->run->plan.shard_captions, record, speech_shard_read);
    if (outcome != STATUS_OK || row == SIZE_MAX)
        return outcome;
    outcome = speech_shard_decode(&audio, transcriber->speech.shard, row);
    if (outcome == STATUS_OK)
        outcome = hear(text, transcriber, &audio);
    audio_end(&audio);
    return outcome;
}

/* Has the vocoder speak units: of frames, or once each. */
static enum status hear_codes(char **text, struct transcriber *transcriber, const uint16_t *units,
                              size_t count, bool predicts_durations)
{
    struct audio audio = { .rate_hz = (unsigned)unit_vocoder_sizes(transcriber->vocoder)->rate_hz };
    int64_t *codes = malloc((count + 1) * sizeof *codes);
    if (codes == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", count);
    for (size_t u = 0; u < count; u++)
        codes[u] = units[u];
    enum status outcome =
        unit_vocoder_speak(&audio.samples, &audio.sample_count, transcriber->vocoder, codes, count,
                           predicts_durations);
    free(codes);
    if (outcome == STATUS_OK)
        outcome = hear(text, transcriber, &audio);
    audio_end(&audio);
    return outcome;
}

enum status transcriber_hear_units(char **text, struct transcriber *transcriber, size_t record)
{
    size_t row = 0, runs = 0, durations_count = 0;
    *text = NULL;
    if (transcriber->vocoder == NULL)
        return STATUS_OK;
    enum status outcome = find(&row, &transcriber->units, transcriber->run,
                               record / transcriber->run->plan.shard_captions, record, read_units);
    if (outcome != STATUS_OK || row == SIZE_MAX)
        return outcome;
    const struct shard *shard = transcriber->units.shard;
    const uint16_t *units = shard_values(shard, UNIT_UNITS, row, &runs);
    const uint16_t *durations = shard_values(shard, UNIT_DURATIONS, row, &durations_count);
    if (runs != durations_count)
        return status_fail(STATUS_CORRUPT, "%s: %zu units, %zu durations",
                           shard_kept_id(shard, row), runs, durations_count);
    const size_t frames = run_length_frames(durations, runs);
    uint16_t *spread = malloc((frames + 1) * sizeof *spread);
    if (spread == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu frames", frames);
    run_length_decode(spread, units, durations, runs);
    outcome = frames > 0 ? hear_codes(text, transcriber, spread, frames, false) : STATUS_OK;
    free(spread);
    return outcome;
}

enum status transcriber_hear_generated(char **text, struct transcriber *transcriber, size_t picture)
{
    struct audio audio = { 0 };
    size_t row = 0, bytes = 0, count = 0;
    *text = NULL;
    enum status outcome =
        find(&row, &transcriber->generated, transcriber->run,
             picture / transcriber->run->plan.shard_images, picture, generated_shard_read);
    if (outcome != STATUS_OK || row == SIZE_MAX)
        return outcome;
    const struct shard *shard = transcriber->generated.shard;
    const uint8_t *flac = shard_values(shard, GENERATED_FLAC, row, &bytes);
    const uint16_t *units = shard_values(shard, GENERATED_UNITS, row, &count);
    if (bytes == 0)
        return transcriber->vocoder != NULL && count > 0
                   ? hear_codes(text, transcriber, units, count, true)
                   : STATUS_OK;
    outcome = audio_file_decode(&audio, flac, bytes, SAMPLES_MAX, shard_kept_id(shard, row));
    if (outcome == STATUS_OK)
        outcome = hear(text, transcriber, &audio);
    audio_end(&audio);
    return outcome;
}
