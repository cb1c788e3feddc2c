#include "stages/speech_units/speech_units.h"

#include "nn/half.h"
#include "stages/shard_stage.h"
#include "stages/speech_features.h"
#include "stages/speech_shards.h"
#include "stages/unit_codebook.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/run_length.h"

#include <stdlib.h>
#include <string.h>

struct speech_units {
    struct speech_features *features;
    struct unit_codebook codebook;
    struct kmeans *kmeans;
};

/* What the shard in hand is made from and into. */
struct making {
    struct speech_units *self;
    struct shard *out;
    struct shard_work *work;
    const struct run *run;
    const struct shard *speech;
};

static enum status add_recipe(void *self, struct digest *recipe, const struct run *run,
                              struct shard_range range)
{
    const struct plan *plan = &run->plan;
    const struct speech_units *units = self;
    digest_add_text(recipe, plan->digests.hubert);
    digest_add_text(recipe, plan->digests.hubert_config == NULL ? "" : plan->digests.hubert_config);
    digest_add_text(recipe, units->codebook.digest);
    digest_add_number(recipe, plan->speech_units.layer);
    digest_add_number(recipe, plan->speech_units.batch_frames);
    digest_add_number(recipe, plan->speech_units.features);
    for (size_t l = 0; l < plan->speech_units.feature_layers.count; l++)
        digest_add_text(recipe, plan->speech_units.feature_layers.items[l]);
    return speech_shard_add_digest(recipe, run, range.number);
}

static enum status add_units(const struct making *making, const struct speech_result *result)
{
    const size_t frames = result->rows;
    uint16_t *units = calloc(3 * frames, sizeof *units);
    if (units == NULL)
        return status_fail(STATUS_NO_MEMORY, "units of %zu frames", frames);
    uint16_t *runs = units + frames, *durations = runs + frames;
    kmeans_assign(units, NULL, making->self->kmeans, result->values, frames);
    const size_t run_count = run_length_encode(runs, durations, units, frames);
    enum status outcome = shard_add(making->out, UNIT_UNITS, runs, run_count);
    if (outcome == STATUS_OK)
        outcome = shard_add(making->out, UNIT_DURATIONS, durations, run_count);
    free(units);
    return outcome;
}

/* Values in a row of the features that are kept. */
static size_t kept_width(const struct speech_units *self, const struct plan *plan)
{
    const size_t layers = plan->speech_units.feature_layers.count;
    return (layers > 0 ? layers : 1) * speech_features_width(self->features);
}

static enum status add_features(const struct making *making, const struct speech_result *result)
{
    const size_t count = result->rows * kept_width(making->self, &making->run->plan);
    uint16_t *halves = malloc(count * sizeof *halves);
    if (halves == NULL)
        return status_fail(STATUS_NO_MEMORY, "features of %zu frames", result->rows);
    half_from_float(halves, result->kept != NULL ? result->kept : result->values, count);
    const enum status outcome = shard_add(making->out, UNIT_FEATURES, halves, result->rows);
    free(halves);
    return outcome;
}

static enum status keep(const struct making *making, const struct speech_result *result)
{
    const size_t row = result->number;
    const uint32_t frame_count = (uint32_t)result->rows;
    const uint32_t sample_count = (uint32_t)result->samples;
    enum status outcome = add_units(making, result);
    if (outcome == STATUS_OK && making->run->plan.speech_units.features)
        outcome = add_features(making, result);
    if (outcome == STATUS_OK)
        outcome = shard_add(making->out, UNIT_FRAME_COUNT, &frame_count, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add(making->out, UNIT_SAMPLE_COUNT, &sample_count, 1);
    if (outcome == STATUS_OK)
        outcome =
            shard_add_text(making->out, UNIT_VOICE, shard_text(making->speech, SPEECH_VOICE, row));
    return outcome == STATUS_OK ? shard_keep(making->out, shard_kept_record(making->speech, row),
                                             shard_kept_id(making->speech, row))
                                : outcome;
}

static enum status flush(const struct making *making)
{
    const struct speech_result *results = NULL;
    size_t count = 0;
    enum status outcome = speech_features_flush(&results, &count, making->self->features);
    for (size_t u = 0; u < count && outcome == STATUS_OK; u++) {
        outcome = keep(making, &results[u]);
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(making->work);
    }
    return outcome;
}

static enum status reject_short(const struct making *making, size_t row, size_t samples)
{
    status_fail(STATUS_INVALID, "%zu samples are too few for a frame", samples);
    const enum status outcome = shard_reject(making->out, shard_kept_record(making->speech, row),
                                             shard_kept_id(making->speech, row), status_text());
    return outcome == STATUS_OK ? shard_stage_tick(making->work) : outcome;
}

static enum status add_speech(const struct making *making, size_t row)
{
    struct speech_features *features = making->self->features;
    const size_t samples = speech_shard_samples(making->speech, row);
    struct audio audio = { 0 };
    enum status outcome = STATUS_OK;
    if (speech_features_rows(features, samples) == 0)
        return reject_short(making, row, samples);
    if (!speech_features_fits(features, samples))
        outcome = flush(making);
    if (outcome == STATUS_OK)
        outcome = speech_shard_decode(&audio, making->speech, row);
    if (outcome == STATUS_OK)
        outcome = speech_features_add(features, audio.samples, audio.sample_count, row);
    audio_end(&audio);
    return outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *run, struct shard_range range)
{
    struct shard *speech = NULL;
    enum status outcome = speech_shard_read(&speech, run, range.number);
    const struct making making = { self, out, work, run, speech };
    for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(speech); row++)
        if (shard_stage_wants(work, shard_kept_record(speech, row)))
            outcome = add_speech(&making, row);
    if (outcome == STATUS_OK)
        outcome = flush(&making);
    shard_destroy(speech);
    return outcome;
}

static enum status load(struct speech_units *self, const struct run *run)
{
    const struct plan *plan = &run->plan;
    struct speech_features_options options = {
        .weights = plan->speech_units.hubert,
        .config = plan->speech_units.config,
        .layer = plan->speech_units.layer,
        .batch_frames = plan->speech_units.batch_frames,
    };
    if (plan->speech_units.features)
        options.kept_count = plan->speech_units.feature_layers.count;
    for (size_t l = 0; l < options.kept_count; l++)
        options.kept_layers[l] = strtoul(plan->speech_units.feature_layers.items[l], NULL, 10);
    enum status outcome = speech_features_create(&self->features, &options);
    if (outcome == STATUS_OK)
        outcome = unit_codebook_read(&self->codebook, run, speech_features_width(self->features));
    if (outcome == STATUS_OK)
        outcome = kmeans_create(&self->kmeans, self->codebook.centroids, self->codebook.clusters,
                                self->codebook.width);
    return outcome;
}

enum status speech_units_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t number,
                                const struct picture_firsts *firsts)
{
    (void)firsts;
    struct speech_units self = { 0 };
    const struct shard_stage stage = { .name = "speech-units", .add_recipe = add_recipe };
    enum status outcome = unit_codebook_read(&self.codebook, run, 0);
    if (outcome == STATUS_OK)
        outcome = shard_stage_recipe(text, &stage, run, &self, run_caption_range(run, number));
    unit_codebook_end(&self.codebook);
    return outcome;
}

enum status speech_units_run(const struct run *run)
{
    struct speech_units self = { 0 };
    struct shard_column columns[UNIT_COLUMN_COUNT];
    enum status outcome = team_agree(run->team, "load HuBERT and centres", load(&self, run));
    if (outcome == STATUS_OK) {
        memcpy(columns, unit_columns, sizeof columns);
        columns[UNIT_UNITS].bits = shard_id_bits(self.codebook.clusters);
        columns[UNIT_FEATURES].width = kept_width(&self, &run->plan);
        const struct shard_stage stage = {
            .name = "speech-units",
            .folder = "units",
            .item = "captions",
            .columns = columns,
            .column_count = run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES,
            .shard_count = run_caption_shard_count(run),
            .record_count = run->manifest.caption_count,
            .codebook = self.codebook.clusters,
            .range = run_caption_range,
            .add_recipe = add_recipe,
            .fill = fill,
        };
        outcome = shard_stage_run(&stage, run, &self);
    }
    kmeans_destroy(self.kmeans);
    unit_codebook_end(&self.codebook);
    speech_features_destroy(self.features);
    return outcome;
}
