#include "stages/fit_units/fit_units.h"

#include "core/log.h"
#include "stages/speech_shards.h"
#include "stages/unit_fit.h"
#include "storage/kmeans_store.h"

/* All speech counts: which shards are drawn follows from it. */
static enum status take_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run)
{
    const struct plan *plan = &run->plan;
    struct digest *recipe = digest_begin();
    if (recipe == NULL)
        return status_fail(STATUS_NO_MEMORY, "fit-units: recipe");
    digest_add_text(recipe, "fit-units 2");
    digest_add_text(recipe, plan->digests.hubert);
    digest_add_text(recipe, plan->digests.hubert_config == NULL ? "" : plan->digests.hubert_config);
    digest_add_number(recipe, plan->seed);
    digest_add_number(recipe, plan->speech_units.layer);
    digest_add_number(recipe, plan->speech_units.batch_frames);
    digest_add_number(recipe, plan->fit_units.clusters);
    digest_add_number(recipe, plan->fit_units.captions_max);
    digest_add_number(recipe, plan->fit_units.frames_max);
    digest_add_number(recipe, plan->fit_units.iterations_max);
    digest_add_number(recipe, plan->fit_units.batch_frames);
    digest_add_number(recipe, plan->fit_units.held_out_voices.count);
    for (size_t v = 0; v < plan->fit_units.held_out_voices.count; v++)
        digest_add_text(recipe, plan->fit_units.held_out_voices.items[v]);
    enum status outcome = STATUS_OK;
    for (size_t s = 0; s < run_caption_shard_count(run) && outcome == STATUS_OK; s++)
        outcome = speech_shard_add_digest(recipe, run, s);
    digest_end(text, recipe);
    return outcome;
}

static enum status write_fit(const char *path, const struct distributed_fit *fitting, size_t width,
                             const struct run *run, const char *recipe)
{
    const struct kmeans_fit fit = { .centroids = fitting->centroids,
                                    .clusters = run->plan.fit_units.clusters,
                                    .width = width,
                                    .inertia = fitting->inertia,
                                    .iterations = fitting->iterations,
                                    .occupancy = fitting->occupancy,
                                    .frames = fitting->frames,
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

static enum status fit_and_write(const struct run *run, const char *path, const char *recipe)
{
    struct speech_features *features = NULL;
    struct distributed_fit fitting = { 0 };
    enum status outcome = team_agree(run->team, "load HuBERT", load(&features, &run->plan));
    if (outcome == STATUS_OK)
        outcome = unit_fit_run(&fitting, run, features, run->plan.fit_units.clusters, "fit-units");
    if (outcome == STATUS_OK && run->team->rank == 0)
        outcome = write_fit(path, &fitting, speech_features_width(features), run, recipe);
    speech_features_destroy(features);
    distributed_fit_end(&fitting);
    return team_agree(run->team, "write k-means", outcome);
}

enum status fit_units_run(const struct run *run)
{
    char path[PATH_BYTES], recipe[DIGEST_TEXT_BYTES];
    if (run->plan.speech_units.kmeans != NULL) {
        if (run->team->rank == 0)
            log_event("skip", "reason=\"the plan names the centres %s\"",
                      run->plan.speech_units.kmeans);
        return STATUS_OK;
    }
    enum status outcome = run_path(path, run, "kmeans.h5");
    if (outcome == STATUS_OK)
        outcome = take_recipe(recipe, run);
    outcome = team_agree(run->team, "take fit recipe", outcome);
    if (outcome != STATUS_OK)
        return outcome;
    const bool is_there =
        team_any(run->team, run->team->rank == 0 && kmeans_store_is_made_by(path, recipe));
    return is_there ? STATUS_OK : fit_and_write(run, path, recipe);
}
