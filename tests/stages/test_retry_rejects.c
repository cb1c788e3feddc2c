/* Rejects of finished shards, tried again by a toy stage: what was kept is not asked for and stays,
 * what comes good takes its place, a failure leaves the shard as it was. Run on 1 rank and on 3. */
#include "core/file.h"
#include "core/log.h"
#include "stages/shard_stage.h"
#include "storage/hdf5_prepare.h"
#include "tests/stages/plain_run.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

enum { PICTURES = 20, SHARDS = 6 };

static struct team team;
static struct run run;

static const struct shard_column columns[] = {
    { "salt", COLUMN_U64, .width = 1, .meaning = "of the time when the record was kept" },
};

/* Rejects record r where r % rejected_every is 0 (0: none). */
struct toy {
    uint64_t salt; /* no part of the recipe: it shows when a record was made */
    size_t rejected_every, failing_record;
    int64_t records; /* asked of this rank */
};

static enum status add_recipe(void *self, struct digest *recipe, const struct run *of,
                              struct shard_range range)
{
    (void)self;
    (void)of;
    (void)range;
    digest_add_text(recipe, "one");
    return STATUS_OK;
}

static enum status add_record(struct toy *toy, struct shard *out, const struct run *of, size_t r)
{
    const char *id = of->manifest.captions[r].id;
    toy->records++;
    if (r == toy->failing_record)
        return status_fail(STATUS_IO, "record %zu cannot be made", r);
    if (toy->rejected_every > 0 && r % toy->rejected_every == 0)
        return shard_reject(out, r, id, toy->salt == 1 ? "first reason" : "second reason");
    const enum status outcome = shard_add(out, 0, &toy->salt, 1);
    return outcome == STATUS_OK ? shard_keep(out, r, id) : outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *of, struct shard_range range)
{
    enum status outcome = STATUS_OK;
    for (size_t r = range.first; r < range.first + range.count && outcome == STATUS_OK; r++) {
        if (!shard_stage_wants(work, r))
            continue;
        outcome = add_record(self, out, of, r);
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(work);
    }
    return outcome;
}

static int64_t records_of(struct toy *toy, bool retries, enum status expected)
{
    const struct shard_stage stage = { .name = "toy",
                                       .folder = "toy",
                                       .item = "captions",
                                       .columns = columns,
                                       .column_count = 1,
                                       .shard_count = run_caption_shard_count(&run),
                                       .record_count = run.manifest.caption_count,
                                       .range = run_caption_range,
                                       .add_recipe = add_recipe,
                                       .fill = fill };
    toy->records = 0;
    run.retries_rejects = retries;
    check_status(shard_stage_run(&stage, &run, toy), expected, expected ? "" : NULL);
    int64_t records = toy->records;
    team_sum(&team, &records, 1);
    team_wait(&team);
    return records;
}

/* Record 0, 20 and so on of 40 were kept at the time `healed`, or are rejects for `reason`. */
static void check_shards(uint64_t healed, const char *reason)
{
    for (size_t s = 0; s < SHARDS; s++) {
        char path[PATH_BYTES];
        struct shard *shard = NULL;
        const struct shard_range range = run_caption_range(&run, s);
        run_shard_path(path, &run, "toy", s);
        check_status(shard_read(&shard, path, columns, 1), STATUS_OK, NULL);
        for (size_t r = range.first; shard != NULL && r < range.first + range.count; r++) {
            const size_t row = shard_find(shard, r);
            size_t rows = 0;
            if (row != SIZE_MAX) {
                const uint64_t *salt = shard_values(shard, 0, row, &rows);
                CU_ASSERT_EQUAL(*salt, r % 20 == 0 ? healed : 1);
            } else
                CU_ASSERT(healed == 0 && r % 20 == 0);
        }
        if (shard != NULL && shard_reject_count(shard) > 0)
            CU_ASSERT_STRING_EQUAL(shard_reject_at(shard, 0).reason, reason);
        shard_destroy(shard);
    }
    team_wait(&team);
}

static void begin(void)
{
    char folder[PATH_BYTES];
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    const struct log_options log = { .stage = "toy", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
    path_folder(folder, check_scratch("x"));
    check_status(run_open(&run, &team, plain_run_make(folder, &team, PICTURES), NULL), STATUS_OK,
                 NULL);
    run.is_quiet = true;
    struct toy toy = { .salt = 1, .rejected_every = 20, .failing_record = SIZE_MAX };
    CU_ASSERT_EQUAL(records_of(&toy, false, STATUS_OK), 40);
    check_shards(0, "first reason");
}

static void without_being_asked_rejects_stay(void)
{
    struct toy toy = { .salt = 2, .failing_record = SIZE_MAX };
    CU_ASSERT_EQUAL(records_of(&toy, false, STATUS_OK), 0);
    check_shards(0, "first reason");
}

static void rejects_that_fail_again_have_their_new_reason(void)
{
    struct toy toy = { .salt = 2, .rejected_every = 20, .failing_record = SIZE_MAX };
    CU_ASSERT_EQUAL(records_of(&toy, true, STATUS_OK), 2);
    check_shards(0, "second reason");
}

static void a_failure_leaves_the_finished_shard(void)
{
    struct toy toy = { .salt = 3, .failing_record = 20 };
    records_of(&toy, true, STATUS_IO);
    char path[PATH_BYTES];
    struct shard_summary summary;
    run_shard_path(path, &run, "toy", run_caption_range(&run, 2).number);
    check_status(shard_read_summary(&summary, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(summary.reject_count, 1);
    team_wait(&team);
}

static void only_rejects_are_made_and_all_else_stays(void)
{
    struct toy toy = { .salt = 3, .failing_record = SIZE_MAX };
    const int64_t records = records_of(&toy, true, STATUS_OK);
    CU_ASSERT(records == 1 ||
              records == 2); /* the other one may have come good before the failure */
    check_shards(3, "");
    CU_ASSERT_EQUAL(records_of(&toy, true, STATUS_OK), 0);
}

static void end(void)
{
    run_close(&run);
    log_end();
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "without being asked", without_being_asked_rejects_stay },
        { "failing again", rejects_that_fail_again_have_their_new_reason },
        { "a failure", a_failure_leaves_the_finished_shard },
        { "only rejects", only_rejects_are_made_and_all_else_stays },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "retry_rejects", cases);
}
