#include "core/log.h"
#include "storage/checkpoint.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "training/checkpoint_folder.h"
#include "training/trainer_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trainer_describe_model(struct trainer *trainer)
{
    struct digest *digest = digest_begin();
    for (size_t p = 0; digest != NULL && p < parameter_set_count(trainer->set); p++) {
        const struct parameter *parameter = parameter_set_at(trainer->set, p);
        digest_add_text(digest, parameter->name);
        digest_add_number(digest, parameter->dimension_count);
        for (size_t d = 0; d < parameter->dimension_count; d++)
            digest_add_number(digest, parameter->shape[d]);
    }
    trainer->parameters[0] = '\0';
    digest_end(trainer->parameters, digest);
}

static struct checkpoint checkpoint_of(struct trainer *trainer)
{
    struct adamw *adamw = sharded_optimiser_state(trainer->optimiser);
    struct checkpoint checkpoint = {
        .rows = parameter_set_floats(trainer->set) / CHECKPOINT_ROW_FLOATS,
        .values = parameter_set_values(trainer->set),
        .mean = adamw_mean(adamw),
        .square = adamw_square(adamw),
        .average = adamw_average(adamw),
        .step = trainer->step,
        .parameters = trainer->parameters,
        .recipe = trainer->options->recipe,
    };
    if (trainer->result.best_step > 0)
        snprintf(checkpoint.best, sizeof checkpoint.best, "%zu %.17g", trainer->result.best_step,
                 trainer->result.best_value);
    return checkpoint;
}

static enum status read_state(struct trainer *trainer, const char *path)
{
    struct checkpoint checkpoint = checkpoint_of(trainer);
    const enum status outcome = checkpoint_read(&checkpoint, path, trainer->team);
    if (outcome != STATUS_OK)
        return outcome;
    trainer->step = checkpoint.step;
    adamw_set_step(sharded_optimiser_state(trainer->optimiser), checkpoint.step);
    if (sscanf(checkpoint.best, "%zu %lg", &trainer->result.best_step,
               &trainer->result.best_value) != 2)
        trainer->result.best_step = 0;
    return STATUS_OK;
}

enum status trainer_resume(struct trainer *trainer)
{
    char path[PATH_BYTES];
    int64_t step = 0;
    if (trainer->team->rank == 0)
        step = (int64_t)checkpoint_newest(trainer->options->folder, SIZE_MAX);
    team_broadcast(trainer->team, &step, sizeof step, 0);
    if (step == 0)
        return STATUS_OK;
    enum status outcome = checkpoint_path(path, trainer->options->folder, (size_t)step);
    if (outcome == STATUS_OK)
        outcome = read_state(trainer, path);
    if (outcome == STATUS_OK && trainer->team->rank == 0)
        log_event("resume", "checkpoint=%s step=%zu", path, trainer->step);
    return outcome;
}

enum status trainer_keep(struct trainer *trainer)
{
    const struct trainer_options *options = trainer->options;
    const struct checkpoint checkpoint = checkpoint_of(trainer);
    char path[PATH_BYTES];
    enum status outcome = checkpoint_path(path, options->folder, trainer->step);
    if (outcome == STATUS_OK)
        outcome = checkpoint_write(path, trainer->team, &checkpoint);
    if (outcome == STATUS_OK && trainer->team->rank == 0)
        checkpoint_remove_old(options->folder, options->keep_checkpoints,
                              trainer->result.best_step);
    return outcome;
}

/* Averaged parameters are what is used after training, where they are kept. */
static void take_average(struct trainer *trainer)
{
    const float *average = adamw_average(sharded_optimiser_state(trainer->optimiser));
    const struct slice own = sharded_optimiser_rows(trainer->optimiser);
    float *values = parameter_set_values(trainer->set);
    if (average == NULL)
        return;
    memcpy(values + own.first * CHECKPOINT_ROW_FLOATS, average,
           own.count * CHECKPOINT_ROW_FLOATS * sizeof *values);
    slices_share(trainer->team, values, parameter_set_floats(trainer->set) / CHECKPOINT_ROW_FLOATS,
                 CHECKPOINT_ROW_FLOATS * sizeof *values);
}

static enum status write_model(struct trainer *trainer)
{
    const struct objective *objective = trainer->objective;
    struct settings *settings = settings_create("model");
    struct tensor_table table = { 0 };
    char path[PATH_BYTES], step[32];
    snprintf(step, sizeof step, "%zu", trainer->step);
    const char *const metadata[] = { "format", "pt", "objective", objective->name,
                                     "step",   step, NULL };
    enum status outcome =
        settings != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "model: no memory");
    if (outcome == STATUS_OK)
        outcome = objective->write_settings(settings, objective->self);
    if (outcome == STATUS_OK)
        outcome = path_join(path, trainer->options->folder, "config.json");
    if (outcome == STATUS_OK)
        outcome = settings_file_write(path, settings);
    if (outcome == STATUS_OK && objective->settle != NULL)
        objective->settle(objective->self);
    if (outcome == STATUS_OK)
        outcome = parameter_set_write(trainer->set, &table);
    if (outcome == STATUS_OK)
        outcome = path_join(path, trainer->options->folder, "model.safetensors");
    if (outcome == STATUS_OK)
        outcome = safetensors_write(path, &table, metadata);
    if (outcome == STATUS_OK)
        log_event("model", "path=%s step=%zu", path, trainer->step);
    tensor_table_end(&table);
    settings_destroy(settings);
    return outcome;
}

enum status trainer_finish(struct trainer *trainer)
{
    char path[PATH_BYTES];
    const size_t best = trainer->result.best_step, last = trainer->step;
    enum status outcome = STATUS_OK;
    if (best > 0 && best != last) {
        outcome = checkpoint_path(path, trainer->options->folder, best);
        if (outcome == STATUS_OK)
            outcome = read_state(trainer, path);
    }
    if (outcome == STATUS_OK) {
        take_average(trainer);
        outcome = trainer->team->rank == 0 ? write_model(trainer) : STATUS_OK;
        outcome = team_agree(trainer->team, "write model", outcome);
    }
    trainer->step = last;
    return outcome;
}
