#include "stages/transcriber.h"

#include "recognition/recogniser.h"
#include "recognition/word.h"
#include "tts/resample.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN_BYTES = 200 };

struct transcriber {
    struct recogniser *recogniser;
    struct resampler *resampler; /* from resampled_hz; NULL: none yet */
    unsigned resampled_hz;
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

static enum status open_recogniser(struct transcriber *transcriber, const struct manifest *manifest)
{
    struct language_model *model = NULL;
    bool *is_unknown = NULL;
    enum status outcome = count_captions(&model, manifest);
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

enum status transcriber_open(struct transcriber **out, const struct manifest *manifest)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "transcriber");
    const enum status outcome = open_recogniser(*out, manifest);
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
    resampler_destroy(transcriber->resampler);
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

enum status transcriber_hear(char **text, struct transcriber *transcriber,
                             const struct audio *audio)
{
    float *samples = NULL;
    size_t count = 0;
    *text = NULL;
    if (audio->rate_hz == RECOGNISER_RATE_HZ)
        return recogniser_hear(text, transcriber->recogniser, audio->samples, audio->sample_count);
    enum status outcome = resample(&samples, &count, transcriber, audio);
    if (outcome == STATUS_OK)
        outcome = recogniser_hear(text, transcriber->recogniser, samples, count);
    free(samples);
    return outcome;
}
