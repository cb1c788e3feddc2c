/* What all stages of shards have in common, with a toy stage that writes record numbers: every
 * shard once, only what is missing, rejects, failures and stops. Run on 1 rank and on 3. */
#include "cluster/stop.h"
#include "core/file.h"
#include "core/log.h"
#include "stages/shard_stage.h"
#include "storage/hdf5_prepare.h"
#include "tests/stages/plain_run.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PICTURES = 20, CAPTIONS = PICTURES * PLAIN_RUN_CAPTIONS, SHARDS = 6, NONE = 1 << 20 };

static struct team team;
static struct run run;
static const char *plan_path;

static const struct shard_column columns[] = {
    { "number", COLUMN_U64, .width = 1, .meaning = "of the record" },
    { "name", COLUMN_TEXT, .width = 1, .meaning = "id and salt" },
};

/* What the toy stage is asked to do, and what it did. */
struct toy {
    uint64_t salt;
    size_t failing_record, failing_recipe; /* NONE: none */
    size_t rejected_every;                 /* 0: none */
    size_t stopping_record;
    int64_t fills; /* of this rank */
};

static struct toy toy_plain(void)
{
    return (struct toy){ .failing_record = NONE, .failing_recipe = NONE, .stopping_record = NONE };
}

static enum status add_recipe(void *self, struct digest *recipe, const struct run *of,
                              struct shard_range range)
{
    const struct toy *toy = self;
    (void)of;
    if (toy->failing_recipe == range.number)
        return status_fail(STATUS_NOT_FOUND, "the recipe's input is gone");
    digest_add_number(recipe, toy->salt);
    return STATUS_OK;
}

static enum status add_record(const struct toy *toy, struct shard *out, const struct run *of,
                              size_t record)
{
    char name[64];
    const uint64_t number = record;
    const char *id = of->manifest.captions[record].id;
    if (toy->rejected_every > 0 && record % toy->rejected_every == 0)
        return shard_reject(out, record, id, "every so many");
    snprintf(name, sizeof name, "%s %llu", id, (unsigned long long)toy->salt);
    enum status outcome = shard_add(out, 0, &number, 1);
    if (outcome == STATUS_OK)
        outcome = shard_add_text(out, 1, name);
    return outcome == STATUS_OK ? shard_keep(out, record, id) : outcome;
}

static enum status fill(void *self, struct shard *out, struct shard_work *work,
                        const struct run *of, struct shard_range range)
{
    struct toy *toy = self;
    enum status outcome = STATUS_OK;
    const struct timespec pause = { .tv_nsec = 200000 };
    toy->fills++;
    for (size_t r = range.first; r < range.first + range.count && outcome == STATUS_OK; r++) {
        if (r == toy->failing_record)
            return status_fail(STATUS_IO, "record %zu cannot be made", r);
        if (r == toy->stopping_record)
            raise(SIGUSR1);
        nanosleep(&pause, NULL);
        outcome = add_record(toy, out, of, r);
        if (outcome == STATUS_OK)
            outcome = shard_stage_tick(work);
    }
    return outcome;
}

static struct shard_stage stage_of(const struct run *of)
{
    return (struct shard_stage){ .name = "toy",
                                 .folder = "toy",
                                 .item = "captions",
                                 .columns = columns,
                                 .column_count = sizeof columns / sizeof columns[0],
                                 .shard_count = run_caption_shard_count(of),
                                 .record_count = of->manifest.caption_count,
                                 .codebook = 5,
                                 .range = run_caption_range,
                                 .add_recipe = add_recipe,
                                 .fill = fill };
}

/* Runs the stage and gives how many shards all ranks filled. */
static int64_t fills_of(struct toy *toy, enum status expected, const char *fragment)
{
    const struct shard_stage stage = stage_of(&run);
    toy->fills = 0;
    check_status(shard_stage_run(&stage, &run, toy), expected, fragment);
    int64_t fills = toy->fills;
    team_sum(&team, &fills, 1);
    return fills;
}

static const char *shard_path(size_t number)
{
    static char path[PATH_BYTES];
    check_status(run_shard_path(path, &run, "toy", number), STATUS_OK, NULL);
    return path;
}

static size_t shards_on_disk(void)
{
    size_t count = 0;
    for (size_t s = 0; s < SHARDS; s++)
        count += file_exists(shard_path(s));
    return count;
}

static bool has_partial(void)
{
    bool is_found = false;
    for (size_t s = 0; s < SHARDS; s++) {
        char partial[PATH_BYTES];
        snprintf(partial, sizeof partial, "%.4000s.partial", shard_path(s));
        is_found |= file_exists(partial);
    }
    return is_found;
}

static void remove_shards(void)
{
    team_wait(&team);
    for (size_t s = 0; s < SHARDS && team.rank == 0; s++)
        unlink(shard_path(s));
    team_wait(&team);
}

/* The shard as a single loop without the stage makes it. */
static void expected_digest(char digest[DIGEST_TEXT_BYTES], const struct toy *toy, size_t number)
{
    const struct shard_range range = run_caption_range(&run, number);
    const struct shard_identity identity = { .stage = "toy",
                                             .number = number,
                                             .first_record = range.first,
                                             .record_count = range.count,
                                             .codebook = 5,
                                             .recipe = "" };
    struct shard *shard = NULL;
    shard_create(&shard, &identity, columns, 2);
    for (size_t r = range.first; r < range.first + range.count; r++)
        check_status(add_record(toy, shard, &run, r), STATUS_OK, NULL);
    shard_content_digest(digest, shard);
    shard_destroy(shard);
}

static void check_shards(const struct toy *toy)
{
    for (size_t s = 0; s < SHARDS; s++) {
        char expected[DIGEST_TEXT_BYTES], found[DIGEST_TEXT_BYTES];
        struct shard *shard = NULL;
        expected_digest(expected, toy, s);
        check_status(shard_read(&shard, shard_path(s), columns, 2), STATUS_OK, NULL);
        if (shard == NULL)
            continue;
        shard_content_digest(found, shard);
        CU_ASSERT_STRING_EQUAL(found, expected);
        CU_ASSERT_EQUAL(shard_identity(shard)->number, s);
        shard_destroy(shard);
    }
    CU_ASSERT_FALSE(has_partial());
}

static void every_shard_is_made_once_with_the_content_of_a_plain_loop(void)
{
    struct toy toy = toy_plain();
    CU_ASSERT_EQUAL(run_caption_shard_count(&run), SHARDS);
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), SHARDS);
    check_shards(&toy);
}

static void a_second_time_nothing_is_made(void)
{
    struct toy toy = toy_plain();
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), 0);
}

static void only_what_is_missing_or_damaged_is_made_again(void)
{
    struct toy toy = toy_plain();
    team_wait(&team);
    if (team.rank == 0) {
        const int file = open(shard_path(1), O_WRONLY);
        CU_ASSERT_EQUAL(pwrite(file, "damage", 6, 3000), 6);
        close(file);
        CU_ASSERT_EQUAL(truncate(shard_path(2), 100), 0);
        unlink(shard_path(4));
        CU_ASSERT_EQUAL(truncate(shard_path(5), 0), 0);
    }
    team_wait(&team);
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), 4);
    check_shards(&toy);
}

static void a_shard_of_another_place_is_made_again(void)
{
    struct toy toy = toy_plain();
    team_wait(&team);
    if (team.rank == 0) {
        char from[PATH_BYTES];
        snprintf(from, sizeof from, "%s", shard_path(0));
        CU_ASSERT_EQUAL(rename(from, shard_path(3)), 0);
    }
    team_wait(&team);
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), 2);
    check_shards(&toy);
}

static void with_another_recipe_all_are_made_again(void)
{
    struct toy toy = toy_plain();
    toy.salt = 1;
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), SHARDS);
    check_shards(&toy);
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), 0);
}

static void a_failure_of_one_rank_ends_the_stage_on_all_and_keeps_the_rest(void)
{
    struct toy toy = toy_plain();
    remove_shards();
    toy.failing_record = 38; /* in the last shard */
    fills_of(&toy, STATUS_IO, "record 38 cannot be made");
    CU_ASSERT_FALSE(file_exists(shard_path(5)));
    team_wait(&team);
    const size_t kept = shards_on_disk();
    CU_ASSERT(kept > 0 && kept < SHARDS);
    team_wait(&team);
    toy.failing_record = NONE;
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), (int64_t)(SHARDS - kept));
    check_shards(&toy);
}

static void a_recipe_that_cannot_be_taken_ends_the_stage_on_all(void)
{
    struct toy toy = toy_plain();
    toy.failing_recipe = 2;
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_NOT_FOUND, "the recipe's input is gone"), 0);
    remove_shards();
    fills_of(&toy, STATUS_NOT_FOUND, "the recipe's input is gone");
    CU_ASSERT_FALSE(file_exists(shard_path(2)));
    CU_ASSERT_FALSE(has_partial());
}

static void rejects_above_the_limit_fail_the_stage_at_its_end(void)
{
    struct toy toy = toy_plain();
    toy.rejected_every = 10; /* 4 of 40, where the plan allows 2 */
    toy.salt = 2;
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_INVALID, "4 of 40 captions are rejects"), SHARDS);
    check_shards(&toy);
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_INVALID, "above reject_limit 0.05"), 0);
    run.plan.reject_limit = 0.1;
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), 0);
    run.plan.reject_limit = 0.05;
    toy.rejected_every = 20; /* 2 of 40: just within */
    toy.salt = 3;
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_OK, NULL), SHARDS);
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "make stage folder",      "prepare inventory", "take inventory",
        "list pending shards",    "allocate claims",   "prepare claims",
        "create claims window",   "allocate progress", "prepare progress",
        "create progress window", "make shards",
    };
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            struct toy toy = toy_plain();
            remove_shards();
            faulty.fault = &fault;
            run.team = &faulty;
            fills_of(&toy, STATUS_IO, steps[s]);
            run.team = &team;
            CU_ASSERT_FALSE(has_partial());
        }
    struct toy toy = toy_plain();
    fills_of(&toy, STATUS_OK, NULL);
    check_shards(&toy);
}

static void a_folder_that_cannot_be_made_fails_all(void)
{
    struct toy toy = toy_plain();
    char folder[PATH_BYTES];
    remove_shards();
    run_path(folder, &run, "toy");
    if (team.rank == 0) {
        CU_ASSERT_EQUAL(rmdir(folder), 0);
        check_status(file_write(folder, "in the way", 10), STATUS_OK, NULL);
    }
    team_wait(&team);
    CU_ASSERT_EQUAL(fills_of(&toy, STATUS_IO, "cannot make the folder"), 0);
    team_wait(&team);
    if (team.rank == 0)
        unlink(folder);
    team_wait(&team);
}

static void no_records_are_no_work(void)
{
    struct toy toy = toy_plain();
    struct shard_stage stage = stage_of(&run);
    stage.record_count = stage.shard_count = 0;
    check_status(shard_stage_run(&stage, &run, &toy), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(toy.fills, 0);
}

/* Last: a request to stop stays for the rest of the process. */
static void a_stop_drops_the_shard_in_hand_and_says_how_to_go_on(void)
{
    struct toy toy = toy_plain();
    remove_shards();
    stop_watch();
    toy.stopping_record = 37;
    fills_of(&toy, STATUS_STOPPED, "the same command goes on");
    team_wait(&team);
    CU_ASSERT_FALSE(file_exists(shard_path(5)));
    CU_ASSERT_FALSE(has_partial());
    CU_ASSERT(shards_on_disk() > 0);
}

static void begin(void)
{
    char folder[PATH_BYTES];
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    const struct log_options log = { .stage = "toy", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
    path_folder(folder, check_scratch("x"));
    plan_path = plain_run_make(folder, &team, PICTURES);
    check_status(run_open(&run, &team, plan_path, NULL), STATUS_OK, NULL);
    run.is_quiet = true;
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
        { "every shard once", every_shard_is_made_once_with_the_content_of_a_plain_loop },
        { "a second time nothing", a_second_time_nothing_is_made },
        { "missing and damaged ones", only_what_is_missing_or_damaged_is_made_again },
        { "a shard of another place", a_shard_of_another_place_is_made_again },
        { "another recipe", with_another_recipe_all_are_made_again },
        { "a failure of one rank", a_failure_of_one_rank_ends_the_stage_on_all_and_keeps_the_rest },
        { "a recipe that cannot be taken", a_recipe_that_cannot_be_taken_ends_the_stage_on_all },
        { "rejects above the limit", rejects_above_the_limit_fail_the_stage_at_its_end },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "a folder that cannot be made", a_folder_that_cannot_be_made_fails_all },
        { "no records", no_records_are_no_work },
        { "a stop", a_stop_drops_the_shard_in_hand_and_says_how_to_go_on },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "shard_stage", cases);
}
