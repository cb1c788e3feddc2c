#include "training/trainer.h"

#include "cluster/stop.h"
#include "core/file.h"
#include "training/trainer_inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batches since the beginning: an update takes `accumulate` of them. */
static size_t batches_done(const struct trainer *trainer)
{
    return trainer->step * trainer->options->accumulate;
}

static uint32_t length_of(const struct split_records *split, uint64_t record)
{
    size_t low = 0, high = split->count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (split->records[middle] <= record)
            low = middle;
        else
            high = middle;
    }
    return split->lengths[low];
}

/* Asks for this rank's part of a batch. */
static enum status request_batch(struct trainer *trainer, size_t batch)
{
    const size_t count = trainer->options->batch_records;
    const struct slice own = slice_of(count, trainer->team->rank, trainer->team->size);
    memcpy(trainer->records, batch_order_records(trainer->order, batch),
           count * sizeof *trainer->records);
    for (size_t r = 0; r < count; r++)
        trainer->lengths[r] = length_of(&trainer->train, trainer->records[r]);
    const enum status outcome =
        batch_deal(trainer->records, trainer->lengths, count, trainer->team->size);
    return outcome == STATUS_OK
               ? batch_loader_request(trainer->loader, trainer->records + own.first, own.count)
               : outcome;
}

/* A batch is known by its first captions. */
static enum status fail_unfinite(const struct trainer *trainer, size_t update, const char *what)
{
    const struct record_source *source = trainer->objective->source;
    return status_fail(STATUS_INVALID,
                       "update %zu: %s not finite, in a batch with %s %llu, %llu, ... "
                       "of the %s; checkpoints up to then are kept. A lower learning rate may "
                       "help",
                       update, what, source != NULL ? source->item : "captions",
                       (unsigned long long)trainer->first_records[0],
                       (unsigned long long)trainer->first_records[1],
                       source != NULL ? "manifest" : "store");
}

/* One batch: taken, the next one asked for, computed. Adds to the gradients and to `*loss`. */
static enum status run_batch(double *loss, struct trainer *trainer, size_t batch)
{
    const struct trainer_options *options = trainer->options;
    const struct slice own =
        slice_of(options->batch_records, trainer->team->rank, trainer->team->size);
    struct store_batch records;
    double batch_loss = 0.0;
    uint64_t *names = malloc((own.count + 1) * sizeof *names);
    trainer->first_records[0] = trainer->records[0];
    trainer->first_records[1] = trainer->records[options->batch_records > 1];
    enum status outcome = batch_loader_take(&records, trainer->loader);
    const void *data = batch_loader_data(trainer->loader);
    if (names == NULL && outcome == STATUS_OK)
        outcome = status_fail(STATUS_NO_MEMORY, "a batch of %zu records", own.count);
    if (outcome == STATUS_OK) {
        memcpy(names, trainer->records + own.first, own.count * sizeof *names);
        outcome = request_batch(trainer, batch + 1);
    }
    outcome = team_agree(trainer->team, "read batch", outcome);
    const struct objective_batch step = { .records = &records,
                                          .data = data,
                                          .names = names,
                                          .count = options->batch_records,
                                          .seed = options->seed,
                                          .step = batch,
                                          .tape = trainer->tape };
    if (outcome == STATUS_OK)
        outcome =
            trainer->objective->step(&batch_loss, trainer->objective->self, trainer->team, &step);
    if (outcome == STATUS_OK && !isfinite(batch_loss))
        outcome = fail_unfinite(trainer, trainer->step + 1, "the loss is");
    if (outcome == STATUS_OK)
        progress_add(trainer->progress, own.count, 0);
    *loss += batch_loss;
    free(names);
    return outcome;
}

static enum status update(struct trainer *trainer)
{
    const struct trainer_options *options = trainer->options;
    const double rate = learning_rate_at(&options->schedule, trainer->step);
    const float factor = 1.0f / (float)options->accumulate;
    double loss = 0.0;
    enum status outcome = STATUS_OK;
    parameter_set_clear_gradients(trainer->set);
    for (size_t b = 0; b < options->accumulate && outcome == STATUS_OK; b++)
        outcome = run_batch(&loss, trainer, batches_done(trainer) + b);
    if (outcome != STATUS_OK)
        return outcome;
    const double norm =
        sharded_optimiser_update(trainer->optimiser, (float)rate, factor, options->clip_norm);
    if (!isfinite(norm))
        return fail_unfinite(trainer, trainer->step + 1, "the gradient is");
    if (trainer->objective->after_update != NULL)
        trainer->objective->after_update(trainer->objective->self);
    trainer->step++;
    return team_agree(trainer->team, "report step",
                      trainer_report(trainer, loss * (double)factor, norm, rate,
                                     trainer->step == options->schedule.steps));
}

static bool is_due(const struct trainer *trainer, size_t steps)
{
    return trainer->step == trainer->options->schedule.steps ||
           (steps > 0 && trainer->step % steps == 0);
}

/* So that no checkpoint is kept, or called best, from which nothing can go on. */
static enum status check_parameters(const struct trainer *trainer)
{
    const float *values = parameter_set_values(trainer->set);
    for (size_t i = 0; i < parameter_set_floats(trainer->set); i++)
        if (!isfinite(values[i]))
            return fail_unfinite(trainer, trainer->step, "the parameters are");
    return STATUS_OK;
}

/* HDF5 is used by this thread and the loader's in turn, so the loader rests meanwhile. */
static enum status keep_and_validate(struct trainer *trainer, bool is_stopping)
{
    enum status outcome = STATUS_OK;
    const bool validates = is_due(trainer, trainer->options->validate_steps) && !is_stopping;
    const bool keeps = is_due(trainer, trainer->options->checkpoint_steps) || is_stopping;
    if (validates || keeps) {
        batch_loader_wait(trainer->loader);
        outcome = team_agree(trainer->team, "check parameters", check_parameters(trainer));
    }
    if (outcome == STATUS_OK && validates)
        outcome = trainer_validate(trainer);
    if (outcome == STATUS_OK && (keeps || trainer->result.best_step == trainer->step))
        outcome = trainer_keep(trainer);
    return outcome;
}

static enum status run_updates(struct trainer *trainer)
{
    enum status outcome = STATUS_OK;
    bool is_stopping = false;
    if (trainer->step < trainer->options->schedule.steps)
        outcome = team_agree(trainer->team, "request batch",
                             request_batch(trainer, batches_done(trainer)));
    while (trainer->step < trainer->options->schedule.steps && outcome == STATUS_OK &&
           !is_stopping) {
        outcome = update(trainer);
        if (outcome == STATUS_OK) {
            is_stopping = team_any(trainer->team, stop_requested());
            outcome = keep_and_validate(trainer, is_stopping);
        }
    }
    batch_loader_wait(trainer->loader);
    if (outcome == STATUS_OK && trainer->step < trainer->options->schedule.steps)
        return status_fail(
            STATUS_STOPPED,
            "stopped by a signal after %zu of %zu updates; the same command goes on from there",
            trainer->step, trainer->options->schedule.steps);
    return outcome;
}

static enum status read_split(struct split_records *out, const struct trainer *trainer,
                              const char *split)
{
    const struct record_source *source = trainer->objective->source;
    const struct split_choice choice = { split, NULL, trainer->options->by_features };
    return source != NULL ? source->list(out, source->self, split)
                          : split_records_read(out, trainer->options->store, &choice);
}

static enum status read_splits(struct trainer *trainer)
{
    const struct trainer_options *options = trainer->options;
    enum status outcome = read_split(&trainer->train, trainer, "train");
    if (outcome == STATUS_OK)
        outcome = read_split(&trainer->validation, trainer, "val");
    if (trainer->validation.count > options->validation_records_max)
        trainer->validation.count = options->validation_records_max;
    return outcome;
}

static enum status open_loader(struct trainer *trainer)
{
    const struct objective *objective = trainer->objective;
    const struct store_batch_options reading = { .parts = objective->store_parts,
                                                 .cache_bytes = STORE_BATCH_CACHE_BYTES,
                                                 .batch_bytes_max = STORE_BATCH_BYTES_MAX };
    return objective->source != NULL
               ? batch_loader_open_source(&trainer->loader, objective->source)
               : batch_loader_open(&trainer->loader, trainer->options->store, &reading);
}

static enum status prepare(struct trainer *trainer)
{
    const struct trainer_options *options = trainer->options;
    trainer->records = malloc((options->batch_records + 1) * sizeof *trainer->records);
    trainer->lengths = malloc((options->batch_records + 1) * sizeof *trainer->lengths);
    if (trainer->records == NULL || trainer->lengths == NULL)
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu records", options->batch_records);
    enum status outcome = read_splits(trainer);
    if (outcome == STATUS_OK)
        outcome = batch_order_create(&trainer->order, trainer->train.records, trainer->train.count,
                                     options->batch_records, options->seed);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = open_loader(trainer);
    if (outcome == STATUS_OK)
        outcome = tape_create(&trainer->tape, options->memory_bytes);
    if (outcome == STATUS_OK)
        outcome = folder_make(options->folder);
    trainer_describe_model(trainer);
    return outcome;
}

static enum status begin(struct trainer *trainer)
{
    const struct trainer_options *options = trainer->options;
    enum status outcome = team_agree(trainer->team, "prepare training", prepare(trainer));
    if (outcome == STATUS_OK)
        outcome = sharded_optimiser_create(&trainer->optimiser, trainer->team, trainer->set,
                                           &options->adamw);
    if (outcome == STATUS_OK)
        outcome = trainer_resume(trainer);
    if (outcome != STATUS_OK)
        return outcome;
    const struct record_source *source = trainer->objective->source;
    const uint64_t records = options->batch_records * options->accumulate;
    const struct progress_options progress = { .stage = "pretrain",
                                               .item = source != NULL ? source->item : "captions",
                                               .total = records * options->schedule.steps,
                                               .already_done = records * trainer->step,
                                               .terminal_columns = options->terminal_columns,
                                               .is_quiet = options->is_quiet };
    return progress_create(&trainer->progress, trainer->team, &progress);
}

static void end(struct trainer *trainer)
{
    progress_destroy(trainer->progress);
    sharded_optimiser_destroy(trainer->optimiser);
    batch_loader_close(trainer->loader);
    batch_order_destroy(trainer->order);
    tape_destroy(trainer->tape);
    split_records_end(&trainer->train);
    split_records_end(&trainer->validation);
    free(trainer->records);
    free(trainer->lengths);
}

enum status trainer_run(struct trainer_result *result, const struct team *team,
                        const struct objective *objective, struct parameter_set *set,
                        const struct trainer_options *options)
{
    struct trainer trainer = {
        .team = team, .objective = objective, .set = set, .options = options
    };
    enum status outcome = begin(&trainer);
    if (outcome == STATUS_OK) {
        outcome = run_updates(&trainer);
        progress_wait(trainer.progress);
    }
    if (outcome == STATUS_OK)
        outcome = trainer_finish(&trainer);
    trainer.result.steps = trainer.step;
    *result = trainer.result;
    end(&trainer);
    return outcome;
}
