/* pack with shards that are missing or do not fit each other, and with failures on one rank: every
 * rank ends alike and no store is left. Run on 1 rank and on 3. */
#include "cluster/stop.h"
#include "core/file.h"
#include "core/log.h"
#include "stages/pack/pack.h"
#include "storage/hdf5_prepare.h"
#include "tests/stages/pack_shards.h"
#include "tests/support/check.h"

#include <signal.h>
#include <unistd.h>

static struct team team;
static struct run run;

static void a_missing_shard_is_named_with_what_makes_it(void)
{
    static const struct {
        const char *folder, *maker;
    } table[] = { { "units", "speech-units" },
                  { "images", "image-units" },
                  { "pictures", "image-units" } };
    for (size_t t = 0; t < 3; t++) {
        char path[PATH_BYTES];
        pack_begin_run(&run, &team, FAULT_NONE, NULL);
        run_shard_path(path, &run, table[t].folder, 2);
        if (team.rank == 0)
            unlink(path);
        team_wait(&team);
        check_status(pack_run(&run), STATUS_NOT_FOUND, table[t].maker);
        check_status(pack_run(&run), STATUS_NOT_FOUND, "00002.h5");
        CU_ASSERT_FALSE(file_exists(pack_store_path(&run)));
        pack_end_run(&run);
    }
}

static void a_missing_speech_shard_is_an_error_too(void)
{
    char path[PATH_BYTES];
    pack_begin_run(&run, &team, FAULT_NONE, NULL);
    run_shard_path(path, &run, "speech", 1);
    if (team.rank == 0)
        unlink(path);
    team_wait(&team);
    check_status(pack_run(&run), STATUS_NOT_FOUND, "speech/00001.h5");
    CU_ASSERT_FALSE(file_exists(pack_store_path(&run)));
    pack_end_run(&run);
}

static void shards_that_do_not_fit_are_corrupt(void)
{
    static const struct {
        enum pack_fault fault;
        const char *set, *fragment;
    } table[] = {
        { FAULT_UNIT_BEYOND_CODEBOOK, NULL, "units shard 2: caption p8-1" },
        { FAULT_MORE_DURATIONS_THAN_UNITS, NULL, "units shard 2: caption p8-1" },
        { FAULT_DURATIONS_DO_NOT_SUM, NULL, "units shard 2: caption p8-1" },
        { FAULT_FEATURES_DO_NOT_FIT, "speech_units.features=true", "units shard 2: caption p8-1" },
        { FAULT_TOKEN_BEYOND_CODEBOOK, NULL, "images shard 1: picture p8" },
        { FAULT_GRID_DOES_NOT_FIT, NULL, "images shard 1: picture p8" },
        { FAULT_PICTURE_LEFT_OUT, NULL, "picture p8 is neither in RUN/images nor a reject" },
        { FAULT_RANGE_OF_ANOTHER_RUN, NULL, "units/00005.h5: not a shard of records 35 to 39" },
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        pack_begin_run(&run, &team, table[t].fault, table[t].set);
        check_status(pack_run(&run), STATUS_CORRUPT, table[t].fragment);
        CU_ASSERT_FALSE(file_exists(pack_store_path(&run)));
        pack_end_run(&run);
    }
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "name store",          "prepare scan",      "read picture digests",
        "find equal pictures", "scan image shards", "number pictures",
        "scan unit shards",    "take store recipe", "prepare store",
        "try store folder",    "create store file", "create store group",
        "fill store block",    "choose packing",    "create store dataset",
        "write store rows",    "fill duplicates",   "collect rejects",
        "write rejects",       "prepare gather",    "gather",
        "gather rejects",      "fill rejects",      "write provenance",
        "note in store",       "close store",
    };
    char partial[PATH_BYTES];
    pack_begin_run(&run, &team, FAULT_TWINS, NULL);
    check_status(run_path(partial, &run, "store.h5.partial"), STATUS_OK, NULL);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            faulty.fault = &fault;
            run.team = &faulty;
            check_status(pack_run(&run), STATUS_IO, steps[s]);
            run.team = &team;
            team_wait(&team);
            CU_ASSERT_FALSE(file_exists(pack_store_path(&run)));
            CU_ASSERT_FALSE(file_exists(partial));
            team_wait(&team);
        }
    check_status(pack_run(&run), STATUS_OK, NULL);
    pack_end_run(&run);
}

/* The last one: a process that was asked to stop stays so. */
static void a_signal_to_one_rank_stops_all(void)
{
    pack_begin_run(&run, &team, FAULT_NONE, NULL);
    stop_watch();
    raise(SIGUSR2);
    check_status(pack_run(&run), STATUS_OK, NULL);
    if (team.rank == 0)
        unlink(pack_store_path(&run));
    if (team.rank == team.size - 1)
        raise(SIGUSR1);
    check_status(pack_run(&run), STATUS_STOPPED, "stopped by a signal; pack begins anew");
    CU_ASSERT_FALSE(file_exists(pack_store_path(&run)));
    pack_end_run(&run);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
    const struct log_options log = { .stage = "pack", .rank = team.rank, .is_quiet = true };
    check_status(log_begin(&log), STATUS_OK, NULL);
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
        { "a missing shard", a_missing_shard_is_named_with_what_makes_it },
        { "a missing speech shard", a_missing_speech_shard_is_an_error_too },
        { "shards that do not fit", shards_that_do_not_fit_are_corrupt },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "a signal", a_signal_to_one_rank_stops_all },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "pack_faults", cases);
}
