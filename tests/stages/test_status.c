/* Status: what it says of a run that is done, stopped, at work, or damaged. */
#include "stages/status/status.h"
#include "tests/stages/sample_run.h"
#include "tests/support/check.h"

#include "core/file.h"
#include "storage/hdf5_prepare.h"
#include "storage/shard.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct team team;

static char *status_text_of(const char *folder, bool is_json, bool all_rejects)
{
    struct run run;
    char *text = NULL;
    size_t bytes = 0;
    bool goes_on = false;
    const struct status_options options = { .is_json = is_json, .all_rejects = all_rejects };
    FILE *stream = open_memstream(&text, &bytes);
    const enum status viewed = run_view(&run, &team, folder);
    check_status(viewed, STATUS_OK, NULL);
    if (viewed == STATUS_OK)
        check_status(status_write(stream, &goes_on, &run, &options), STATUS_OK, NULL);
    run_close(&run);
    fclose(stream);
    return text;
}

static json_t *status_of(const char *folder)
{
    char *text = status_text_of(folder, true, true);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_PTR_NOT_NULL(report);
    free(text);
    return report;
}

enum { SPEAK, FIT_UNITS, SPEECH_UNITS, IMAGE_UNITS, PACK };

static const json_t *field(const json_t *report, size_t stage, const char *key)
{
    return json_object_get(json_array_get(json_object_get(report, "stages"), stage), key);
}

static void check_number(const json_t *report, size_t stage, const char *key, json_int_t expected)
{
    const json_int_t found = json_integer_value(field(report, stage, key));
    CU_ASSERT_EQUAL(found, expected);
    if (found != expected)
        fprintf(stderr, "stage %zu: %s is %lld\n", stage, key, (long long)found);
}

static void check_state(const json_t *report, size_t stage, const char *expected)
{
    const char *state = json_string_value(field(report, stage, "state"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(state);
    CU_ASSERT_STRING_EQUAL(state, expected);
}

static void begin(void)
{
    CU_ASSERT_EQUAL(team_begin(&team, MPI_COMM_WORLD), STATUS_OK);
    sample_run_make(check_scratch("sample"), &team);
}

static void end(void)
{
    team_end(&team);
}

static void a_run_that_is_done_says_so(void)
{
    json_t *report = status_of(check_scratch("sample/run"));
    for (size_t stage = SPEAK; stage <= PACK; stage++)
        check_state(report, stage, "done");
    CU_ASSERT(json_is_false(json_object_get(report, "is_running")));
    check_number(report, SPEAK, "shards_done", 3);
    check_number(report, SPEAK, "shards", 3);
    check_number(report, SPEAK, "records", 6);
    check_number(report, SPEAK, "records_done", 6);
    check_number(report, SPEAK, "rejected", 1);
    check_number(report, SPEECH_UNITS, "rejected", 0);
    check_number(report, IMAGE_UNITS, "shards", 2);
    check_number(report, IMAGE_UNITS, "records", 3);
    check_number(report, IMAGE_UNITS, "rejected", 1);
    CU_ASSERT_PTR_NULL(field(report, FIT_UNITS, "records"));
    check_number(report, PACK, "records", 3);
    check_number(report, PACK, "rejected", 2);
    check_number(report, PACK, "bytes",
                 (json_int_t)file_bytes(check_scratch("sample/run/store.h5")));
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(report, "reject_count")), 4);
    const json_t *rejects = json_object_get(report, "rejects");
    CU_ASSERT_EQUAL(json_array_size(rejects), 4);
    const json_t *first = json_array_get(rejects, 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "stage")), "speak");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "id")), "a/../b:1");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(first, "reason")), "cannot be spoken");
    json_decref(report);
}

static void the_table_has_a_line_a_stage_and_the_rejects(void)
{
    char *table = status_text_of(check_scratch("sample/run"), false, false), *rest = NULL;
    static const char *const expected[] = { "\nspeak ",        "\nfit-units ", "\nspeech-units ",
                                            "\nimage-units ",  "\npack ",      "\nrejects: 4\n",
                                            "cannot be spoken" };
    for (size_t e = 0; e < sizeof expected / sizeof expected[0]; e++)
        CU_ASSERT_PTR_NOT_NULL(strstr(table, expected[e]));
    CU_ASSERT_PTR_NULL(strstr(table, "more: --rejects"));
    strtok_r(table, "\n", &rest); /* the first line names the run, however long that is */
    for (const char *line = strtok_r(NULL, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        CU_ASSERT(strlen(line) <= 100);
    free(table);
}

static void set_time(const char *path, time_t seconds)
{
    const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Shards of two captions each, ten seconds apart; the third is missing. */
static void rate_and_time_left_come_from_the_files(void)
{
    CU_ASSERT_EQUAL(rename(check_scratch("sample/run/units/00002.h5"), check_scratch("aside")), 0);
    set_time(check_scratch("sample/run/units/00001.h5"), 1000);
    set_time(check_scratch("sample/run/units/00000.h5"), 1010); /* finished later */
    json_t *report = status_of(check_scratch("sample/run"));
    check_state(report, SPEECH_UNITS, "stopped");
    check_number(report, SPEECH_UNITS, "shards_done", 2);
    check_number(report, SPEECH_UNITS, "records_done", 4);
    CU_ASSERT_DOUBLE_EQUAL(json_number_value(field(report, SPEECH_UNITS, "records_per_second")),
                           0.2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(json_number_value(field(report, SPEECH_UNITS, "seconds_left")), 10.0,
                           1e-6);
    json_decref(report);

    CU_ASSERT_EQUAL(unlink(check_scratch("sample/run/units/00001.h5")), 0);
    report = status_of(check_scratch("sample/run"));
    CU_ASSERT_PTR_NULL(field(report, SPEECH_UNITS, "records_per_second"));
    CU_ASSERT_PTR_NULL(field(report, SPEECH_UNITS, "seconds_left"));
    json_decref(report);

    CU_ASSERT_EQUAL(unlink(check_scratch("sample/run/units/00000.h5")), 0);
    report = status_of(check_scratch("sample/run"));
    check_state(report, SPEECH_UNITS, "missing");
    json_decref(report);
}

static void a_held_lock_means_running_and_is_left_alone(void)
{
    const int lock = open(check_scratch("sample/run/.lock"), O_RDWR | O_CREAT, 0666);
    CU_ASSERT_EQUAL(flock(lock, LOCK_EX | LOCK_NB), 0);
    json_t *report = status_of(check_scratch("sample/run"));
    CU_ASSERT(json_is_true(json_object_get(report, "is_running")));
    check_state(report, SPEAK, "done");
    check_state(report, SPEECH_UNITS, "running");
    json_decref(report);
    CU_ASSERT_EQUAL(flock(lock, LOCK_UN), 0);
    report = status_of(check_scratch("sample/run"));
    CU_ASSERT(json_is_false(json_object_get(report, "is_running")));
    json_decref(report);
    CU_ASSERT_EQUAL(flock(lock, LOCK_EX | LOCK_NB), 0); /* nobody else holds it now */
    close(lock);
}

static void damage_is_told_and_is_no_failure(void)
{
    char cut[PATH_BYTES];
    strcpy(cut, check_scratch("sample/run/speech/00001.h5"));
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    CU_ASSERT_EQUAL(truncate(cut, 500), 0);
    CU_ASSERT_EQUAL(
        file_read(&bytes, &byte_count, check_scratch("sample/run/images/00000.h5"), 1 << 24),
        STATUS_OK);
    CU_ASSERT_EQUAL(file_write(check_scratch("sample/run/images/00001.h5"), bytes, byte_count),
                    STATUS_OK);
    free(bytes);
    CU_ASSERT_EQUAL(truncate(check_scratch("sample/run/store.h5"), 5000), 0);

    json_t *report = status_of(check_scratch("sample/run"));
    check_number(report, SPEAK, "damaged", 1);
    check_number(report, SPEAK, "shards_done", 2);
    check_number(report, IMAGE_UNITS, "damaged", 1);
    check_number(report, PACK, "damaged", 1);
    check_state(report, SPEAK, "stopped");
    check_state(report, PACK, "stopped");
    const json_t *damaged = json_object_get(report, "damaged");
    CU_ASSERT_EQUAL(json_array_size(damaged), 3);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_array_get(damaged, 0), "file")),
                           cut);
    const char *swapped = json_string_value(json_object_get(json_array_get(damaged, 1), "reason"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(swapped);
    CU_ASSERT_PTR_NOT_NULL(strstr(swapped, "is shard 0 of image-units"));
    json_decref(report);

    char *table = status_text_of(check_scratch("sample/run"), false, false);
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "speech/00001.h5: "));
    free(table);
}

static void without_asking_for_all_five_rejects_are_shown(void)
{
    struct shard *shard = NULL;
    const struct shard_identity identity = { .stage = "image-units",
                                             .record_count = 2,
                                             .recipe = "many" };
    const char *path = check_scratch("sample/run/images/00000.h5");
    char text[64];
    CU_ASSERT_EQUAL(shard_create(&shard, &identity, NULL, 0), STATUS_OK);
    shard_reject(shard, 0, "escape \x1b[2J", "first");
    shard_reject(shard, 1, "b", "second");
    CU_ASSERT_EQUAL(shard_write(shard, path), STATUS_OK);
    shard_destroy(shard);
    const struct shard_identity long_identity = {
        .stage = "speech-units", .number = 1, .first_record = 2, .record_count = 2, .recipe = "many"
    };
    CU_ASSERT_EQUAL(shard_create(&shard, &long_identity, NULL, 0), STATUS_OK);
    shard_reject(shard, 2, "c", "third");
    shard_reject(shard, 3, "d", "fourth");
    CU_ASSERT_EQUAL(folder_make(check_scratch("sample/run/units")), STATUS_OK);
    CU_ASSERT_EQUAL(shard_write(shard, check_scratch("sample/run/units/00001.h5")), STATUS_OK);
    shard_destroy(shard);
    CU_ASSERT_EQUAL(rename(check_scratch("aside"), check_scratch("sample/run/units/00002.h5")), 0);

    char *few = status_text_of(check_scratch("sample/run"), false, false);
    char *all = status_text_of(check_scratch("sample/run"), false, true);
    snprintf(text, sizeof text, "rejects: %d\n", 5);
    CU_ASSERT_PTR_NOT_NULL(strstr(few, text));
    CU_ASSERT_PTR_NOT_NULL(strstr(all, "fourth"));
    CU_ASSERT_PTR_NOT_NULL(strstr(all, "escape ?[2J"));
    CU_ASSERT_PTR_NULL(strchr(all, '\x1b'));
    free(few);
    free(all);
}

static void what_is_no_run_is_refused(void)
{
    struct run run;
    check_status(run_view(&run, &team, check_scratch("sample/pictures")), STATUS_NOT_FOUND,
                 "not a run directory");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "a run that is done says so", a_run_that_is_done_says_so },
        { "the table has a line a stage", the_table_has_a_line_a_stage_and_the_rejects },
        { "rate and time left", rate_and_time_left_come_from_the_files },
        { "a held lock means running", a_held_lock_means_running_and_is_left_alone },
        { "damage is told and is no failure", damage_is_told_and_is_no_failure },
        { "five rejects are shown", without_asking_for_all_five_rejects_are_shown },
        { "what is no run is refused", what_is_no_run_is_refused },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    hdf5_prepare();
    return check_suite(argc, argv, "status", cases);
}
