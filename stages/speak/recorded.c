#include "stages/speak/recorded.h"

#include "storage/audio_file.h"
#include "tts/resample.h"
#include "tts/speaker.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Checked before anything is allocated, when the rate is not known yet. */
enum { SAMPLES_MAX = RECORDED_DURATION_MAX_SECONDS * 48000 };

const char recorded_voice[] = "recorded";

struct recorded {
    struct resampler *resampler; /* from `rate_hz`; NULL before the first file */
    unsigned rate_hz;
    float *floats;    /* [capacity] */
    int16_t *samples; /* [capacity] */
    size_t capacity;
};

struct recorded *recorded_create(void)
{
    return calloc(1, sizeof(struct recorded));
}

void recorded_destroy(struct recorded *recorded)
{
    if (recorded == NULL)
        return;
    resampler_destroy(recorded->resampler);
    free(recorded->floats);
    free(recorded->samples);
    free(recorded);
}

static enum status reserve(struct recorded *recorded, size_t count)
{
    if (count <= recorded->capacity)
        return STATUS_OK;
    free(recorded->floats);
    free(recorded->samples);
    recorded->floats = malloc(count * sizeof *recorded->floats);
    recorded->samples = malloc(count * sizeof *recorded->samples);
    recorded->capacity = recorded->floats != NULL && recorded->samples != NULL ? count : 0;
    return recorded->capacity > 0 ? STATUS_OK
                                  : status_fail(STATUS_NO_MEMORY, "recorded speech: no memory");
}

/* The files of a collection have one rate as a rule. */
static enum status use_rate(struct recorded *recorded, unsigned rate_hz)
{
    if (recorded->resampler != NULL && recorded->rate_hz == rate_hz)
        return STATUS_OK;
    resampler_destroy(recorded->resampler);
    recorded->rate_hz = rate_hz;
    return resampler_create(&recorded->resampler, rate_hz, SPEAKER_RATE_HZ);
}

static enum status convert(struct speech *speech, struct recorded *recorded,
                           const struct audio *audio)
{
    if (audio->sample_count / audio->rate_hz >= RECORDED_DURATION_MAX_SECONDS)
        return status_fail(STATUS_INVALID, "recorded speech of more than %d s",
                           RECORDED_DURATION_MAX_SECONDS);
    enum status outcome = use_rate(recorded, audio->rate_hz);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t count = resampler_output_count(recorded->resampler, audio->sample_count);
    outcome = reserve(recorded, count);
    if (outcome == STATUS_OK)
        outcome = resampler_run(recorded->floats, recorded->resampler, audio->samples,
                                audio->sample_count);
    if (outcome != STATUS_OK)
        return outcome;
    audio_quantise(recorded->samples, recorded->floats, count);
    *speech = (struct speech){ .samples = recorded->samples,
                               .sample_count = count,
                               .samples_max = count };
    return STATUS_OK;
}

/* The failure without the path in front: reasons are grouped and shown beside the record. */
static enum status leave_path_out(enum status outcome, const char *path)
{
    char text[STATUS_TEXT_BYTES];
    const size_t length = strlen(path);
    snprintf(text, sizeof text, "%s", status_text());
    const bool has_path = strncmp(text, path, length) == 0 && text[length] == ':';
    return status_fail(outcome, "recorded audio: %s", has_path ? text + length + 2 : text);
}

enum status recorded_read(struct speech *speech, struct recorded *recorded, const char *path)
{
    struct audio audio = { 0 };
    *speech = (struct speech){ 0 };
    enum status outcome = audio_file_read(&audio, path, SAMPLES_MAX);
    if (outcome == STATUS_OK)
        outcome = convert(speech, recorded, &audio);
    audio_end(&audio);
    if (outcome == STATUS_OK || outcome == STATUS_NO_MEMORY)
        return outcome;
    return leave_path_out(outcome, path);
}
