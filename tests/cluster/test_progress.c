/* Progress counts are exact over all ranks, and what is shown of them is right. Run on 1 rank and
 * on 3. */
#include "cluster/progress.h"
#include "core/file.h"
#include "core/log.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct team team;

static struct progress_options options_for(uint64_t total)
{
    return (struct progress_options){ .stage = "speak", .item = "captions", .total = total };
}

/* Rank 0's standard error during a piece of progress, for the caller to free; NULL elsewhere. */
static char *shown_by(const struct progress_options *options, uint64_t done, uint64_t rejected)
{
    const char *path = check_scratch("stderr");
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    int before = -1;
    if (team.rank == 0) {
        fflush(stderr);
        before = dup(STDERR_FILENO);
        const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, STDERR_FILENO);
        close(file);
    }
    struct progress *progress = NULL;
    if (progress_create(&progress, &team, options) == STATUS_OK) {
        progress_add(progress, done, rejected);
        progress_wait(progress);
    }
    progress_destroy(progress);
    if (team.rank != 0)
        return NULL;
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    check_status(file_read(&bytes, &byte_count, path, 1 << 20), STATUS_OK, NULL);
    return (char *)bytes;
}

static void counts_are_exact(void)
{
    struct progress *progress = NULL;
    struct progress_options options = options_for(100000);
    options.is_quiet = true;
    check_status(progress_create(&progress, &team, &options), STATUS_OK, NULL);
    for (int i = 0; i < 1000 * (team.rank + 1); i++)
        progress_add(progress, 3, (uint64_t)(i % 2));
    progress_wait(progress);
    const uint64_t size = (uint64_t)team.size;
    CU_ASSERT_EQUAL(progress_done(progress), 3000 * size * (size + 1) / 2);
    progress_destroy(progress);
}

static void ranks_without_work_are_waited_for(void)
{
    struct progress *progress = NULL;
    struct progress_options options = options_for(5);
    options.is_quiet = true;
    check_status(progress_create(&progress, &team, &options), STATUS_OK, NULL);
    if (team.rank == team.size - 1) {
        usleep(150000);
        progress_add(progress, 5, 0);
    }
    progress_wait(progress);
    CU_ASSERT_EQUAL(progress_done(progress), 5);
    progress_destroy(progress);
}

static void without_a_terminal_the_end_is_one_log_line(void)
{
    const struct log_options log = { .stage = "speak", .rank = team.rank };
    struct progress_options options = options_for(100);
    log_begin(&log);
    options.already_done = 40;
    char *text = shown_by(&options, 10, 1);
    if (text == NULL)
        return;
    char counts[96];
    snprintf(counts, sizeof counts,
             "progress done=%d total=100 rejected=%d rate=", 40 + 10 * team.size, team.size);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, counts));
    CU_ASSERT_PTR_EQUAL(strchr(text, '\n'), text + strlen(text) - 1);
    free(text);
}

static void on_a_terminal_the_bar_fits_it(void)
{
    static const size_t columns[] = { 1, 2, 20, 80, 1000 };
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        struct progress_options options = options_for(10 * (uint64_t)team.size);
        options.terminal_columns = columns[c];
        char *text = shown_by(&options, 10, 2);
        if (text == NULL)
            continue;
        const char *last = strrchr(text, '\r');
        CU_ASSERT_PTR_NOT_NULL(last);
        CU_ASSERT(last != NULL && strcspn(last + 1, "\033") < columns[c]);
        CU_ASSERT_EQUAL(text[strlen(text) - 1], '\n');
        if (columns[c] >= 1000) {
            CU_ASSERT_PTR_NOT_NULL(strstr(text, "100 %"));
            CU_ASSERT_PTR_NOT_NULL(strstr(text, "rejected"));
        }
        free(text);
    }
}

static void nothing_to_do_divides_by_nothing(void)
{
    struct progress_options options = options_for(0);
    options.terminal_columns = 100;
    char *text = shown_by(&options, 0, 0);
    if (text == NULL)
        return;
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "100 % 0/0"));
    CU_ASSERT_PTR_NULL(strstr(text, "nan"));
    CU_ASSERT_PTR_NULL(strstr(text, "inf"));
    free(text);
}

static void quiet_shows_nothing(void)
{
    struct progress_options options = options_for(10);
    options.terminal_columns = 100;
    options.is_quiet = true;
    char *text = shown_by(&options, 1, 0);
    if (text != NULL)
        CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = { "allocate progress", "prepare progress",
                                         "create progress window" };
    const struct progress_options options = options_for(10);
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_NO_MEMORY };
            struct team faulty = team;
            struct progress *progress = NULL;
            faulty.fault = &fault;
            check_status(progress_create(&progress, &faulty, &options), STATUS_NO_MEMORY,
                         "planted");
            CU_ASSERT_PTR_NULL(progress);
        }
    progress_destroy(NULL);
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    log_end();
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "counts are exact", counts_are_exact },
        { "ranks without work", ranks_without_work_are_waited_for },
        { "without a terminal", without_a_terminal_the_end_is_one_log_line },
        { "on a terminal", on_a_terminal_the_bar_fits_it },
        { "nothing to do", nothing_to_do_divides_by_nothing },
        { "quiet", quiet_shows_nothing },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "progress", cases);
}
