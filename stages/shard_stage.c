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
    const struct shard *finished; /* whose rejects are tried again; else NULL */
};

static enum status fail_stopped(void)
{
    return status_fail(STATUS_STOPPED, "stopped by a signal; the same command goes on from the "
                                       "shards that are complete");
}

/* What is there of a shard before the work starts. */
enum shard_state {
    SHARD_MISSING, /* or damaged, or of another recipe */
    SHARD_COMPLETE,
    SHARD_TO_RETRY /* complete, and its rejects are tried again */
};

bool shard_stage_wants(const struct shard_work *work, size_t record)
{
    return work->finished == NULL || shard_find(work->finished, record) == SIZE_MAX;
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

/* A whole shard of another recipe may have columns of other shapes too: the recipe is the reason.
 */
static bool has_other_recipe(const struct shard *shard, const char *path, const char *recipe)
{
    struct shard_summary summary;
    if (shard != NULL)
        return strcmp(shard_identity(shard)->recipe, recipe) != 0;
    return shard_read_summary(&summary, path) == STATUS_OK && strcmp(summary.recipe, recipe) != 0;
}

/* Complete is what is there, whole, and made as this plan would make it. */
static enum status look_at_shard(enum shard_state *state, size_t *rejects,
                                 const struct shard_stage *stage, const struct run *run, void *self,
                                 struct shard_range range)
{
    char path[PATH_BYTES], recipe[DIGEST_TEXT_BYTES];
    struct shard *shard = NULL;
    *state = SHARD_MISSING;
    *rejects = 0;
    enum status outcome = run_shard_path(path, run, stage->folder, range.number);
    if (outcome != STATUS_OK || !file_exists(path))
        return outcome;
    outcome = shard_stage_recipe(recipe, stage, run, self, range);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = shard_read(&shard, path, stage->columns, stage->column_count);
    if (outcome == STATUS_NO_MEMORY)
        return outcome;
    if (has_other_recipe(shard, path, recipe))
        log_event("redo-shard", "shard=%zu reason=\"%s: made from other input\"", range.number,
                  path);
    else if (outcome != STATUS_OK)
        log_event("redo-shard", "shard=%zu reason=\"%s\"", range.number, status_text());
    else {
        const size_t left_out = stage->leaves_out ? range.count - shard_kept_count(shard) : 0;
        *rejects = shard_reject_count(shard);
        *state = *rejects + left_out > 0 && run->retries_rejects ? SHARD_TO_RETRY : SHARD_COMPLETE;
    }
    shard_destroy(shard);
    return STATUS_OK;
}

/* Equal on all ranks. */
struct inventory {
    int64_t *states; /* [shard_count] of enum shard_state */
    int64_t done_records, rejects, pending;
};

static enum status take_inventory(struct inventory *inventory, const struct shard_stage *stage,
                                  const struct run *run, void *self)
{
    const struct team *team = run->team;
    enum status outcome = STATUS_OK;
    *inventory = (struct inventory){ .states = calloc(stage->shard_count + 1, sizeof(int64_t)) };
    if (inventory->states == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: inventory", stage->name);
    outcome = team_agree(team, "prepare inventory", outcome);
    if (outcome != STATUS_OK)
        return outcome;

    for (size_t s = (size_t)team->rank; s < stage->shard_count && outcome == STATUS_OK;
         s += (size_t)team->size) {
        enum shard_state state;
        size_t rejects = 0;
        const struct shard_range range = stage->range(run, s);
        outcome = look_at_shard(&state, &rejects, stage, run, self, range);
        inventory->states[s] = state;
        inventory->pending += state != SHARD_COMPLETE;
        inventory->rejects += state == SHARD_COMPLETE ? (int64_t)rejects : 0;
        if (state != SHARD_MISSING)
            inventory->done_records +=
                (int64_t)(state == SHARD_COMPLETE ? range.count : range.count - rejects);
    }
    outcome = team_agree(team, "take inventory", outcome);
    if (outcome == STATUS_OK) {
        team_sum(team, inventory->states, stage->shard_count);
        team_sum(team, &inventory->done_records, 1);
        team_sum(team, &inventory->rejects, 1);
        team_sum(team, &inventory->pending, 1);
    }
    return outcome;
}

static void tell_rejects(int64_t *rejects, const struct shard_work *work, const struct shard *shard)
{
    *rejects += (int64_t)shard_reject_count(shard);
    progress_add(work->progress, 0, shard_reject_count(shard));
    for (size_t r = 0; r < shard_reject_count(shard); r++)
        log_event("reject", "id=\"%s\" reason=\"%s\"", shard_reject_at(shard, r).id,
                  shard_reject_at(shard, r).reason);
}

/* A shard of all the records of its range or, where `work` has a finished one, of its rejects. */
static enum status fill_shard(struct shard **out, const struct shard_identity *identity,
                              struct shard_work *work, const struct shard_stage *stage,
                              const struct run *run, void *self)
{
    const struct shard_range range = stage->range(run, identity->number);
    enum status outcome = shard_create(out, identity, stage->columns, stage->column_count);
    if (outcome == STATUS_OK)
        outcome = stage->fill(self, *out, work, run, range);
    /* What was read after a change of the weights is not what the recipe says. */
    return outcome == STATUS_OK ? run_files_check(run->files) : outcome;
}

/* What the finished shard kept, with what came of its rejects; written where that is anything new.
 */
static enum status retry_rejects(struct shard **out, const struct shard_identity *identity,
                                 struct shard_work *work, const struct shard_stage *stage,
                                 const struct run *run, void *self, const char *path)
{
    struct shard *finished = NULL, *again = NULL;
    char before[DIGEST_TEXT_BYTES], after[DIGEST_TEXT_BYTES];
    enum status outcome = shard_read(&finished, path, stage->columns, stage->column_count);
    if (outcome != STATUS_OK)
        return outcome;
    work->finished = finished;
    outcome = fill_shard(&again, identity, work, stage, run, self);
    work->finished = NULL;
    if (outcome == STATUS_OK)
        outcome = shard_create(out, identity, stage->columns, stage->column_count);
    if (outcome == STATUS_OK)
        outcome = shard_merge(*out, finished, again);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(before, finished);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(after, *out);
    if (outcome == STATUS_OK && strcmp(before, after) != 0) {
        log_event("retried", "shard=%zu rejects=%zu now=%zu", identity->number,
                  shard_reject_count(finished), shard_reject_count(*out));
        outcome = shard_write(*out, path);
    }
    shard_destroy(again);
    shard_destroy(finished);
    return outcome;
}

static enum status make_shard(int64_t *rejects, struct shard_work *work,
                              const struct shard_stage *stage, const struct run *run, void *self,
                              struct shard_range range, enum shard_state state)
{
    char path[PATH_BYTES], recipe[DIGEST_TEXT_BYTES];
    struct shard *shard = NULL;
    const struct shard_identity identity = { .stage = stage->name,
                                             .number = range.number,
                                             .first_record = range.first,
                                             .record_count = range.count,
                                             .codebook = stage->codebook,
                                             .recipe = recipe };
    enum status outcome = shard_stage_recipe(recipe, stage, run, self, range);
    if (outcome == STATUS_OK)
        outcome = run_shard_path(path, run, stage->folder, range.number);
    if (outcome == STATUS_OK && state == SHARD_TO_RETRY)
        outcome = retry_rejects(&shard, &identity, work, stage, run, self, path);
    else if (outcome == STATUS_OK) {
        outcome = fill_shard(&shard, &identity, work, stage, run, self);
        if (outcome == STATUS_OK)
            outcome = shard_write(shard, path);
    }
    if (outcome == STATUS_OK)
        tell_rejects(rejects, work, shard);
    shard_destroy(shard);
    return outcome;
}

/* Claims shards until none is left, one fails, or a signal asks for an end. */
static enum status work_through(int64_t *rejects, struct shard_work *work, const size_t *pending,
                                const struct inventory *inventory, const struct shard_stage *stage,
                                const struct run *run, void *self)
{
    enum status outcome = STATUS_OK;
    uint64_t item;
    while (outcome == STATUS_OK && claims_next(work->claims, &item)) {
        const size_t number = pending[item];
        outcome = stop_requested()
                      ? fail_stopped()
                      : make_shard(rejects, work, stage, run, self, stage->range(run, number),
                                   (enum shard_state)inventory->states[number]);
    }
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
        if (inventory->states[s] != SHARD_COMPLETE)
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
        outcome = work_through(&rejects, &work, pending, inventory, stage, run, self);
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
    if (outcome == STATUS_OK && inventory.pending > 0)
        outcome = make_missing(&inventory, stage, run, self);
    if (outcome == STATUS_OK && stage->record_count > 0)
        outcome = check_reject_limit(&inventory, stage, run);
    if (outcome == STATUS_OK && run->team->rank == 0)
        log_event("done", "%s=%zu shards=%zu rejected=%lld", stage->item, stage->record_count,
                  stage->shard_count, (long long)inventory.rejects);
    free(inventory.states);
    return outcome;
}
