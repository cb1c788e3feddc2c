/* `unitmill bench` as a program: every bench, on one rank and on two, ends and says in one JSON
 * object what it measured. Speeds themselves are nobody's promise here. */
#include "bench/bench.h"
#include "tests/support/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { COMMAND_BYTES = 1024, OUTPUT_BYTES = 4096 };

extern char **environ;

/* This program is under MPI; what it starts is to start its own ranks. */
static void forget_the_launcher(void)
{
    for (size_t v = 0; environ[v] != NULL;) {
        char name[128];
        const size_t length = strcspn(environ[v], "=");
        const bool is_the_launchers =
            strncmp(environ[v], "OMPI_", 5) == 0 || strncmp(environ[v], "PMI", 3) == 0;
        if (is_the_launchers && length < sizeof name) {
            memcpy(name, environ[v], length);
            name[length] = '\0';
            unsetenv(name);
        } else
            v++;
    }
}

/* Runs `unitmill bench` with the arguments. What it writes to standard output, or with `is_error`
 * to standard error, comes back; the exit code is returned. */
static int run(char output[OUTPUT_BYTES], const char *arguments, bool is_error)
{
    char command[COMMAND_BYTES];
    const char *binary = getenv("UNITMILL_BINARY");
    snprintf(command, sizeof command, "TMPDIR='%s' '%s' bench %s %s", check_scratch("."),
             binary == NULL ? "" : binary, arguments, is_error ? "2>&1 >/dev/null" : "");
    output[0] = '\0';
    FILE *stream = popen(command, "r");
    CU_ASSERT(stream != NULL);
    if (stream == NULL)
        return -1;
    output[fread(output, 1, OUTPUT_BYTES - 1, stream)] = '\0';
    const int state = pclose(stream);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -1;
}

static double number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    CU_ASSERT(json_is_number(value));
    if (!json_is_number(value))
        fprintf(stderr, "%s is not there\n", key);
    return json_number_value(value);
}

static void expect_text(const json_t *object, const char *key, const char *expected)
{
    const char *text = json_string_value(json_object_get(object, key));
    CU_ASSERT(text != NULL && strcmp(text, expected) == 0);
}

/* A share of which nothing is known but that it is one: work may win by noise, or many times over.
 */
static bool is_share(double fraction)
{
    return fraction > 0.0 && fraction < 1000.0;
}

static void check_result(const json_t *object, const struct bench *bench, int ranks)
{
    expect_text(object, "name", bench->name);
    expect_text(object, "item", bench->item);
    CU_ASSERT_EQUAL(number_at(object, "ranks"), ranks);
    const double items = number_at(object, "items_per_second");
    const double gflop = number_at(object, "gflop_per_item");
    const double peak = number_at(object, "sgemm_peak_gflops");
    const double fraction = number_at(object, "fraction_of_peak");
    CU_ASSERT(items > 0.0);
    CU_ASSERT(gflop >= 0.0);
    CU_ASSERT(peak > 0.0);
    CU_ASSERT(number_at(object, "peak_rss_mib") > 1.0);
    CU_ASSERT(number_at(object, "seconds") > 0.0);
    CU_ASSERT(number_at(object, "rounds") >= 1.0);
    CU_ASSERT_DOUBLE_EQUAL(fraction, items * gflop / peak, 1e-6 * fraction);
    CU_ASSERT(gflop == 0.0 || is_share(fraction));
    CU_ASSERT(gflop > 0.0 || bench->rivals[0].key != NULL);
    for (size_t r = 0; r < BENCH_RIVALS_MAX; r++)
        if (bench->rivals[r].key != NULL)
            CU_ASSERT(is_share(number_at(object, bench->rivals[r].key)));
}

static void run_bench(const struct bench *bench, int ranks)
{
    char arguments[COMMAND_BYTES / 2], output[OUTPUT_BYTES];
    json_error_t error;
    snprintf(arguments, sizeof arguments, "%s --ranks %d --seconds 0.3", bench->name, ranks);
    CU_ASSERT_EQUAL(run(output, arguments, false), 0);
    const char *line_end = strchr(output, '\n');
    CU_ASSERT(line_end != NULL && line_end[1] == '\0');
    json_t *object = json_loads(output, 0, &error);
    CU_ASSERT(json_is_object(object));
    if (object == NULL)
        fprintf(stderr, "%s: %s\n%s\n", arguments, error.text, output);
    else
        check_result(object, bench, ranks);
    json_decref(object);
}

/* Large nets take their time to be drawn, so two ranks are enough for those. */
static void a_bench_runs_on_one_rank(void)
{
    run_bench(bench_find("pack"), 1);
    run_bench(bench_find("speak"), 1);
}

/* A batch of im2sp is what its users wait for: half a minute. It is left to them. */
static bool is_short(const struct bench *bench)
{
    return strcmp(bench->name, "im2sp") != 0;
}

static void every_bench_runs_on_two_ranks(void)
{
    for (size_t b = 0; b < bench_count; b++)
        if (is_short(&bench_table[b]))
            run_bench(&bench_table[b], 2);
}

static void an_unknown_name_is_told_what_there_is(void)
{
    char output[OUTPUT_BYTES];
    CU_ASSERT_EQUAL(run(output, "juggling --ranks 1", true), 2);
    CU_ASSERT(strstr(output, "juggling") != NULL);
    for (size_t b = 0; b < bench_count; b++)
        CU_ASSERT(strstr(output, bench_table[b].name) != NULL);
    CU_ASSERT(bench_find("juggling") == NULL);
}

static void no_time_is_wrong_usage(void)
{
    char output[OUTPUT_BYTES];
    CU_ASSERT_EQUAL(run(output, "kmeans --ranks 1 --seconds 0", true), 2);
    CU_ASSERT(strstr(output, "--seconds") != NULL);
}

static void a_missing_folder_fails_by_name(void)
{
    char output[OUTPUT_BYTES];
    for (int ranks = 1; ranks <= 2; ranks++) {
        char arguments[COMMAND_BYTES / 2];
        snprintf(arguments, sizeof arguments, "pack --ranks %d --folder /nowhere", ranks);
        CU_ASSERT_EQUAL(run(output, arguments, true), 1);
        CU_ASSERT(strstr(output, "/nowhere") != NULL);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "forget the launcher", forget_the_launcher },
        { "a bench on one rank", a_bench_runs_on_one_rank },
        { "every bench on two ranks", every_bench_runs_on_two_ranks },
        { "unknown name", an_unknown_name_is_told_what_there_is },
        { "no time", no_time_is_wrong_usage },
        { "missing folder", a_missing_folder_fails_by_name },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "bench", cases);
}
