#include "stages/run_sounds.h"

#include "stages/generated_captions.h"
#include "stages/image_shards.h"
#include "stages/speech_shards.h"
#include "stages/unit_speech.h"
#include "tokenizers/speech/run_length.h"

#include <stdlib.h>

enum { SAMPLES_MAX = 192000 * 3600 };

/* A shard, kept until another one is wanted. */
struct kept_shard {
    struct shard *shard;
    size_t number;
};

struct run_sounds {
    const struct run *run;
    struct unit_vocoder *vocoder; /* NULL: none */
    struct kept_shard speech, units, generated;
};

enum status run_sounds_open(struct run_sounds **out, const struct run *run)
{
    const struct plan *plan = &run->plan;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "sounds of the run");
    (*out)->run = run;
    if (plan->generate.vocoder == NULL)
        return STATUS_OK;
    const enum status outcome =
        unit_speech_load(&(*out)->vocoder, plan->generate.vocoder, plan->generate.vocoder_config);
    if (outcome != STATUS_OK) {
        run_sounds_close(*out);
        *out = NULL;
    }
    return outcome;
}

void run_sounds_close(struct run_sounds *sounds)
{
    if (sounds == NULL)
        return;
    unit_vocoder_destroy(sounds->vocoder);
    shard_destroy(sounds->speech.shard);
    shard_destroy(sounds->units.shard);
    shard_destroy(sounds->generated.shard);
    free(sounds);
}

bool run_sounds_has_vocoder(const struct run_sounds *sounds)
{
    return sounds->vocoder != NULL;
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

enum status run_sounds_speech(struct audio *out, struct run_sounds *sounds, size_t record)
{
    size_t row = 0;
    *out = (struct audio){ 0 };
    const enum status outcome =
        find(&row, &sounds->speech, sounds->run, record / sounds->run->plan.shard_captions, record,
             speech_shard_read);
    if (outcome != STATUS_OK || row == SIZE_MAX)
        return outcome;
    return speech_shard_decode(out, sounds->speech.shard, row);
}

/* Has the vocoder speak units: of frames, or once each. */
static enum status vocode(struct audio *out, struct run_sounds *sounds, const uint16_t *units,
                          size_t count, bool predicts_durations)
{
    int64_t *codes = malloc((count + 1) * sizeof *codes);
    if (codes == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu units", count);
    for (size_t u = 0; u < count; u++)
        codes[u] = units[u];
    const enum status outcome = unit_vocoder_speak(
        &out->samples, &out->sample_count, sounds->vocoder, codes, count, predicts_durations);
    free(codes);
    if (outcome == STATUS_OK) {
        out->rate_hz = (unsigned)unit_vocoder_sizes(sounds->vocoder)->rate_hz;
        out->channel_count = 1;
    } else
        *out = (struct audio){ 0 };
    return outcome;
}

enum status run_sounds_units(struct audio *out, struct run_sounds *sounds, size_t record)
{
    size_t row = 0, runs = 0, durations_count = 0;
    *out = (struct audio){ 0 };
    if (sounds->vocoder == NULL)
        return STATUS_OK;
    enum status outcome = find(&row, &sounds->units, sounds->run,
                               record / sounds->run->plan.shard_captions, record, read_units);
    if (outcome != STATUS_OK || row == SIZE_MAX)
        return outcome;
    const struct shard *shard = sounds->units.shard;
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
    outcome = frames > 0 ? vocode(out, sounds, spread, frames, false) : STATUS_OK;
    free(spread);
    return outcome;
}

static enum status find_generated(size_t *row, struct run_sounds *sounds, size_t picture)
{
    return find(row, &sounds->generated, sounds->run, picture / sounds->run->plan.shard_images,
                picture, generated_shard_read);
}

enum status run_sounds_generated_count(size_t *count, struct run_sounds *sounds, size_t picture)
{
    size_t row = 0;
    *count = 0;
    const enum status outcome = find_generated(&row, sounds, picture);
    if (outcome == STATUS_OK && row != SIZE_MAX)
        *count = generated_captions_count(sounds->generated.shard);
    return outcome;
}

enum status run_sounds_generated(struct audio *out, struct run_sounds *sounds, size_t picture,
                                 size_t caption)
{
    size_t row = 0;
    *out = (struct audio){ 0 };
    const enum status outcome = find_generated(&row, sounds, picture);
    if (outcome != STATUS_OK || row == SIZE_MAX)
        return outcome;
    const struct shard *shard = sounds->generated.shard;
    const struct generated_caption made = generated_captions_at(shard, row, caption);
    if (made.flac_bytes > 0)
        return audio_file_decode(out, made.flac, made.flac_bytes, SAMPLES_MAX,
                                 shard_kept_id(shard, row));
    return sounds->vocoder != NULL && made.count > 0
               ? vocode(out, sounds, made.units, made.count, true)
               : STATUS_OK;
}
