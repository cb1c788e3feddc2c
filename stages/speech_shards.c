#include "stages/speech_shards.h"

#include "tokenizers/speech/hubert.h"

#include <string.h>

/* The longest speech that a shard may claim to hold. */
enum { SAMPLES_MAX = 1 << 28 };

static enum status explain_missing(enum status outcome)
{
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill speak makes it", status_text());
    return outcome;
}

enum status speech_shard_read(struct shard **out, const struct run *run, size_t number)
{
    const struct shard_range range = run_caption_range(run, number);
    return explain_missing(
        run_read_shard(out, run, "speech", range, speech_columns, SPEECH_COLUMN_COUNT));
}

enum status speech_shard_add_digest(struct digest *recipe, const struct run *run, size_t number)
{
    char path[PATH_BYTES];
    struct shard_summary summary = { 0 };
    enum status outcome = run_shard_path(path, run, "speech", number);
    if (outcome == STATUS_OK)
        outcome = shard_read_summary(&summary, path);
    digest_add_text(recipe, summary.content);
    return explain_missing(outcome);
}

enum status speech_shard_decode(struct audio *out, const struct shard *shard, size_t row)
{
    size_t byte_count = 0;
    const char *id = shard_kept_id(shard, row);
    const uint8_t *flac = shard_values(shard, SPEECH_FLAC, row, &byte_count);
    enum status outcome = audio_file_decode(out, flac, byte_count, SAMPLES_MAX, id);
    if (outcome == STATUS_OK && (out->rate_hz != HUBERT_SAMPLE_RATE_HZ ||
                                 out->sample_count != speech_shard_samples(shard, row))) {
        outcome = status_fail(STATUS_CORRUPT, "%s: %zu samples at %u Hz, %zu at %d were promised",
                              id, out->sample_count, out->rate_hz, speech_shard_samples(shard, row),
                              HUBERT_SAMPLE_RATE_HZ);
        audio_end(out);
    }
    return outcome;
}

bool speech_shard_is_held_out(const struct run *run, const struct shard *shard, size_t row)
{
    const struct plan_texts *voices = &run->plan.fit_units.held_out_voices;
    for (size_t v = 0; v < voices->count; v++)
        if (strcmp(voices->items[v], shard_text(shard, SPEECH_VOICE, row)) == 0)
            return true;
    return false;
}

size_t speech_shard_samples(const struct shard *shard, size_t row)
{
    size_t count = 0;
    const uint32_t *samples = shard_values(shard, SPEECH_SAMPLE_COUNT, row, &count);
    return *samples;
}
