/* The lines of a run's metrics: appended, read back by name, the last of a step counts, and what
 * is no line of metrics is passed over. */
#include "core/file.h"
#include "storage/metrics_file.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *path;

static void append(const char *event, size_t step, double loss, double rate)
{
    const struct metrics_value values[] = { { "loss", loss }, { "rate", rate } };
    check_status(metrics_append(path, event, step, values, 2), STATUS_OK, NULL);
}

static void append_text(const char *text)
{
    FILE *file = fopen(path, "a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void check_series(const char *event, const char *name, size_t count, const size_t *steps,
                         const double *values)
{
    struct metrics_series series;
    check_status(metrics_read(&series, path, event, name), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(series.count, count);
    for (size_t i = 0; i < series.count && i < count; i++) {
        CU_ASSERT_EQUAL(series.steps[i], steps[i]);
        CU_ASSERT_DOUBLE_EQUAL(series.values[i], values[i], 1e-12);
    }
    metrics_series_end(&series);
}

static void what_was_appended_is_read_by_name(void)
{
    const size_t steps[] = { 1, 10, 20 };
    const double losses[] = { 3.5, 0.1, 1e-9 };
    path = check_scratch("metrics.jsonl");
    for (size_t s = 0; s < 3; s++)
        append("train", steps[s], losses[s], (double)steps[s]);
    append("validation", 20, 0.75, 0.0);
    check_series("train", "loss", 3, steps, losses);
    check_series("validation", "loss", 1, steps + 2, (const double[]){ 0.75 });
    check_series("train", "nothing", 0, NULL, NULL);
    check_series("nothing", "loss", 0, NULL, NULL);
}

static void the_last_line_of_a_step_counts(void)
{
    path = check_scratch("again.jsonl");
    for (size_t step = 1; step <= 5; step++)
        append("train", step, (double)step, 0.0);
    for (size_t step = 3; step <= 6; step++)
        append("train", step, 10.0 * (double)step, 0.0);
    check_series("train", "loss", 6, (const size_t[]){ 1, 2, 3, 4, 5, 6 },
                 (const double[]){ 1.0, 2.0, 30.0, 40.0, 50.0, 60.0 });
}

static void what_is_not_finite_is_left_out_of_its_line(void)
{
    path = check_scratch("unfinite.jsonl");
    append("train", 1, NAN, 2.0);
    append("train", 2, -INFINITY, 3.0);
    append("train", 3, 5.0, NAN);
    check_series("train", "loss", 1, (const size_t[]){ 3 }, (const double[]){ 5.0 });
    check_series("train", "rate", 2, (const size_t[]){ 1, 2 }, (const double[]){ 2.0, 3.0 });
}

static void lines_that_are_none_are_passed_over(void)
{
    path = check_scratch("torn.jsonl");
    append("train", 1, 1.0, 0.0);
    append_text("\n[1, 2]\nnonsense\n{\"event\":\"train\",\"step\":2}\n"
                "{\"event\":\"train\",\"step\":-2,\"loss\":4}\n"
                "{\"event\":\"train\",\"step\":\"2\",\"loss\":4}\n"
                "{\"event\":7,\"step\":2,\"loss\":4}\n{\"event\":\"train\",\"step\":3,\"lo\n");
    append("train", 4, 4.0, 0.0);
    append_text("{\"event\":\"train\",\"step\":5,\"loss\":5");
    check_series("train", "loss", 2, (const size_t[]){ 1, 4 }, (const double[]){ 1.0, 4.0 });
}

/* A run that was killed in the middle of a line goes on with a line of its own. */
static void a_line_cut_short_costs_no_other(void)
{
    path = check_scratch("cut.jsonl");
    append("train", 1, 1.0, 0.0);
    append_text("{\"event\":\"train\",\"step\":2,\"lo");
    append("train", 3, 3.0, 0.0);
    append("train", 4, 4.0, 0.0);
    check_series("train", "loss", 3, (const size_t[]){ 1, 3, 4 },
                 (const double[]){ 1.0, 3.0, 4.0 });
}

static void places_that_cannot_be_used_are_told(void)
{
    struct metrics_series series;
    const struct metrics_value value = { "loss", 1.0 };
    CU_ASSERT_NOT_EQUAL(metrics_append(check_scratch("no/such"), "train", 1, &value, 1), STATUS_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(status_text(), "no/such"));
    check_status(metrics_read(&series, check_scratch("nowhere"), "train", "loss"), STATUS_NOT_FOUND,
                 "nowhere");
    CU_ASSERT_EQUAL(series.count, 0);
    metrics_series_end(&series);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what was appended is read by name", what_was_appended_is_read_by_name },
        { "the last line of a step counts", the_last_line_of_a_step_counts },
        { "what is not finite is left out", what_is_not_finite_is_left_out_of_its_line },
        { "lines that are none are passed over", lines_that_are_none_are_passed_over },
        { "a line cut short costs no other", a_line_cut_short_costs_no_other },
        { "places that cannot be used", places_that_cannot_be_used_are_told },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "metrics file", cases);
}
