#include "bench/bench.h"

#include "bench/bench_clock.h"
#include "bench/bench_round.h"
#include "cluster/stop.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { ROUNDS_MAX = 4096, KIB_PER_MIB = 1024 };

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts `values` [count]. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return 0.5 * (values[(count - 1) / 2] + values[count / 2]);
}

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

/* On rank 0. */
static void summarise(struct bench_result *result, const struct bench_round *rounds)
{
    double by_clock[ROUNDS_MAX], by_processor[ROUNDS_MAX], rivals[BENCH_RIVALS_MAX] = { 0.0 };
    const double gflop = result->gflop_per_item;
    for (size_t r = 0; r < result->rounds; r++) {
        const struct bench_round *round = &rounds[r];
        result->items_per_second = larger(result->items_per_second, round->work.by_clock);
        result->items_per_processor_second =
            larger(result->items_per_processor_second, round->work.by_processor);
        result->sgemm_peak_gflops = larger(result->sgemm_peak_gflops, round->products.by_clock);
        for (size_t v = 0; v < BENCH_RIVALS_MAX; v++)
            rivals[v] = larger(rivals[v], round->rivals[v].by_clock);
        by_clock[r] = share(round->work.by_clock * gflop, round->products.by_clock);
        by_processor[r] = share(round->work.by_processor * gflop, round->products.by_processor);
    }
    result->fraction_of_peak = share(result->items_per_second * gflop, result->sgemm_peak_gflops);
    result->median_fraction_of_peak = median(by_clock, result->rounds);
    result->processor_fraction_of_peak = median(by_processor, result->rounds);
    for (size_t v = 0; v < BENCH_RIVALS_MAX; v++)
        result->fraction_of_rival[v] = share(result->items_per_second, rivals[v]);
}

static double peak_rss_mib(const struct team *team)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    int64_t kib = usage.ru_maxrss;
    team_maximum(team, &kib, 1);
    return (double)kib / KIB_PER_MIB;
}

/* Rank 0's clock decides for all when it is over. */
static enum status run_rounds(struct bench_result *result, struct bench_round *rounds,
                              const struct bench *bench, void *self, struct sgemm_peak *peak,
                              const struct team *team, double seconds)
{
    const double start = bench_clock_seconds();
    enum status outcome = STATUS_OK;
    bool is_over = false;
    while (outcome == STATUS_OK && !is_over) {
        outcome = bench_round_run(&rounds[result->rounds++], bench, self, peak, team);
        result->seconds = bench_clock_seconds() - start;
        is_over = team_any(team, team->rank == 0 &&
                                     (result->seconds >= seconds || result->rounds == ROUNDS_MAX));
        if (outcome == STATUS_OK && team_any(team, stop_requested()))
            outcome = status_fail(STATUS_STOPPED, "stopped by a signal");
    }
    return outcome;
}

enum status bench_run(struct bench_result *result, const struct bench *bench,
                      const struct bench_setting *setting, double seconds)
{
    const struct team *team = setting->team;
    struct sgemm_peak *peak = NULL;
    void *self = NULL;
    *result = (struct bench_result){ 0 };
    struct bench_round *rounds = calloc(ROUNDS_MAX, sizeof *rounds);
    enum status outcome = STATUS_OK;
    if (rounds == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", bench->name);
    if (outcome == STATUS_OK)
        outcome = sgemm_peak_create(&peak);
    outcome = team_agree(team, "prepare bench", outcome);
    if (outcome == STATUS_OK)
        outcome =
            team_agree(team, "open bench", bench->open(&self, &result->gflop_per_item, setting));
    if (outcome == STATUS_OK)
        outcome = run_rounds(result, rounds, bench, self, peak, team, seconds);
    if (outcome == STATUS_OK)
        result->peak_rss_mib = peak_rss_mib(team);
    if (outcome == STATUS_OK && team->rank == 0)
        summarise(result, rounds);
    bench->close(self);
    sgemm_peak_destroy(peak);
    free(rounds);
    return outcome;
}
