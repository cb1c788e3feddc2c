#include "stages/training_speech.h"

#include "stages/speech_shards.h"
#include "stages/unit_fit.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/mfcc.h"
#include "tokenizers/speech/run_length.h"

#include <stdlib.h>
#include <string.h>

/* A shard's speech and units, in memory or not. */
struct kept {
    struct shard *speech, *units;
    uint64_t last_use;
    size_t bytes;
};

struct training_speech {
    const struct run *run;
    uint64_t *captions; /* [count], ascending */
    uint32_t *frames;   /* [count] */
    size_t count, codebook;
    char digest[DIGEST_TEXT_BYTES];

    struct kept *kept; /* [shards of the run] */
    size_t kept_bytes, cache_bytes;
    uint64_t uses;

    struct audio audio; /* of the caption in hand */
    uint16_t *units;    /* [unit_capacity], likewise */
    size_t unit_capacity;

    struct mfcc *mfcc; /* NULL: units are those of the run */
    float *features;   /* [feature_capacity] */
    size_t feature_capacity;
    float *centroids;
    struct kmeans *kmeans;
};

static enum status read_units(struct shard **out, const struct run *run, size_t number)
{
    const enum status outcome = run_read_shard(out, run, "units", run_caption_range(run, number),
                                               unit_columns, UNIT_FEATURES);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill speech-units makes it", status_text());
    return outcome;
}

static bool is_held_out(const struct run *run, const struct shard *units, size_t row)
{
    const struct plan_texts *voices = &run->plan.fit_units.held_out_voices;
    for (size_t v = 0; v < voices->count; v++)
        if (strcmp(voices->items[v], shard_text(units, UNIT_VOICE, row)) == 0)
            return true;
    return false;
}

static size_t first_frames(size_t frames)
{
    const size_t most = mfcc_frame_count(HUBERT_CHUNK_SAMPLES);
    return frames < most ? frames : most;
}

static enum status list_shard(struct training_speech *speech, struct digest *digest, size_t number)
{
    struct shard *units;
    char content[DIGEST_TEXT_BYTES] = "";
    enum status outcome = read_units(&units, speech->run, number);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(content, units);
    for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(units); row++) {
        size_t count = 0;
        const uint32_t *frames = shard_values(units, UNIT_FRAME_COUNT, row, &count);
        if (*frames == 0 || is_held_out(speech->run, units, row))
            continue;
        speech->captions[speech->count] = shard_kept_record(units, row);
        speech->frames[speech->count++] = (uint32_t)first_frames(*frames);
    }
    if (outcome == STATUS_OK) {
        const struct shard_identity *identity = shard_identity(units);
        if (identity->codebook > speech->codebook)
            speech->codebook = identity->codebook;
        digest_add_text(digest, identity->recipe);
        digest_add_text(digest, content);
    }
    shard_destroy(units);
    return outcome;
}

static enum status list_all(struct training_speech *speech)
{
    const size_t shards = run_caption_shard_count(speech->run);
    const size_t captions = speech->run->manifest.caption_count;
    struct digest *digest = digest_begin();
    speech->captions = malloc((captions + 1) * sizeof *speech->captions);
    speech->frames = malloc((captions + 1) * sizeof *speech->frames);
    speech->kept = calloc(shards + 1, sizeof *speech->kept);
    enum status outcome = STATUS_OK;
    if (digest == NULL || speech->captions == NULL || speech->frames == NULL ||
        speech->kept == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "the speech of %zu captions", captions);
    for (size_t s = 0; s < shards && outcome == STATUS_OK; s++)
        outcome = list_shard(speech, digest, s);
    digest_end(speech->digest, digest);
    return outcome;
}

enum status training_speech_open(struct training_speech **out, const struct run *run,
                                 size_t cache_bytes)
{
    struct training_speech *speech = calloc(1, sizeof *speech);
    *out = NULL;
    if (speech == NULL)
        return status_fail(STATUS_NO_MEMORY, "the run's speech");
    speech->run = run;
    speech->cache_bytes = cache_bytes;
    const enum status outcome = list_all(speech);
    if (outcome != STATUS_OK) {
        training_speech_close(speech);
        return outcome;
    }
    *out = speech;
    return STATUS_OK;
}

static void drop(struct training_speech *speech, struct kept *kept)
{
    shard_destroy(kept->speech);
    shard_destroy(kept->units);
    speech->kept_bytes -= kept->bytes;
    *kept = (struct kept){ 0 };
}

void training_speech_close(struct training_speech *speech)
{
    if (speech == NULL)
        return;
    for (size_t s = 0; speech->kept != NULL && s < run_caption_shard_count(speech->run); s++)
        drop(speech, &speech->kept[s]);
    audio_end(&speech->audio);
    mfcc_destroy(speech->mfcc);
    kmeans_destroy(speech->kmeans);
    free(speech->centroids);
    free(speech->features);
    free(speech->units);
    free(speech->kept);
    free(speech->captions);
    free(speech->frames);
    free(speech);
}

size_t training_speech_codebook(const struct training_speech *speech)
{
    return speech->codebook;
}

const char *training_speech_digest(const struct training_speech *speech)
{
    return speech->digest;
}

/* Drops what was not used for longest until `bytes` more may be kept. */
static void make_room(struct training_speech *speech, size_t bytes)
{
    const size_t shards = run_caption_shard_count(speech->run);
    while (speech->kept_bytes > 0 && speech->kept_bytes + bytes > speech->cache_bytes) {
        struct kept *oldest = NULL;
        for (size_t s = 0; s < shards; s++)
            if (speech->kept[s].speech != NULL &&
                (oldest == NULL || speech->kept[s].last_use < oldest->last_use))
                oldest = &speech->kept[s];
        drop(speech, oldest);
    }
}

static enum status load(struct training_speech *speech, size_t number)
{
    struct kept *kept = &speech->kept[number];
    char path[PATH_BYTES];
    enum status outcome = run_shard_path(path, speech->run, "speech", number);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t bytes = (size_t)file_bytes(path) + 1;
    make_room(speech, bytes);
    outcome = speech_shard_read(&kept->speech, speech->run, number);
    if (outcome == STATUS_OK)
        outcome = read_units(&kept->units, speech->run, number);
    if (outcome != STATUS_OK) {
        drop(speech, kept);
        return outcome;
    }
    kept->bytes = bytes;
    speech->kept_bytes += bytes;
    return STATUS_OK;
}

/* The units of the run, frame by frame. */
static enum status put_units(struct spoken *out, struct training_speech *speech,
                             const struct shard *units, size_t row)
{
    size_t runs = 0, durations = 0;
    const uint16_t *ids = shard_values(units, UNIT_UNITS, row, &runs);
    const uint16_t *lengths = shard_values(units, UNIT_DURATIONS, row, &durations);
    const size_t frames = run_length_frames(lengths, durations);
    if (runs != durations || frames < out->frames || frames > speech->audio.sample_count)
        return status_fail(STATUS_CORRUPT, "caption %s: units and durations do not fit",
                           shard_kept_id(units, row));
    if (frames > speech->unit_capacity) {
        uint16_t *grown = realloc(speech->units, frames * sizeof *grown);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "units of %zu frames", frames);
        speech->units = grown;
        speech->unit_capacity = frames;
    }
    run_length_decode(speech->units, ids, lengths, runs);
    out->units = speech->units;
    return STATUS_OK;
}

static enum status put_clusters(struct spoken *out, struct training_speech *speech)
{
    const size_t T = mfcc_frame_count(out->samples), count = T * MFCC_WIDTH;
    if (count > speech->feature_capacity) {
        float *features = realloc(speech->features, count * sizeof *features);
        speech->features = features != NULL ? features : speech->features;
        uint16_t *units = features != NULL ? realloc(speech->units, T * sizeof *units) : NULL;
        speech->units = units != NULL ? units : speech->units;
        if (units == NULL)
            return status_fail(STATUS_NO_MEMORY, "MFCC of %zu frames", T);
        speech->feature_capacity = count;
    }
    mfcc_features(speech->features, speech->mfcc, out->audio, out->samples);
    kmeans_assign(speech->units, NULL, speech->kmeans, speech->features, T);
    out->frames = T;
    out->units = speech->units;
    return STATUS_OK;
}

static enum status read_caption(struct spoken *out, void *self, uint64_t record)
{
    struct training_speech *speech = self;
    const size_t number = (size_t)record / speech->run->plan.shard_captions;
    struct kept *kept = &speech->kept[number];
    enum status outcome = kept->speech != NULL ? STATUS_OK : load(speech, number);
    if (outcome != STATUS_OK)
        return outcome;
    kept->last_use = ++speech->uses;
    const size_t row = shard_find(kept->speech, (size_t)record);
    const size_t unit_row = shard_find(kept->units, (size_t)record);
    if (row == SIZE_MAX || unit_row == SIZE_MAX)
        return status_fail(STATUS_CORRUPT, "caption %llu has no speech or no units",
                           (unsigned long long)record);
    audio_end(&speech->audio);
    outcome = speech_shard_decode(&speech->audio, kept->speech, row);
    if (outcome != STATUS_OK)
        return outcome;
    size_t count = 0;
    const uint32_t *frames = shard_values(kept->units, UNIT_FRAME_COUNT, unit_row, &count);
    const size_t samples = speech->audio.sample_count;
    *out =
        (struct spoken){ .record = record,
                         .audio = speech->audio.samples,
                         .samples = samples < HUBERT_CHUNK_SAMPLES ? samples : HUBERT_CHUNK_SAMPLES,
                         .frames = first_frames(*frames) };
    return speech->mfcc != NULL ? put_clusters(out, speech)
                                : put_units(out, speech, kept->units, unit_row);
}

static enum status list_split(struct split_records *out, void *self, const char *split)
{
    const struct training_speech *speech = self;
    const struct manifest *manifest = &speech->run->manifest;
    *out = (struct split_records){
        .records = malloc((speech->count + 1) * sizeof *out->records),
        .lengths = malloc((speech->count + 1) * sizeof *out->lengths),
    };
    if (out->records == NULL || out->lengths == NULL)
        return status_fail(STATUS_NO_MEMORY, "a split of %zu captions", speech->count);
    for (size_t c = 0; c < speech->count; c++) {
        const size_t image = manifest->captions[speech->captions[c]].image;
        if (strcmp(manifest->images[image].split, split) != 0)
            continue;
        out->records[out->count] = speech->captions[c];
        out->lengths[out->count++] = speech->frames[c];
    }
    return STATUS_OK;
}

static void close_self(void *self)
{
    training_speech_close(self);
}

struct speech_reader training_speech_reader(struct training_speech *speech)
{
    return (struct speech_reader){
        .self = speech, .list = list_split, .read = read_caption, .close = close_self
    };
}

/* Takes the centres over. */
static enum status use_centres(struct training_speech *speech, struct distributed_fit *fit,
                               size_t clusters)
{
    speech->centroids = fit->centroids;
    fit->centroids = NULL;
    speech->codebook = clusters;
    enum status outcome = kmeans_create(&speech->kmeans, speech->centroids, clusters, MFCC_WIDTH);
    if (outcome == STATUS_OK)
        outcome = mfcc_create(&speech->mfcc);
    return outcome;
}

enum status training_speech_fit(struct training_speech *speech)
{
    const struct run *run = speech->run;
    const size_t clusters = run->plan.fit_units.clusters;
    const struct speech_features_options options = { .is_mfcc = true,
                                                     .batch_frames =
                                                         run->plan.speech_units.batch_frames };
    struct speech_features *features;
    struct distributed_fit fit = { 0 };
    enum status outcome =
        team_agree(run->team, "prepare MFCC", speech_features_create(&features, &options));
    if (outcome == STATUS_OK)
        outcome = unit_fit_run(&fit, run, features, clusters, "pretrain");
    speech_features_destroy(features);
    if (outcome == STATUS_OK)
        outcome = team_agree(run->team, "use MFCC", use_centres(speech, &fit, clusters));
    distributed_fit_end(&fit);
    return outcome;
}
