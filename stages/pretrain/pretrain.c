#include "stages/pretrain/pretrain.h"

#include "core/log.h"
#include "stages/training_objective.h"
#include "training/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a checkpoint must agree with: the plan's training keys, its seed, and the store. */
static enum status write_recipe(char **recipe, const struct run *run, const char *store_digest)
{
    size_t bytes = 0;
    *recipe = NULL;
    FILE *stream = open_memstream(recipe, &bytes);
    if (stream == NULL)
        return status_fail(STATUS_NO_MEMORY, "pretrain: no memory");
    fprintf(stream, "seed: %zu\nstore: %s\n", run->plan.seed, store_digest);
    plan_write_training(stream, &run->plan);
    fclose(stream);
    return STATUS_OK;
}

static struct trainer_options options_of(const struct run *run,
                                         const struct training_objective *objective)
{
    const struct plan *plan = &run->plan;
    return (struct trainer_options){
        .store = objective->store,
        .seed = plan->seed,
        .batch_records = plan->pretrain.batch_captions,
        .accumulate = plan->pretrain.accumulate,
        .schedule = { .shape = strcmp(plan->pretrain.schedule, "constant") == 0
                                   ? LEARNING_RATE_CONSTANT
                                   : LEARNING_RATE_COSINE,
                      .base = plan->pretrain.learning_rate,
                      .final = plan->pretrain.final_learning_rate,
                      .warmup_steps = plan->pretrain.warmup_steps,
                      .steps = plan->pretrain.steps },
        .adamw = { .beta1 = (float)plan->pretrain.beta1,
                   .beta2 = (float)plan->pretrain.beta2,
                   .eps = (float)plan->pretrain.eps,
                   .weight_decay = (float)plan->pretrain.weight_decay,
                   .ema_decay = (float)plan->pretrain.ema_decay },
        .clip_norm = plan->pretrain.clip_norm,
        .validate_steps = plan->pretrain.validate_steps,
        .checkpoint_steps = plan->pretrain.checkpoint_steps,
        .keep_checkpoints = plan->pretrain.keep_checkpoints,
        .validation_records_max = plan->pretrain.validate_captions,
        .memory_bytes = plan->pretrain.memory_mib << 20,
        .by_features = objective->by_features,
        .is_quiet = run->is_quiet,
        .terminal_columns = run->terminal_columns,
    };
}

static enum status train(const struct run *run, struct training_objective *objective)
{
    struct trainer_options options = options_of(run, objective);
    struct trainer_result result = { 0 };
    char folder[PATH_BYTES], metrics[PATH_BYTES], plot[PATH_BYTES];
    char *recipe;
    enum status outcome = write_recipe(&recipe, run, objective->store_recipe);
    if (outcome == STATUS_OK)
        outcome = run_path(folder, run, "checkpoints");
    if (outcome == STATUS_OK)
        outcome = run_path(metrics, run, "metrics.jsonl");
    if (outcome == STATUS_OK)
        outcome = run_path(plot, run, "training.svg");
    options.folder = folder;
    options.metrics = metrics;
    options.plot = plot;
    options.recipe = recipe;
    outcome = team_agree(run->team, "name training files", outcome);
    if (outcome == STATUS_OK)
        outcome = trainer_run(&result, run->team, &objective->objective, objective->set, &options);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("done", "steps=%zu loss=%.5f best_step=%zu best=%.4f folder=%s", result.steps,
                  result.loss, result.best_step, result.best_value, folder);
    free(recipe);
    return outcome;
}

enum status pretrain_run(const struct run *run)
{
    struct training_objective objective;
    if (run->plan.pretrain.steps == 0) {
        if (run->team->rank == 0)
            log_event("skipped", "reason=pretrain.steps-is-0");
        return STATUS_OK;
    }
    enum status outcome = training_objective_open(&objective, run);
    outcome = team_agree(run->team, "open objective", outcome);
    if (outcome == STATUS_OK)
        outcome = training_objective_prepare(&objective, run);
    if (outcome == STATUS_OK)
        outcome = train(run, &objective);
    training_objective_close(&objective);
    return outcome;
}
