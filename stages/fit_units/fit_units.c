#include "stages/fit_units/fit_units.h"

#include "core/log.h"
#include "stages/speech_shards.h"
#include "stages/unit_fit.h"
#include "storage/kmeans_store.h"
#include "tts/espeak_voice.h"

#include <string.h>

/* What decides the speech of the manifest's first captions; their shards need not be read for it.
 */
static void add_speech(struct digest *recipe, const struct run *run, size_t captions)
{
    const struct plan *plan = &run->plan;
    digest_add_text(recipe, espeak_voice_library_version());
    for (size_t v = 0; v < plan->speak.voices.count; v++)
        digest_add_text(recipe, plan->speak.voices.items[v]);
    digest_add_number(recipe, plan->speak.rate_wpm_min);
    digest_add_number(recipe, plan->speak.rate_wpm_max);
    digest_add_number(recipe, plan->speak.pitch_min);
    digest_add_number(recipe, plan->speak.pitch_max);
    digest_add_number(recipe, plan->shard_captions); /* shards are drawn, then captions */
    digest_add_number(recipe, captions);
    for (size_t c = 0; c < captions; c++) {
        const struct manifest_caption *caption = &run->manifest.captions[c];
        digest_add_text(recipe, caption->id);
        digest_add_text(recipe, caption->text);
        digest_add_text(recipe, caption->language);
        digest_add_text(recipe, caption->speaker == NULL ? "" : caption->speaker);
        digest_add_text(recipe, caption->audio == NULL ? "" : caption->audio);
    }
}

static enum status take_recipe(char text[DIGEST_TEXT_BYTES], const struct run *run, size_t captions)
{
    const struct plan *plan = &run->plan;
    struct digest *recipe = digest_begin();
    if (recipe == NULL)
        return status_fail(STATUS_NO_MEMORY, "fit-units: recipe");
    digest_add_text(recipe, "fit-units 3");
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
    add_speech(recipe, run, captions);
    digest_end(text, recipe);
    return STATUS_OK;
}

/* Centres stay those of the captions that were there when they were fitted: an extended manifest
 * and a retried reject do not change what the units of all other captions mean. */
static enum status is_fitted(bool *fitted, const struct run *run, const char *path)
{
    struct kmeans_origin origin;
    char recipe[DIGEST_TEXT_BYTES];
    *fitted = false;
    enum status outcome = kmeans_store_read_origin(&origin, path);
    if (outcome == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (outcome == STATUS_NO_MEMORY)
        return outcome;
    if (outcome != STATUS_OK) {
        log_event("redo", "reason=\"%s\"", status_text());
        return STATUS_OK;
    }
    if (origin.captions > run->manifest.caption_count)
        return STATUS_OK;
    outcome = take_recipe(recipe, run, (size_t)origin.captions);
    *fitted = outcome == STATUS_OK && strcmp(recipe, origin.recipe) == 0;
    return outcome;
}

/* The shards are drawn from all there should be; which are read depends on their number alone. */
static enum status check_speech(const struct run *run)
{
    char path[PATH_BYTES];
    for (size_t s = (size_t)run->team->rank; s < run_caption_shard_count(run);
         s += (size_t)run->team->size) {
        const enum status outcome = run_shard_path(path, run, "speech", s);
        if (outcome != STATUS_OK)
            return outcome;
        if (!file_exists(path))
            return status_fail(STATUS_NOT_FOUND, "%s: no such file; unitmill speak makes it", path);
    }
    return STATUS_OK;
}

static enum status write_fit(const char *path, const struct distributed_fit *fitting, size_t width,
                             const struct run *run)
{
    char recipe[DIGEST_TEXT_BYTES];
    enum status outcome = take_recipe(recipe, run, run->manifest.caption_count);
    if (outcome == STATUS_OK) /* the weights were these to the end */
        outcome = run_files_check(run->files);
    if (outcome != STATUS_OK)
        return outcome;
    const struct kmeans_fit fit = { .centroids = fitting->centroids,
                                    .clusters = run->plan.fit_units.clusters,
                                    .width = width,
                                    .inertia = fitting->inertia,
                                    .iterations = fitting->iterations,
                                    .occupancy = fitting->occupancy,
                                    .frames = fitting->frames,
                                    .seed = run->plan.seed,
                                    .captions = run->manifest.caption_count,
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

static enum status fit_and_write(const struct run *run, const char *path)
{
    struct speech_features *features = NULL;
    struct distributed_fit fitting = { 0 };
    enum status outcome = team_agree(run->team, "load HuBERT", load(&features, &run->plan));
    if (outcome == STATUS_OK)
        outcome = unit_fit_run(&fitting, run, features, run->plan.fit_units.clusters, "fit-units");
    if (outcome == STATUS_OK && run->team->rank == 0)
        outcome = write_fit(path, &fitting, speech_features_width(features), run);
    speech_features_destroy(features);
    distributed_fit_end(&fitting);
    return team_agree(run->team, "write k-means", outcome);
}

enum status fit_units_run(const struct run *run)
{
    char path[PATH_BYTES];
    bool fitted = false;
    if (!plan_fits_units(&run->plan)) {
        if (run->team->rank == 0)
            log_event("skip", "reason=\"the plan names the centres %s\"",
                      run->plan.speech_units.kmeans);
        return STATUS_OK;
    }
    enum status outcome = run_path(path, run, "kmeans.h5");
    if (outcome == STATUS_OK && run->team->rank == 0)
        outcome = is_fitted(&fitted, run, path);
    outcome = team_agree(run->team, "take fit recipe", outcome);
    if (outcome != STATUS_OK || team_any(run->team, fitted))
        return outcome;
    outcome = team_agree(run->team, "look for speech", check_speech(run));
    return outcome == STATUS_OK ? fit_and_write(run, path) : outcome;
}
