/* pretrain with a store that is missing or lacks something, and with failures on one rank: every
 * rank ends alike, and the same run can then be done. Run on 1 rank and on 3. */
#include "core/file.h"
#include "core/log.h"
#include "stages/pretrain/pretrain.h"
#include "storage/hdf5_prepare.h"
#include "tests/stages/plain_run.h"
#include "tests/support/check.h"
#include "tests/training/training_store.h"
#include "training/checkpoint_folder.h"

#include <string.h>

static struct team team;
static struct run run;
static const char *folder;

/* Opens the run with `count` overrides of its plan beside those that make training small. */
static void open_run(const char *const *sets, size_t count)
{
    struct option_texts all = { .items = { "pretrain.steps=4", "pretrain.batch_captions=10",
                                           "pretrain.heads=2", "pretrain.feed_forward=10",
                                           "pretrain.memory_mib=32" },
                                .count = 5 };
    for (size_t s = 0; s < count; s++)
        all.items[all.count++] = sets[s];
    const char *plan = plain_run_make(folder, &team, 6);
    check_status(run_open(&run, &team, plan, &all), STATUS_OK, NULL);
    run.is_quiet = true;
}

static void close_run(void)
{
    team_wait(&team);
    run_close(&run);
    team_wait(&team);
}

static void check_outcome(const char *set, enum status wanted, const char *fragment)
{
    open_run(&set, 1);
    check_status(pretrain_run(&run), wanted, fragment);
    close_run();
}

static void a_missing_store_is_named_with_what_makes_it(void)
{
    check_outcome("shard_captions=7", STATUS_NOT_FOUND, "unitmill pack makes it");
}

static void without_steps_there_is_nothing_to_do(void)
{
    check_outcome("pretrain.steps=0", STATUS_OK, NULL);
}

static void write_store(void)
{
    char path[PATH_BYTES];
    open_run(NULL, 0);
    check_status(run_path(path, &run, "store.h5"), STATUS_OK, NULL);
    close_run();
    training_store_write(&team, path, NOTHING_SPOILT);
}

static void what_does_not_fit_the_store_is_refused(void)
{
    write_store();
    check_outcome("pretrain.batch_captions=101", STATUS_INVALID, "a batch of 101 records");
    check_outcome("pretrain.heads=3", STATUS_INVALID, "3 heads do not divide a width of 16");
    check_outcome("speech_units.feature_layers=1,2,3", STATUS_INVALID, "features are 16 wide");
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "open objective",      "name training files",
        "prepare training",    "prepare optimiser",
        "request batch",       "read batch",
        "encode batch",        "prepare contrastive loss",
        "differentiate batch", "report step",
    };
    char checkpoints[PATH_BYTES];
    open_run(NULL, 0);
    check_status(run_path(checkpoints, &run, "checkpoints"), STATUS_OK, NULL);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            faulty.fault = &fault;
            run.team = &faulty;
            check_status(pretrain_run(&run), STATUS_IO, steps[s]);
            run.team = &team;
        }
    CU_ASSERT_EQUAL(checkpoint_newest(checkpoints, SIZE_MAX), 0);
    team_wait(&team);
    check_status(pretrain_run(&run), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(checkpoint_newest(checkpoints, SIZE_MAX), 4);
    close_run();
}

static void another_net_does_not_go_on_from_its_checkpoint(void)
{
    check_outcome("pretrain.feed_forward=12", STATUS_INVALID,
                  "was made with pretrain.feed_forward: 10, not pretrain.feed_forward: 12");
    check_outcome("pretrain.steps=6", STATUS_OK, NULL);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    const struct log_options log = { .stage = "pretrain", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
    folder = check_scratch("inputs");
}

static void end(void)
{
    log_end();
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "a missing store", a_missing_store_is_named_with_what_makes_it },
        { "without steps", without_steps_there_is_nothing_to_do },
        { "what does not fit", what_does_not_fit_the_store_is_refused },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "another net", another_net_does_not_go_on_from_its_checkpoint },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "pretrain", cases);
}
