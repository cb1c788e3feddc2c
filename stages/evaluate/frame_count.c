#include "stages/evaluate/frame_count.h"

#include "cluster/claims.h"
#include "cluster/progress.h"
#include "cluster/stop.h"
#include "stages/evaluate/frame_phones.h"
#include "stages/speech_shards.h"
#include "tokenizers/speech/mfcc.h"
#include "tokenizers/speech/run_length.h"

#include <stdlib.h>
#include <string.h>

struct counting {
    struct phone_tally *tally;
    struct baseline *baseline;
    const struct run *run;
    struct claims *claims;
    struct progress *progress;
    struct shard *speech, *units;
    uint16_t *frame_phones, *frame_units; /* [frames_max] each, of the caption in hand */
    size_t frames_max;
    int64_t captions;
};

static enum status reserve(struct counting *counting, size_t frames)
{
    if (frames <= counting->frames_max)
        return STATUS_OK;
    free(counting->frame_phones);
    free(counting->frame_units);
    counting->frame_phones = calloc(frames, sizeof *counting->frame_phones);
    counting->frame_units = calloc(frames, sizeof *counting->frame_units);
    counting->frames_max = frames;
    if (counting->frame_phones != NULL && counting->frame_units != NULL)
        return STATUS_OK;
    counting->frames_max = 0;
    return status_fail(STATUS_NO_MEMORY, "phones of %zu frames", frames);
}

/* The frames of unit row `row`, spoken in `speech_row`, and their units. */
static enum status decode_units(size_t *frames, struct counting *counting, size_t row,
                                size_t speech_row)
{
    size_t run_count = 0, duration_count = 0;
    const char *id = shard_kept_id(counting->units, row);
    const uint16_t *runs = shard_values(counting->units, UNIT_UNITS, row, &run_count);
    const uint16_t *durations = shard_values(counting->units, UNIT_DURATIONS, row, &duration_count);
    if (run_count != duration_count)
        return status_fail(STATUS_CORRUPT, "%s: %zu units, %zu durations", id, run_count,
                           duration_count);
    *frames = run_length_frames(durations, run_count);
    const size_t expected = mfcc_frame_count(speech_shard_samples(counting->speech, speech_row));
    if (*frames != expected)
        return status_fail(STATUS_INVALID, "%s: units for %zu frames, its speech has %zu of 20 ms",
                           id, *frames, expected);
    const enum status outcome = reserve(counting, *frames);
    if (outcome == STATUS_OK)
        run_length_decode(counting->frame_units, runs, durations, run_count);
    return outcome;
}

static enum status find_phones(struct counting *counting, size_t speech_row, size_t frames)
{
    size_t count = 0;
    const uint32_t *starts =
        shard_values(counting->speech, SPEECH_PHONE_STARTS, speech_row, &count);
    const char *phones = shard_text(counting->speech, SPEECH_PHONES, speech_row);
    const enum status outcome = frame_phones_write(counting->frame_phones, frames,
                                                   &counting->tally->phones, phones, starts, count);
    if (outcome != STATUS_OK)
        return status_fail(outcome, "%s: %s", shard_kept_id(counting->speech, speech_row),
                           status_text());
    return STATUS_OK;
}

static enum status count_baseline(struct counting *counting, struct tally_place place,
                                  size_t speech_row, size_t frames)
{
    struct audio audio = { 0 };
    enum status outcome = speech_shard_decode(&audio, counting->speech, speech_row);
    if (outcome == STATUS_OK)
        outcome = baseline_units(counting->frame_units, counting->baseline, &audio);
    place.units = TALLY_BASELINE;
    if (outcome == STATUS_OK)
        outcome = phone_tally_add(counting->tally, place, counting->frame_phones,
                                  counting->frame_units, frames);
    audio_end(&audio);
    return outcome;
}

/* Recorded speech has none. */
static bool has_phones(const struct counting *counting, size_t speech_row)
{
    size_t count = 0;
    shard_values(counting->speech, SPEECH_PHONE_STARTS, speech_row, &count);
    return count > 0;
}

static enum status count_caption(struct counting *counting, size_t row)
{
    const size_t speech_row = shard_find(counting->speech, shard_kept_record(counting->units, row));
    if (speech_row == SIZE_MAX)
        return status_fail(STATUS_CORRUPT, "%s: it has units but no speech",
                           shard_kept_id(counting->units, row));
    if (!has_phones(counting, speech_row))
        return STATUS_OK;
    const char *language = shard_text(counting->speech, SPEECH_LANGUAGE, speech_row);
    struct tally_place place = {
        .is_held_out = speech_shard_is_held_out(counting->run, counting->speech, speech_row),
        .units = TALLY_RUN,
    };
    size_t frames = 0;
    enum status outcome =
        name_list_place(&place.language, &counting->tally->languages, language, strlen(language));
    if (outcome == STATUS_OK)
        outcome = decode_units(&frames, counting, row, speech_row);
    if (outcome == STATUS_OK)
        outcome = find_phones(counting, speech_row, frames);
    if (outcome == STATUS_OK)
        outcome = phone_tally_add(counting->tally, place, counting->frame_phones,
                                  counting->frame_units, frames);
    if (outcome == STATUS_OK && counting->baseline->is_there)
        outcome = count_baseline(counting, place, speech_row, frames);
    counting->captions++;
    return outcome;
}

static enum status read_units(struct counting *counting, size_t number)
{
    char path[PATH_BYTES];
    const bool has_features = counting->run->plan.speech_units.features;
    enum status outcome = run_shard_path(path, counting->run, "units", number);
    if (outcome == STATUS_OK)
        outcome = shard_read(&counting->units, path, unit_columns,
                             has_features ? UNIT_COLUMN_COUNT : UNIT_FEATURES);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill speech-units makes it", status_text());
    if (outcome == STATUS_OK &&
        shard_identity(counting->units)->codebook != counting->tally->clusters)
        outcome =
            status_fail(STATUS_INVALID, "%s: units of a codebook of %zu, elsewhere of %zu", path,
                        shard_identity(counting->units)->codebook, counting->tally->clusters);
    return outcome;
}

static enum status count_shard(struct counting *counting, size_t number)
{
    enum status outcome = speech_shard_read(&counting->speech, counting->run, number);
    if (outcome == STATUS_OK)
        outcome = read_units(counting, number);
    for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(counting->units); row++) {
        outcome = count_caption(counting, row);
        progress_add(counting->progress, 1, 0);
        claims_serve(counting->claims);
        if (outcome == STATUS_OK && stop_requested())
            outcome = status_fail(STATUS_STOPPED,
                                  "stopped by a signal; evaluate begins anew when it is run again");
    }
    shard_destroy(counting->speech);
    shard_destroy(counting->units);
    counting->speech = counting->units = NULL;
    return outcome;
}

static enum status count_claimed(struct counting *counting)
{
    enum status outcome = STATUS_OK;
    uint64_t item;
    while (outcome == STATUS_OK && claims_next(counting->claims, &item))
        outcome = count_shard(counting, (size_t)item);
    if (outcome != STATUS_OK)
        claims_close(counting->claims);
    return outcome;
}

enum status frame_count_run(struct phone_tally *tally, int64_t *captions, struct baseline *baseline,
                            const struct run *run)
{
    struct counting counting = { .tally = tally, .baseline = baseline, .run = run };
    const struct progress_options options = { .stage = "evaluate",
                                              .item = "captions",
                                              .total = run->manifest.caption_count,
                                              .terminal_columns = run->terminal_columns,
                                              .is_quiet = run->is_quiet };
    enum status outcome = claims_create(&counting.claims, run->team, run_caption_shard_count(run));
    if (outcome == STATUS_OK)
        outcome = progress_create(&counting.progress, run->team, &options);
    if (outcome == STATUS_OK) {
        outcome = count_claimed(&counting);
        progress_wait(counting.progress);
        outcome = team_agree(run->team, "count frames", outcome);
    }
    progress_destroy(counting.progress);
    claims_destroy(counting.claims);
    free(counting.frame_phones);
    free(counting.frame_units);
    *captions = counting.captions;
    return outcome;
}
