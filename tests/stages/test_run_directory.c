/* Opening a run: what is frozen, what may differ later, who may work in it. Run on 1 rank and on 3.
 */
#include "core/file.h"
#include "stages/run_directory.h"
#include "storage/hdf5_prepare.h"
#include "tests/stages/plain_run.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct team team;
static char folder[PATH_BYTES], plan_path[PATH_BYTES];
static int folder_number;

/* A fresh folder with a run's inputs. */
static void begin_inputs(void)
{
    char name[32];
    snprintf(name, sizeof name, "inputs-%d", folder_number++);
    snprintf(folder, sizeof folder, "%s", check_scratch(name));
    snprintf(plan_path, sizeof plan_path, "%s", plain_run_make(folder, &team, 3));
}

static enum status open_with(const char *set)
{
    struct run run;
    const struct option_texts sets = { .items = { set }, .count = set == NULL ? 0 : 1 };
    const enum status outcome = run_open(&run, &team, plan_path, &sets);
    if (outcome != STATUS_OK)
        CU_ASSERT(run.plan.manifest == NULL && run.manifest.images == NULL && run.lock == -1);
    run_close(&run);
    team_wait(&team);
    return outcome;
}

static void write_on_rank_0(const char *name, const char *text)
{
    team_wait(&team);
    if (team.rank == 0)
        plain_run_write(folder, name, text);
    team_wait(&team);
}

static void the_first_to_open_freezes_the_plan(void)
{
    struct run run;
    begin_inputs();
    check_status(run_open(&run, &team, plan_path, NULL), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(run.manifest.image_count, 3);
    CU_ASSERT_EQUAL(run.manifest.caption_count, 6);
    CU_ASSERT_PTR_NOT_NULL(run.plan.digests.manifest);
    CU_ASSERT_PTR_NOT_NULL(run.plan.digests.hubert);
    CU_ASSERT_PTR_NULL(run.plan.digests.kmeans);
    run_close(&run);
    struct plan frozen;
    char path[PATH_BYTES];
    path_join(path, folder, "run/plan.yaml");
    check_status(plan_read(&frozen, path, NULL), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(frozen.shard_captions, 7);
    CU_ASSERT_PTR_NOT_NULL(frozen.digests.hubert);
    plan_end(&frozen);
}

static void until_there_are_results_a_plan_may_be_corrected(void)
{
    begin_inputs();
    check_status(open_with(NULL), STATUS_OK, NULL);
    check_status(open_with("seed=2"), STATUS_OK, NULL);
    write_on_rank_0("run/speech/00000.h5.partial", "what a killed run was writing");
    check_status(open_with("seed=2"), STATUS_OK, NULL);
    write_on_rank_0("run/speech/00000.h5", "a result");
    check_status(open_with("seed=2"), STATUS_OK, NULL);
    check_status(open_with("seed=3"), STATUS_INVALID, "seed is 3, was 2 in the run");
}

static void what_a_killed_run_was_writing_is_dropped(void)
{
    static const char *const names[] = { "run/speech/00001.h5.partial", "run/store.h5.partial",
                                         "run/images/00000.h5.partial" };
    begin_inputs();
    check_status(open_with(NULL), STATUS_OK, NULL);
    write_on_rank_0("run/speech/00000.h5", "a result");
    for (size_t n = 0; n < 3; n++)
        write_on_rank_0(names[n], "half");
    check_status(open_with(NULL), STATUS_OK, NULL);
    for (size_t n = 0; n < 3; n++) {
        char path[PATH_BYTES];
        path_join(path, folder, names[n]);
        CU_ASSERT_FALSE(file_exists(path));
    }
    team_wait(&team);
}

static void a_plan_of_other_content_is_refused_and_the_difference_named(void)
{
    static const struct {
        const char *set, *fragment;
    } table[] = {
        { "seed=5", "seed is 5, was 1" },
        { "shard_images=3", "shard_images" },
        { "speak.voices=ar", "speak.voices" },
        { "speech_units.layer=3", "speech_units.layer" },
    };
    begin_inputs();
    check_status(open_with(NULL), STATUS_OK, NULL);
    write_on_rank_0("run/units/00000.h5", "a result");
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        check_status(open_with(table[t].set), STATUS_INVALID, table[t].fragment);
        check_status(open_with(table[t].set), STATUS_INVALID, "this run was made otherwise");
    }
    check_status(open_with("reject_limit=1"), STATUS_OK, NULL);
    write_on_rank_0("weights/hubert", "other weights");
    check_status(open_with(NULL), STATUS_INVALID, "digests.hubert");
    write_on_rank_0("weights/hubert", "hubert");
    write_on_rank_0("weights/config.json", "{}");
    check_status(open_with(NULL), STATUS_INVALID, "config");
}

static void a_manifest_that_was_changed_is_refused(void)
{
    begin_inputs();
    check_status(open_with(NULL), STATUS_OK, NULL);
    write_on_rank_0("run/images/00000.h5", "a result");
    write_on_rank_0("manifest.jsonl", "{\"id\": \"x\", \"image\": \"x\", \"captions\": []}\n");
    check_status(open_with(NULL), STATUS_INVALID, "digests.manifest");
}

/* Appends to the manifest and opens the run: the pictures that it then has, 0 where it is refused.
 */
static size_t pictures_with(const char *appended)
{
    struct run run;
    plain_run_append(folder, &team, appended);
    const enum status outcome = run_open(&run, &team, plan_path, NULL);
    const size_t pictures = outcome == STATUS_OK ? run.manifest.image_count : 0;
    run_close(&run);
    team_wait(&team);
    return pictures;
}

static void a_manifest_may_grow_at_its_end(void)
{
    struct run view;
    char path[PATH_BYTES];
    begin_inputs();
    CU_ASSERT_EQUAL(pictures_with(""), 3);
    write_on_rank_0("run/images/00000.h5", "a result");
    CU_ASSERT_EQUAL(pictures_with("{\"id\": \"x\", \"image\": \"x\", \"captions\": []}\n"), 4);
    CU_ASSERT_EQUAL(pictures_with("{\"id\": \"y\", \"image\": \"y\", \"captions\": []}"), 5);
    CU_ASSERT_EQUAL(pictures_with(""), 5);
    CU_ASSERT_EQUAL(pictures_with(" "), 0); /* goes on with the last line */
    check_status(open_with(NULL), STATUS_INVALID, "another content of manifest");

    begin_inputs();
    CU_ASSERT_EQUAL(pictures_with(""), 3);
    write_on_rank_0("run/images/00000.h5", "a result");
    check_status(open_with("seed=9"), STATUS_INVALID, "seed is 9");
    path_join(path, folder, "run");
    plain_run_append(folder, &team, "{\"id\": \"x\", \"image\": \"x\", \"captions\": []}\n");
    check_status(run_view(&view, &team, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(view.manifest.image_count, 3); /* what the run knows */
    run_close(&view);
    team_wait(&team);
}

static void files_that_change_under_a_run_are_named(void)
{
    struct run run;
    begin_inputs();
    check_status(run_open(&run, &team, plan_path, NULL), STATUS_OK, NULL);
    check_status(run_files_check(run.files), STATUS_OK, NULL);
    write_on_rank_0("weights/vit", "vit"); /* another file of equal content */
    check_status(run_files_check(run.files), STATUS_OK, NULL);
    write_on_rank_0("weights/vit", "tiv");
    check_status(run_files_check(run.files), STATUS_INVALID, "image_units.vit_vqgan: ");
    write_on_rank_0("weights/vit", "vit");
    check_status(run_files_check(run.files), STATUS_OK, NULL);
    team_wait(&team);
    if (team.rank == 0) {
        char path[PATH_BYTES];
        path_join(path, folder, "weights/hubert");
        unlink(path);
    }
    team_wait(&team);
    check_status(run_files_check(run.files), STATUS_NOT_FOUND, "weights/hubert");
    run_close(&run);
    team_wait(&team);
}

static void files_may_move_while_their_content_stays(void)
{
    char set[PATH_BYTES + 64], from[PATH_BYTES], to[PATH_BYTES];
    begin_inputs();
    check_status(open_with(NULL), STATUS_OK, NULL);
    write_on_rank_0("run/speech/00000.h5", "a result");
    write_on_rank_0("moved/weights", "hubert");
    snprintf(set, sizeof set, "speech_units.hubert=%.4000s/moved/weights", folder);
    check_status(open_with(set), STATUS_OK, NULL);
    path_join(from, folder, "run");
    path_join(to, folder, "elsewhere");
    if (team.rank == 0)
        CU_ASSERT_EQUAL(rename(from, to), 0);
    team_wait(&team);
    snprintf(set, sizeof set, "run=%.4000s/elsewhere", folder);
    check_status(open_with(set), STATUS_OK, NULL);
}

static void two_at_work_in_one_run_are_refused(void)
{
    struct run first;
    begin_inputs();
    check_status(run_open(&first, &team, plan_path, NULL), STATUS_OK, NULL);
    check_status(open_with(NULL), STATUS_INVALID, "another unitmill is at work");
    run_close(&first);
    team_wait(&team);
    check_status(open_with(NULL), STATUS_OK, NULL);
}

static void what_is_missing_or_wrong_is_named(void)
{
    begin_inputs();
    check_status(open_with("manifest=/no/such/manifest"), STATUS_NOT_FOUND, "/no/such/manifest");
    check_status(open_with("speech_units.hubert=/no/such/hubert"), STATUS_NOT_FOUND,
                 "/no/such/hubert");
    check_status(open_with("run=/proc/no/run"), STATUS_IO, "/proc/no");
    check_status(open_with("sead=1"), STATUS_INVALID, "sead");
    write_on_rank_0("manifest.jsonl", "nothing\n");
    check_status(open_with(NULL), STATUS_INVALID, "manifest.jsonl:1");
    snprintf(plan_path, sizeof plan_path, "%s", check_scratch("absent.yaml"));
    check_status(open_with(NULL), STATUS_NOT_FOUND, "absent.yaml");
}

static void weights_that_are_a_pipe_do_not_block(void)
{
    char path[PATH_BYTES];
    begin_inputs();
    path_join(path, folder, "weights/vit");
    team_wait(&team);
    if (team.rank == 0) {
        unlink(path);
        mkfifo(path, 0600);
    }
    team_wait(&team);
    check_status(open_with(NULL), STATUS_INVALID, "weights/vit: not a regular file");
}

static void a_frozen_plan_that_was_damaged_is_named(void)
{
    begin_inputs();
    check_status(open_with(NULL), STATUS_OK, NULL);
    write_on_rank_0("run/speech/00000.h5", "a result");
    write_on_rank_0("run/plan.yaml", "seed: [\n");
    check_status(open_with(NULL), STATUS_INVALID, "run/plan.yaml");
}

static void a_run_can_be_looked_at_while_another_works_in_it(void)
{
    struct run first, view;
    char path[PATH_BYTES];
    begin_inputs();
    path_join(path, folder, "run");
    check_status(run_view(&view, &team, path), STATUS_NOT_FOUND, "no plan.yaml");
    run_close(&view);
    check_status(run_open(&first, &team, plan_path, NULL), STATUS_OK, NULL);
    check_status(run_view(&view, &team, path), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(view.manifest.image_count, 3);
    CU_ASSERT_STRING_EQUAL(view.plan.run, path);
    CU_ASSERT_STRING_EQUAL(view.plan.digests.hubert, first.plan.digests.hubert);
    run_close(&view);
    run_close(&first);
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = {
        "read plan",
        "look at the plan's files",
        "take digests of the plan's files",
        "note digests",
        "read manifest",
        "lock run directory",
        "freeze plan",
        "keep log",
    };
    begin_inputs();
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_IO };
            struct team faulty = team;
            struct run run;
            faulty.fault = &fault;
            check_status(run_open(&run, &faulty, plan_path, NULL), STATUS_IO, steps[s]);
            CU_ASSERT(run.plan.manifest == NULL && run.lock == -1);
            team_wait(&team);
        }
    check_status(open_with(NULL), STATUS_OK, NULL);
}

static void ranges_cover_all_records_once(void)
{
    static const size_t table[][3] = { { 0, 5, 0 },  { 1, 5, 1 },
                                       { 5, 5, 1 },  { 6, 5, 2 },
                                       { 10, 5, 2 }, { 11, 5, 3 },
                                       { 7, 1, 7 },  { SIZE_MAX, SIZE_MAX, 1 } };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        const size_t records = table[t][0], shard_records = table[t][1];
        size_t next = 0;
        CU_ASSERT_EQUAL(shard_range_count(records, shard_records), table[t][2]);
        for (size_t s = 0; s < table[t][2]; s++) {
            const struct shard_range range = shard_range_at(s, records, shard_records);
            CU_ASSERT(range.number == s && range.first == next && range.count > 0);
            next += range.count;
        }
        CU_ASSERT_EQUAL(next, records);
    }
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
        { "the first freezes the plan", the_first_to_open_freezes_the_plan },
        { "until there are results", until_there_are_results_a_plan_may_be_corrected },
        { "a plan of other content", a_plan_of_other_content_is_refused_and_the_difference_named },
        { "a changed manifest", a_manifest_that_was_changed_is_refused },
        { "a manifest that grows", a_manifest_may_grow_at_its_end },
        { "what a killed run was writing", what_a_killed_run_was_writing_is_dropped },
        { "files that change", files_that_change_under_a_run_are_named },
        { "moved files", files_may_move_while_their_content_stays },
        { "two at work", two_at_work_in_one_run_are_refused },
        { "missing or wrong", what_is_missing_or_wrong_is_named },
        { "weights that are a pipe", weights_that_are_a_pipe_do_not_block },
        { "a damaged frozen plan", a_frozen_plan_that_was_damaged_is_named },
        { "looking at a run", a_run_can_be_looked_at_while_another_works_in_it },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "ranges", ranges_cover_all_records_once },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "run_directory", cases);
}
