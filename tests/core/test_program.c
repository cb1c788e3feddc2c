/* Running another program: what it says, how it ends, and what it is started with. */
#include "core/program.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static struct program_result result;

static enum status run_shell(const char *text)
{
    char *const argv[] = { "sh", "-c", (char *)text, NULL };
    program_end(&result);
    return program_run(&result, argv);
}

static void what_it_says_is_told_apart(void)
{
    check_status(run_shell("echo one; echo two >&2; echo three"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(result.output, "one\nthree\n");
    CU_ASSERT_STRING_EQUAL(result.errors, "two\n");
    CU_ASSERT_EQUAL(result.exit_code, 0);
    CU_ASSERT(result.peak_kib > 0);
}

static void how_it_ends_is_no_failure(void)
{
    check_status(run_shell("exit 7"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(result.exit_code, 7);
    check_status(run_shell("kill -9 $$"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(result.exit_code, 137);
}

static void much_is_read_and_too_much_refused(void)
{
    check_status(run_shell("head -c 3000000 /dev/zero | tr '\\0' x"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(strlen(result.output), 3000000);
    check_status(run_shell("head -c 17000000 /dev/zero"), STATUS_INVALID, "more than can be read");
    CU_ASSERT_PTR_NULL(result.output);
}

static void a_program_that_is_not_there_is_named(void)
{
    char *const argv[] = { "no-such-program-here", NULL };
    program_end(&result);
    check_status(program_run(&result, argv), STATUS_NOT_FOUND, "no-such-program-here");
}

static void it_gets_the_environment_of_the_start_and_no_input(void)
{
    setenv("SET_BY_THE_TEST", "yes", 1);
    check_status(run_shell("echo \"$SET_BY_THE_TEST-$UNITMILL_SOURCE-$(cat)\""), STATUS_OK, NULL);
    char expected[4096];
    snprintf(expected, sizeof expected, "-%s-\n", getenv("UNITMILL_SOURCE"));
    CU_ASSERT_STRING_EQUAL(result.output, expected);
    program_end(&result);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what it says", what_it_says_is_told_apart },
        { "how it ends", how_it_ends_is_no_failure },
        { "much", much_is_read_and_too_much_refused },
        { "not there", a_program_that_is_not_there_is_named },
        { "environment", it_gets_the_environment_of_the_start_and_no_input },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "program", cases);
}
