#include "stages/evaluate/baseline.h"

#include "core/log.h"
#include "tokenizers/speech/kmeans.h"

static enum status fit(struct baseline *baseline, struct frame_sample *sample,
                       const struct run *run, size_t clusters)
{
    const struct plan *plan = &run->plan;
    const struct speech_features_options options = {
        .is_mfcc = true,
        .batch_frames = plan->speech_units.batch_frames,
    };
    enum status outcome = team_agree(run->team, "prepare MFCC",
                                     speech_features_create(&baseline->features, &options));
    if (outcome == STATUS_OK)
        outcome = frame_sample_fill(sample, run, baseline->features);
    baseline->frames = sample->total_rows;
    if (outcome != STATUS_OK)
        return outcome;
    outcome = distributed_fit_run(&baseline->fit, sample, run->team, clusters,
                                  plan->fit_units.iterations_max, plan->seed);
    if (outcome == STATUS_INVALID) {
        log_say("there is no MFCC baseline: %s", status_text());
        return STATUS_OK;
    }
    baseline->is_there = outcome == STATUS_OK;
    return outcome;
}

enum status baseline_fit(struct baseline *baseline, const struct run *run, size_t clusters)
{
    struct frame_sample sample;
    *baseline = (struct baseline){ 0 };
    frame_sample_begin(&sample, run, "evaluate");
    enum status outcome = fit(baseline, &sample, run, clusters);
    frame_sample_end(&sample);
    if (outcome == STATUS_OK && baseline->is_there)
        outcome = kmeans_create(&baseline->kmeans, baseline->fit.centroids, clusters,
                                speech_features_width(baseline->features));
    return team_agree(run->team, "prepare baseline", outcome);
}

void baseline_end(struct baseline *baseline)
{
    kmeans_destroy(baseline->kmeans);
    distributed_fit_end(&baseline->fit);
    speech_features_destroy(baseline->features);
    *baseline = (struct baseline){ 0 };
}

enum status baseline_units(uint16_t *units, struct baseline *baseline, const struct audio *audio)
{
    const struct speech_result *result = NULL;
    size_t count = 0;
    enum status outcome =
        speech_features_add(baseline->features, audio->samples, audio->sample_count, 0);
    if (outcome == STATUS_OK)
        outcome = speech_features_flush(&result, &count, baseline->features);
    if (outcome == STATUS_OK)
        kmeans_assign(units, NULL, baseline->kmeans, result->values, result->rows);
    return outcome;
}
