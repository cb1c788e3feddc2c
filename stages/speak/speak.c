#include "stages/speak/speak.h"

#include "stages/shard_stage.h"
#include "stages/speak/recorded.h"
#include "storage/flac_encoder.h"
#include "storage/shard_schemas.h"
#include "tts/caption.h"
#include "tts/speaker.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where speech comes from. */
struct speaking {
    struct speaker *speaker;
    struct recorded *recorded;
};

static enum status add_recipe(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range)
{
    (void)self;
    const struct plan *plan = &run->plan;
    digest_add_text(recipe, espeak_voice_library_version());
    digest_add_number(recipe, plan->seed);
    for (size_t v = 0; v < plan->speak.voices.count; v++)
        digest_add_text(recipe, plan->speak.voices.items[v]);
    digest_add_number(recipe, plan->speak.rate_wpm_min);
    digest_add_number(recipe, plan->speak.rate_wpm_max);
    digest_add_number(recipe, plan->speak.pitch_min);
    digest_add_number(recipe, plan->speak.pitch_max);
    digest_add_number(recipe, plan->speak.caption_bytes_max);
    for (size_t r = range.first; r < range.first + range.count; r++) {
        const struct manifest_caption *caption = &run->manifest.captions[r];
        digest_add_text(recipe, caption->id);
        digest_add_text(recipe, caption->text);
        digest_add_text(recipe, caption->language);
        digest_add_text(recipe, caption->speaker == NULL ? "" : caption->speaker);
        digest_add_text(recipe, caption->audio == NULL ? "" : caption->audio);
        digest_add_text(recipe, caption->reject == NULL ? "" : caption->reject);
    }
    return STATUS_OK;
}

/* Phone names in one text, separated by blanks, and their starts. */
static enum status add_phones(struct shard *out, const struct speech *speech)
{
    char *names = malloc(speech->phone_count * (PHONE_NAME_BYTES + 1) + 1);
    uint32_t *starts = malloc((speech->phone_count + 1) * sizeof *starts);
    enum status outcome = STATUS_OK;
    if (names == NULL || starts == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "phones");
    size_t used = 0;
    for (size_t p = 0; p < speech->phone_count && outcome == STATUS_OK; p++) {
        used += (size_t)sprintf(names + used, "%s%s", p == 0 ? "" : " ", speech->phones[p].name);
        starts[p] = speech->phones[p].start;
    }
    if (outcome == STATUS_OK) {
        names[used] = '\0';
        outcome = shard_add_text(out, SPEECH_PHONES, names);
    }
    if (outcome == STATUS_OK)
        outcome = shard_add(out, SPEECH_PHONE_STARTS, starts, speech->phone_count);
    free(names);
    free(starts);
    return outcome;
}

static enum status add_flac(struct shard *out, const struct speech *speech)
{
    uint8_t *flac = NULL;
    size_t flac_bytes = 0;
    enum status outcome =
        flac_encode(&flac, &flac_bytes, speech->samples, speech->sample_count, SPEAKER_RATE_HZ);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, SPEECH_FLAC, flac, flac_bytes);
    free(flac);
    return outcome;
}

static enum status keep(struct shard *out, const struct speech *speech,
                        const struct speaker_choice *choice, const struct manifest_caption *caption,
                        size_t record)
{
    const uint32_t sample_count = (uint32_t)speech->sample_count;
    const uint16_t rate_wpm = (uint16_t)choice->rate_wpm, pitch = (uint16_t)choice->pitch;
    enum status outcome = add_flac(out, speech);
    if (outcome == STATUS_OK)
        outcome = add_phones(out, speech);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, SPEECH_SAMPLE_COUNT, &sample_count, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, SPEECH_RATE_WPM, &rate_wpm, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add(out, SPEECH_PITCH, &pitch, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add_text(out, SPEECH_TEXT, caption->text);
    if (outcome == STATUS_OK)
        outcome = shard_add_text(out, SPEECH_LANGUAGE, caption->language);
    if (outcome == STATUS_OK)
        outcome = shard_add_text(out, SPEECH_VOICE, choice->voice);
    return outcome == STATUS_OK ? shard_keep(out, record, caption->id) : outcome;
}

/* Why the caption cannot be taken; a recording may come without text. */
static enum status check(const struct manifest_caption *caption, const struct plan *plan)
{
    if (caption->reject != NULL)
        return status_fail(STATUS_INVALID, "%s", caption->reject);
    if (caption->audio != NULL && caption->text[0] == '\0')
        return STATUS_OK;
    return caption_check(caption->text, plan->speak.caption_bytes_max);
}

static struct speaker_caption wanted(const struct manifest_caption *caption)
{
    return (struct speaker_caption){ .id = caption->id,
                                     .text = caption->text,
                                     .language = caption->language,
                                     .speaker = caption->speaker };
}

/* `next` may be NULL; a voice begins on it early where it is to be spoken. */
static enum status speak_text(struct speech *speech, struct speaker_choice *choice,
                              struct speaking *speaking, const struct run *run,
                              const struct manifest_caption *caption,
                              const struct manifest_caption *next)
{
    const bool goes_on =
        next != NULL && next->audio == NULL && check(next, &run->plan) == STATUS_OK;
    const struct speaker_caption now = wanted(caption),
                                 then = goes_on ? wanted(next) : (struct speaker_caption){ 0 };
    return speaker_speak(speech, choice, speaking->speaker, &now, goes_on ? &then : NULL);
}

/* What keeps a recording from being read is the caption's fault, but for want of memory. */
static enum status take_recording(struct speech *speech, struct speaker_choice *choice,
                                  struct speaking *speaking, const struct run *run,
                                  const struct manifest_caption *caption)
{
    char path[PATH_BYTES];
    *choice = (struct speaker_choice){ .voice = recorded_voice };
    enum status outcome = path_join(path, run->manifest.audio_root, caption->audio);
    if (outcome == STATUS_OK)
        outcome = recorded_read(speech, speaking->recorded, path);
    return outcome == STATUS_OK || outcome == STATUS_NO_MEMORY ? outcome : STATUS_INVALID;
}

/* Only STATUS_INVALID is the caption's own fault. `next` may be NULL. */
static enum status speak_caption(struct shard *out, struct speaking *speaking,
                                 const struct run *run, size_t record,
                                 const struct manifest_caption *next)
{
    const struct manifest_caption *caption = &run->manifest.captions[record];
    struct speech speech = { 0 };
    struct speaker_choice choice = { 0 };
    enum status outcome = check(caption, &run->plan);
    if (outcome == STATUS_OK && caption->audio != NULL)
        outcome = take_recording(&speech, &choice, speaking, run, caption);
    else if (outcome == STATUS_OK)
        outcome = speak_text(&speech, &choice, speaking, run, caption, next);
    if (outcome == STATUS_INVALID)
        return shard_reject(out, record, caption->id, status_text());
    return outcome == STATUS_OK ? keep(out, &speech, &choice, caption, record) : outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    struct speaking *speaking = self;
    enum status outcome = STATUS_OK;
    const size_t end = range.first + range.count;
    speaker_begin_batch(speaking->speaker); /* what is said depends on the shard alone */
    for (size_t r = range.first; r < end && outcome == STATUS_OK; r++) {
        if (!shard_stage_wants(work, r))
            continue;
        outcome = speak_caption(out, speaking, run, r,
                                r + 1 < end ? &run->manifest.captions[r + 1] : NULL);
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(work);
    }
    return outcome;
}

static enum status open_voices(struct speaking *speaking, const struct plan *plan)
{
    speaking->recorded = recorded_create();
    if (speaking->recorded == NULL)
        return status_fail(STATUS_NO_MEMORY, "recorded speech: no memory");
    const struct speaker_options options = {
        .voices = (const char *const *)plan->speak.voices.items,
        .voice_count = plan->speak.voices.count,
        .rate_minimum_wpm = (unsigned)plan->speak.rate_wpm_min,
        .rate_maximum_wpm = (unsigned)plan->speak.rate_wpm_max,
        .pitch_minimum = (unsigned)plan->speak.pitch_min,
        .pitch_maximum = (unsigned)plan->speak.pitch_max,
        .seed = plan->seed,
    };
    return speaker_open(&speaking->speaker, &options);
}

enum status speak_run(const struct run *run)
{
    struct speaking speaking = { 0 };
    enum status outcome = team_agree(run->team, "open voices", open_voices(&speaking, &run->plan));
    const struct shard_stage stage = {
        .name = "speak",
        .folder = "speech",
        .item = "captions",
        .columns = speech_columns,
        .column_count = SPEECH_COLUMN_COUNT,
        .shard_count = run_caption_shard_count(run),
        .record_count = run->manifest.caption_count,
        .range = run_caption_range,
        .add_recipe = add_recipe,
        .fill = fill,
    };
    if (outcome == STATUS_OK)
        outcome = shard_stage_run(&stage, run, &speaking);
    speaker_destroy(speaking.speaker);
    recorded_destroy(speaking.recorded);
    return outcome;
}
