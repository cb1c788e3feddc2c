/* Log lines: their form, in the file and on standard error, and that a hostile text cannot break
 * it. */
#include "core/file.h"
#include "core/log.h"
#include "tests/support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *read_text(const char *path)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    check_status(file_read(&bytes, &byte_count, path, 1 << 20), STATUS_OK, NULL);
    return bytes == NULL ? strdup("") : (char *)bytes;
}

/* Standard error goes to the file until end_capture. */
static int begin_capture(const char *path)
{
    fflush(stderr);
    const int before = dup(STDERR_FILENO);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDERR_FILENO);
    close(file);
    return before;
}

static void end_capture(int before)
{
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
}

static struct log_options options_for(const char *path, bool is_quiet, int rank)
{
    return (
        struct log_options){ .stage = "speak", .rank = rank, .is_quiet = is_quiet, .path = path };
}

static void an_event_is_one_line_with_time_stage_rank_and_step(void)
{
    const char *path = check_scratch("log");
    const struct log_options options = options_for(path, true, 2);
    check_status(log_begin(&options), STATUS_OK, NULL);
    log_event("reject", "id=\"%s\" count=%d", "7-0", 3);
    log_enter_stage("pack");
    log_event("done", "images=%d", 1);
    log_end();
    char *text = read_text(path);
    int year = 0, month = 0, rest = 0;
    CU_ASSERT_EQUAL(sscanf(text, "%4d-%2d-%n", &year, &month, &rest), 2);
    CU_ASSERT(year >= 2024 && month >= 1 && month <= 12 && rest == 8);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Z speak rank=2 reject id=\"7-0\" count=3\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Z pack rank=2 done images=1\n"));
    free(text);
}

static void the_file_is_appended_to(void)
{
    const char *path = check_scratch("appended");
    const struct log_options options = options_for(path, true, 0);
    for (int run = 0; run < 2; run++) {
        check_status(log_begin(&options), STATUS_OK, NULL);
        log_event("run", "number=%d", run);
        log_end();
    }
    char *text = read_text(path);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "number=0\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "number=1\n"));
    free(text);
}

static void a_very_long_event_is_cut_and_still_one_line(void)
{
    const char *path = check_scratch("long");
    const struct log_options options = options_for(path, true, 0);
    char *filler = malloc(5001);
    memset(filler, 'x', 5000);
    filler[5000] = '\0';
    check_status(log_begin(&options), STATUS_OK, NULL);
    log_event("long", "text=%s", filler);
    log_event(filler, "text=%s", filler);
    log_event("next", "a=1");
    log_end();
    char *text = read_text(path);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    CU_ASSERT_EQUAL(lines, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "next a=1\n"));
    free(text);
    free(filler);
}

static void line_breaks_and_escapes_in_a_value_do_not_make_new_lines(void)
{
    const char *path = check_scratch("hostile");
    const struct log_options options = options_for(path, true, 0);
    check_status(log_begin(&options), STATUS_OK, NULL);
    log_event("reject", "reason=\"%s\"", "broken\nspeak rank=0 done\r\033[2J");
    log_end();
    char *text = read_text(path);
    CU_ASSERT_PTR_EQUAL(strchr(text, '\n'), text + strlen(text) - 1);
    CU_ASSERT_PTR_NULL(strchr(text, '\r'));
    CU_ASSERT_PTR_NULL(strchr(text, '\033'));
    free(text);
}

static void quiet_leaves_only_failures_on_standard_error(void)
{
    const char *path = check_scratch("stderr");
    const struct log_options quiet = options_for(NULL, true, 0), loud = options_for(NULL, false, 0);
    int before = begin_capture(path);
    log_begin(&quiet);
    log_event("step", "a=1");
    log_say("remark");
    log_failure("it failed");
    log_end();
    end_capture(before);
    char *text = read_text(path);
    CU_ASSERT_STRING_EQUAL(text, "unitmill speak: it failed\n");
    free(text);

    before = begin_capture(path);
    log_begin(&loud);
    log_event("step", "a=1");
    log_say("remark %d", 5);
    log_end();
    end_capture(before);
    text = read_text(path);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "speak rank=0 step a=1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "remark 5\n"));
    free(text);
}

static void only_rank_0_makes_remarks(void)
{
    const char *path = check_scratch("stderr");
    const struct log_options options = options_for(NULL, false, 1);
    const int before = begin_capture(path);
    log_begin(&options);
    log_say("remark");
    log_end();
    end_capture(before);
    char *text = read_text(path);
    CU_ASSERT_STRING_EQUAL(text, "");
    free(text);
}

static void a_failure_is_in_the_file_too(void)
{
    const char *path = check_scratch("failure");
    const struct log_options options = options_for(path, true, 0);
    const int before = begin_capture(check_scratch("stderr"));
    log_begin(&options);
    log_failure("it failed");
    log_end();
    end_capture(before);
    char *text = read_text(path);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "unitmill speak: it failed\n"));
    free(text);
}

static void a_log_that_cannot_be_opened_is_named(void)
{
    const struct log_options options = options_for(check_scratch("no/such/log"), true, 0);
    check_status(log_begin(&options), STATUS_IO, "no/such/log");
    log_event("still", "works=1");
    log_end();
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the form of an event", an_event_is_one_line_with_time_stage_rank_and_step },
        { "the file is appended to", the_file_is_appended_to },
        { "a very long event", a_very_long_event_is_cut_and_still_one_line },
        { "a hostile value", line_breaks_and_escapes_in_a_value_do_not_make_new_lines },
        { "quiet", quiet_leaves_only_failures_on_standard_error },
        { "only rank 0 makes remarks", only_rank_0_makes_remarks },
        { "a failure is in the file too", a_failure_is_in_the_file_too },
        { "a log that cannot be opened", a_log_that_cannot_be_opened_is_named },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "log", cases);
}
