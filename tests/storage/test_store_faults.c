/* The packed store and failures: one rank's is everybody's, without a hang and without leaving half
 * a file behind. Run on 1 rank and on 3. */
#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/store_reader.h"
#include "tests/storage/sample_store.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct team team;

static bool has_partial(const char *path)
{
    char partial[600];
    snprintf(partial, sizeof partial, "%s.partial", path);
    return file_exists(partial);
}

static void bad_options_on_one_rank_fail_all(void)
{
    static const struct store_options bad[] = { { NULL, 0, 6 },
                                                { NULL, 4096, 10 },
                                                { NULL, 4096, -1 } };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        struct store_writer *writer = NULL;
        struct store_options options = { check_scratch("bad.h5"), 4096, 6 };
        if (team.rank == team.size - 1) {
            options.chunk_bytes = bad[b].chunk_bytes;
            options.deflate_level = bad[b].deflate_level;
        }
        check_status(store_writer_create(&writer, &team, &options), STATUS_INVALID, "bad.h5");
        CU_ASSERT_PTR_NULL(writer);
    }
    team_wait(&team);
    CU_ASSERT_FALSE(has_partial(check_scratch("bad.h5")));
}

static void a_place_that_cannot_be_written_fails_all(void)
{
    check_status(sample_store_write(&team, check_scratch("no/such/store.h5")), STATUS_NOT_FOUND,
                 "no/such/store.h5.partial");
    if (team.rank == 0)
        mkdir(check_scratch("taken.h5.partial"), 0700);
    team_wait(&team);
    check_status(sample_store_write(&team, check_scratch("taken.h5")), STATUS_IO,
                 "taken.h5.partial");
}

static void what_is_not_committed_leaves_no_file(void)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { check_scratch("dropped.h5"), 4096, 6 };
    check_status(store_writer_create(&writer, &team, &options), STATUS_OK, NULL);
    if (writer != NULL)
        check_status(sample_store_fill(writer, &team), STATUS_OK, NULL);
    store_writer_destroy(writer);
    store_writer_destroy(NULL);
    team_wait(&team);
    CU_ASSERT_FALSE(file_exists(options.path));
    CU_ASSERT_FALSE(has_partial(options.path));
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "prepare store",        "try store folder", "create store file", "create store group",
        "create store dataset", "write store rows", "note in store",     "close store",
        "digest store",         "seal store",       "publish store",
    };
    const char *path = check_scratch("faulty.h5");
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            faulty.fault = &fault;
            check_status(sample_store_write(&faulty, path), STATUS_IO, steps[s]);
            team_wait(&team);
            CU_ASSERT_FALSE(has_partial(path));
            /* After the last step the file is whole, whoever failed then. */
            const bool is_published = strcmp(steps[s], "publish store") == 0;
            CU_ASSERT(is_published ? store_is_made_by(path, "0123") : !file_exists(path));
            team_wait(&team);
            if (team.rank == 0)
                unlink(path);
            team_wait(&team);
        }
}

static void too_many_datasets_are_an_error_on_all(void)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { check_scratch("many.h5"), 4096, 6 };
    enum status outcome = store_writer_create(&writer, &team, &options);
    for (size_t d = 0; d < 100 && outcome == STATUS_OK; d++) {
        char name[32];
        size_t index;
        struct store_dataset dataset = { .type = COLUMN_U16, .rows = 5, .width = 1 };
        dataset.meaning = "one of many";
        snprintf(name, sizeof name, "/d%zu", d);
        dataset.name = name;
        outcome = store_writer_add(&index, writer, &dataset);
    }
    check_status(outcome, STATUS_INVALID, "more than");
    store_writer_destroy(writer);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    hdf5_prepare();
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "bad options on one rank", bad_options_on_one_rank_fail_all },
        { "a place that cannot be written", a_place_that_cannot_be_written_fails_all },
        { "not committed, no file", what_is_not_committed_leaves_no_file },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "too many datasets", too_many_datasets_are_an_error_on_all },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "store_faults", cases);
}
