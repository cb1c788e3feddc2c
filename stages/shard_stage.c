#include "stages/shard_stage.h"

#include "cluster/claims.h"
#include "cluster/progress.h"
#include "cluster/stop.h"
#include "core/log.h"

#include <stdlib.h>
#include <string.h>

struct shard_work {
    struct claims *claims;
    struct progress *progress;
};

static enum status fail_stopped(void)
{
    return status_fail(STATUS_STOPPED, "stopped by a signal; the same command goes on from the "
                                       "shards that are complete");
}

enum status shard_stage_tick(struct shard_work *work)
{
    progress_add(work->progress, 1, 0);
    claims_serve(work->claims);
    return stop_is_urgent() ? fail_stopped() : STATUS_OK;
}

enum status shard_stage_recipe(char text[DIGEST_TEXT_BYTES], const struct shard_stage *stage,
                               const struct run *run, void *self, struct shard_range range)
{
    struct digest *recipe = digest_begin();
    if (recipe == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: recipe", stage->name);
    digest_add_text(recipe, stage->name);
    digest_add_number(recipe, range.first);
    digest_add_number(recipe, range.count);
    const enum status outcome = stage->add_recipe(self, recipe, run, range);
    digest_end(text, recipe);
    return outcome;
}

/* True where the shard is there, whole, and made as this plan would make it. */
static enum status is_complete(bool *complete, size_t *rejects, const struct shard_stage *stage,
                               const struct run *run, void *self, struct shard_range range)
{
    char path[PATH_BYTES], recipe[DIGEST_TEXT_BYTES];
    struct shard *shard = NULL;
    *complete = false;
    enum status outcome = run_shard_path(path, run, stage->folder, range.number);
    if (outcome != STATUS_OK || !file_exists(path))
        return outcome;
    outcome = shard_stage_recipe(recipe, stage, run, self, range);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = shard_read(&shard, path, stage->columns, stage->column_count);
    if (outcome == STATUS_NO_MEMORY)
        return outcome;
    if (outcome != STATUS_OK)
        log_event("redo-shard", "shard=%zu reason=\"%s\"", range.number, status_text());
    else if (strcmp(shard_identity(shard)->recipe, recipe) != 0)
        log_event("redo-shard", "shard=%zu reason=\"%s: made from other input\"", range.number,
                  path);
    else {
        *complete = true;
        *rejects += shard_reject_count(shard);
    }
    shard_destroy(shard);
    return STATUS_OK;
}

/* What is there before the work starts: state[s] is 1 for a complete shard; equal on all ranks. */
struct inventory {
    int64_t *complete; /* [shard_count] */
    int64_t done_records, rejects;
};

static enum status take_inventory(struct inventory *inventory, const struct shard_stage *stage,
                                  const struct run *run, void *self)
{
    const struct team *team = run->team;
    enum status outcome = STATUS_OK;
    *inventory = (struct inventory){ .complete = calloc(stage->shard_count + 1, sizeof(int64_t)) };
    if (inventory->complete == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: inventory", stage->name);
    outcome = team_agree(team, "prepare inventory", outcome);
    if (outcome != STATUS_OK)
        return outcome;

    size_t rejects = 0;
    for (size_t s = (size_t)team->rank; s < stage->shard_count && outcome == STATUS_OK;
         s += (size_t)team->size) {
        bool complete = false;
        const struct shard_range range = stage->range(run, s);
        outcome = is_complete(&complete, &rejects, stage, run, self, range);
        inventory->complete[s] = complete;
        inventory->done_records += complete ? (int64_t)range.count : 0;
    }
    outcome = team_agree(team, "take inventory", outcome);
    inventory->rejects = (int64_t)rejects;
    if (outcome == STATUS_OK) {
        team_sum(team, inventory->complete, stage->shard_count);
        team_sum(team, &inventory->done_records, 1);
        team_sum(team, &inventory->rejects, 1);
    }
    return outcome;
}

static enum status make_shard(int64_t *rejects, struct shard_work *work,
                              const struct shard_stage *stage, const struct run *run, void *self,
                              struct shard_range range)
{
    char path[PATH_BYTES], recipe[DIGEST_TEXT_BYTES];
    struct shard *shard = NULL;
    enum status outcome = shard_stage_recipe(recipe, stage, run, self, range);
    const struct shard_identity identity = { .stage = stage->name,
                                             .number = range.number,
                                             .first_record = range.first,
                                             .record_count = range.count,
                                             .codebook = stage->codebook,
                                             .recipe = recipe };
    if (outcome == STATUS_OK)
        outcome = shard_create(&shard, &identity, stage->columns, stage->column_count);
    if (outcome == STATUS_OK)
        outcome = stage->fill(self, shard, work, run, range);
    if (outcome == STATUS_OK)
        outcome = run_shard_path(path, run, stage->folder, range.number);
    if (outcome == STATUS_OK)
        outcome = shard_write(shard, path);
    if (outcome == STATUS_OK) {
        *rejects += (int64_t)shard_reject_count(shard);
        progress_add(work->progress, 0, shard_reject_count(shard));
        for (size_t r = 0; r < shard_reject_count(shard); r++)
            log_event("reject", "id=\"%s\" reason=\"%s\"", shard_reject_at(shard, r).id,
                      shard_reject_at(shard, r).reason);
    }
    shard_destroy(shard);
    return outcome;
}

/* Claims shards until none is left, one fails, or a signal asks for an end. */
static enum status work_through(int64_t *rejects, struct shard_work *work, const size_t *pending,
                                const struct shard_stage *stage, const struct run *run, void *self)
{
    enum status outcome = STATUS_OK;
    uint64_t item;
    while (outcome == STATUS_OK && claims_next(work->claims, &item))
        outcome = stop_requested() ? fail_stopped()
                                   : make_shard(rejects, work, stage, run, self,
                                                stage->range(run, pending[item]));
    if (outcome != STATUS_OK)
        claims_close(work->claims);
    return outcome;
}

static enum status make_missing(struct inventory *inventory, const struct shard_stage *stage,
                                const struct run *run, void *self)
{
    size_t pending_count = 0;
    size_t *pending = calloc(stage->shard_count + 1, sizeof *pending);
    enum status outcome = STATUS_OK;
    if (pending == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: pending shards", stage->name);
    for (size_t s = 0; pending != NULL && s < stage->shard_count; s++)
        if (inventory->complete[s] == 0)
            pending[pending_count++] = s;
    outcome = team_agree(run->team, "list pending shards", outcome);

    struct shard_work work = { 0 };
    const struct progress_options options = {
        .stage = stage->name,
        .item = stage->item,
        .total = stage->record_count,
        .already_done = (uint64_t)inventory->done_records,
        .terminal_columns = run->terminal_columns,
        .is_quiet = run->is_quiet,
    };
    if (outcome == STATUS_OK)
        outcome = claims_create(&work.claims, run->team, pending_count);
    if (outcome == STATUS_OK)
        outcome = progress_create(&work.progress, run->team, &options);
    if (outcome == STATUS_OK) {
        int64_t rejects = 0;
        outcome = work_through(&rejects, &work, pending, stage, run, self);
        progress_wait(work.progress);
        outcome = team_agree(run->team, "make shards", outcome);
        team_sum(run->team, &rejects, 1);
        inventory->rejects += rejects;
    }
    progress_destroy(work.progress);
    claims_destroy(work.claims);
    free(pending);
    return outcome;
}

static enum status check_reject_limit(const struct inventory *inventory,
                                      const struct shard_stage *stage, const struct run *run)
{
    const double share = (double)inventory->rejects / (double)stage->record_count;
    if (share > run->plan.reject_limit)
        return status_fail(STATUS_INVALID,
                           "%s: %lld of %zu %s are rejects, above reject_limit %g; unitmill status "
                           "%s lists them",
                           stage->name, (long long)inventory->rejects, stage->record_count,
                           stage->item, run->plan.reject_limit, run->plan.run);
    return STATUS_OK;
}

static enum status make_folder(const struct shard_stage *stage, const struct run *run)
{
    char folder[PATH_BYTES];
    enum status outcome = STATUS_OK;
    if (run->team->rank == 0)
        outcome = run_path(folder, run, stage->folder);
    if (run->team->rank == 0 && outcome == STATUS_OK)
        outcome = folder_make(folder);
    return team_agree(run->team, "make stage folder", outcome);
}

enum status shard_stage_run(const struct shard_stage *stage, const struct run *run, void *self)
{
    struct inventory inventory = { 0 };
    enum status outcome = make_folder(stage, run);
    if (outcome == STATUS_OK)
        outcome = take_inventory(&inventory, stage, run, self);
    if (outcome == STATUS_OK && (size_t)inventory.done_records < stage->record_count)
        outcome = make_missing(&inventory, stage, run, self);
    if (outcome == STATUS_OK && stage->record_count > 0)
        outcome = check_reject_limit(&inventory, stage, run);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("done", "%s=%zu shards=%zu rejected=%lld", stage->item, stage->record_count,
                  stage->shard_count, (long long)inventory.rejects);
    free(inventory.complete);
    return outcome;
}
