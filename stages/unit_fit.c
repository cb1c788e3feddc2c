#include "stages/unit_fit.h"

#include "cluster/stop.h"
#include "core/log.h"

/* How wide a batch is drawn: a shard for so many frames, and a caption for so many, of which most
 * have more. Fewer shards are read sooner; more make a batch that is more like the whole. */
enum { SHARD_FRAMES = 500, CAPTION_FRAMES = 64 };

static enum status fit_in_memory(struct distributed_fit *fit, const struct run *run,
                                 struct speech_features *features, size_t clusters,
                                 const char *stage)
{
    const struct plan *plan = &run->plan;
    const struct frame_sample_options options = {
        .stage = stage,
        .shards_max = FRAME_SAMPLE_SHARDS_MAX,
        .captions = (double)plan->fit_units.captions_max,
        .frames = (double)plan->fit_units.frames_max,
    };
    struct frame_sample sample;
    frame_sample_begin(&sample, run, &options);
    enum status outcome = frame_sample_fill(&sample, run, features);
    if (outcome == STATUS_OK)
        outcome = distributed_fit_run(fit, &sample, run->team, clusters,
                                      plan->fit_units.iterations_max, plan->seed);
    frame_sample_end(&sample);
    return outcome;
}

static struct frame_sample_options batch_options(const struct plan *plan, size_t batch,
                                                 const char *stage)
{
    const size_t frames = plan->fit_units.batch_frames, shards = frames / SHARD_FRAMES + 1;
    return (struct frame_sample_options){
        .stage = stage,
        .draw = batch + 1,
        .shards_max = shards < FRAME_SAMPLE_SHARDS_MAX ? shards : FRAME_SAMPLE_SHARDS_MAX,
        .captions = (double)(frames / CAPTION_FRAMES + 1),
        .frames = (double)frames,
        .is_quiet = true,
    };
}

static enum status fit_batch(struct distributed_fit *fit, const struct run *run,
                             struct speech_features *features, size_t clusters,
                             const struct frame_sample_options *options)
{
    struct frame_sample sample;
    frame_sample_begin(&sample, run, options);
    enum status outcome = frame_sample_fill(&sample, run, features);
    if (outcome == STATUS_OK)
        outcome = distributed_fit_add_batch(fit, &sample, run->team, clusters,
                                            run->plan.fit_units.iterations_max, run->plan.seed);
    frame_sample_end(&sample);
    if (outcome == STATUS_OK && run->team->rank == 0 && fit->iterations > 0)
        log_event("batch", "number=%zu frames=%llu inertia=%.6g", fit->iterations,
                  (unsigned long long)sample.total_rows, fit->inertia[fit->iterations - 1]);
    if (outcome == STATUS_OK && team_any(run->team, stop_requested()))
        outcome =
            status_fail(STATUS_STOPPED, "stopped by a signal; %s begins anew when it is run again",
                        options->stage);
    return outcome;
}

enum status unit_fit_run(struct distributed_fit *fit, const struct run *run,
                         struct speech_features *features, size_t clusters, const char *stage)
{
    const struct plan *plan = &run->plan;
    enum status outcome = STATUS_OK;
    *fit = (struct distributed_fit){ 0 };
    if (plan->fit_units.batch_frames == 0)
        return fit_in_memory(fit, run, features, clusters, stage);
    for (size_t b = 0; b < plan->fit_units.iterations_max && outcome == STATUS_OK; b++) {
        const struct frame_sample_options options = batch_options(plan, b, stage);
        outcome = fit_batch(fit, run, features, clusters, &options);
    }
    return outcome;
}
