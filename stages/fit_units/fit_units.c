#include "stages/fit_units/fit_units.h"

#include "core/log.h"
#include "stages/distributed_fit.h"
#include "stages/frame_sample.h"
#include "stages/speech_shards.h"
#include "storage/kmeans_store.h"

static enum status take_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run,
                               const struct frame_sample *sample)
{
    const struct plan *plan = &run->plan;
    struct digest *recipe = digest_begin();
    if (recipe == NULL)
        return status_fail(STATUS_NO_MEMORY, "fit-units: recipe");
    digest_add_text(recipe, "fit-units 1");
    digest_add_text(recipe, plan->digests.hubert);
    digest_add_text(recipe, plan->digests.hubert_config == NULL ? "" : plan->digests.hubert_config);
    digest_add_number(recipe, plan->seed);
    digest_add_number(recipe, plan->speech_units.layer);
    digest_add_number(recipe, plan->speech_units.batch_frames);
    digest_add_number(recipe, plan->fit_units.clusters);
    digest_add_number(recipe, plan->fit_units.captions_max);
    digest_add_number(recipe, plan->fit_units.frames_max);
    digest_add_number(recipe, plan->fit_units.iterations_max);
    for (size_t v = 0; v < plan->fit_units.held_out_voices.count; v++)
        digest_add_text(recipe, plan->fit_units.held_out_voices.items[v]);
    enum status outcome = STATUS_OK;
    for (size_t b = 0; b < sample->block_count && outcome == STATUS_OK; b++)
        outcome = speech_shard_add_digest(recipe, run, sample->shards[b]);
    digest_end(text, recipe);
    return outcome;
}

static enum status write_fit(const char *path, const struct distributed_fit *fitting,
                             const struct frame_sample *sample, const struct run *run,
                             const char *recipe)
{
    const struct kmeans_fit fit = { .centroids = fitting->centroids,
                                    .clusters = run->plan.fit_units.clusters,
                                    .width = sample->width,
                                    .inertia = fitting->inertia,
                                    .iterations = fitting->iterations,
                                    .occupancy = fitting->occupancy,
                                    .frames = sample->total_rows,
                                    .seed = run->plan.seed,
                                    .reseeded = fitting->reseeded,
                                    .has_converged = fitting->has_converged,
                                    .recipe = recipe };
    log_event("done", "clusters=%zu frames=%llu iterations=%zu inertia=%.6g converged=%s",
              fit.clusters, (unsigned long long)fit.frames, fit.iterations,
              fit.iterations > 0 ? fit.inertia[fit.iterations - 1] : 0.0,
              fit.has_converged ? "yes" : "no");
    return kmeans_store_write(path, &fit);
}

static enum status load(struct speech_features **features, const struct plan *plan)
{
    const struct speech_features_options options = {
        .weights = plan->speech_units.hubert,
        .config = plan->speech_units.config,
        .layer = plan->speech_units.layer,
        .batch_frames = plan->speech_units.batch_frames,
    };
    return speech_features_create(features, &options);
}

static enum status fit_and_write(struct frame_sample *sample, const struct run *run,
                                 const char *path, const char *recipe)
{
    struct speech_features *features = NULL;
    struct distributed_fit fitting = { 0 };
    const struct plan *plan = &run->plan;
    enum status outcome = team_agree(run->team, "load HuBERT", load(&features, plan));
    if (outcome == STATUS_OK)
        outcome = frame_sample_fill(sample, run, features);
    speech_features_destroy(features);
    if (outcome == STATUS_OK)
        outcome = distributed_fit_run(&fitting, sample, run->team, plan->fit_units.clusters,
                                      plan->fit_units.iterations_max, plan->seed);
    if (outcome == STATUS_OK && run->team->rank == 0)
        outcome = write_fit(path, &fitting, sample, run, recipe);
    distributed_fit_end(&fitting);
    return team_agree(run->team, "write k-means", outcome);
}

enum status fit_units_run(const struct run *run)
{
    char path[PATH_BYTES], recipe[DIGEST_TEXT_BYTES];
    struct frame_sample sample;
    if (run->plan.speech_units.kmeans != NULL) {
        if (run->team->rank == 0)
            log_event("skip", "reason=\"the plan names the centres %s\"",
                      run->plan.speech_units.kmeans);
        return STATUS_OK;
    }
    frame_sample_begin(&sample, run, "fit-units");
    enum status outcome = run_path(path, run, "kmeans.h5");
    if (outcome == STATUS_OK)
        outcome = take_recipe(recipe, run, &sample);
    outcome = team_agree(run->team, "take fit recipe", outcome);
    if (outcome != STATUS_OK)
        return outcome;
    const bool is_there =
        team_any(run->team, run->team->rank == 0 && kmeans_store_is_made_by(path, recipe));
    if (!is_there)
        outcome = fit_and_write(&sample, run, path, recipe);
    frame_sample_end(&sample);
    return outcome;
}
