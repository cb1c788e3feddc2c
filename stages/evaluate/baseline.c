#include "stages/evaluate/baseline.h"

#include "core/log.h"
#include "tokenizers/speech/kmeans.h"

enum status baseline_fit(struct baseline *baseline, const struct run *run, size_t clusters)
{
    const struct speech_features_options options = {
        .is_mfcc = true,
        .batch_frames = run->plan.speech_units.batch_frames,
    };
    *baseline = (struct baseline){ 0 };
    enum status outcome = team_agree(run->team, "prepare MFCC",
                                     speech_features_create(&baseline->features, &options));
    if (outcome != STATUS_OK)
        return outcome;
    outcome = unit_fit_run(&baseline->fit, run, baseline->features, clusters, "evaluate");
    if (outcome == STATUS_INVALID) {
        log_say("there is no MFCC baseline: %s", status_text());
        return STATUS_OK;
    }
    if (outcome == STATUS_OK)
        outcome = kmeans_create(&baseline->kmeans, baseline->fit.centroids, clusters,
                                speech_features_width(baseline->features));
    baseline->is_there = outcome == STATUS_OK;
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
