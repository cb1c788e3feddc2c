#include "bench/bench_round.h"

#include "bench/bench_clock.h"

#include <stdlib.h>

struct stopwatch {
    double seconds, processor_seconds;
};

static struct stopwatch start_together(const struct team *team)
{
    team_wait(team);
    return (struct stopwatch){ bench_clock_seconds(), bench_clock_processor_seconds() };
}

static struct bench_speed stop(const struct stopwatch *start, double amount)
{
    return (struct bench_speed){
        .by_clock = amount / (bench_clock_seconds() - start->seconds),
        .by_processor = amount / (bench_clock_processor_seconds() - start->processor_seconds),
    };
}

/* The sum over the ranks, on rank 0. */
static enum status sum_on_first(struct bench_speed *sum, struct bench_speed mine,
                                const struct team *team)
{
    struct bench_speed *all = NULL;
    size_t all_bytes = 0;
    *sum = (struct bench_speed){ 0 };
    const enum status outcome = team_gather((void **)&all, &all_bytes, team, &mine, sizeof mine);
    for (size_t r = 0; outcome == STATUS_OK && r < all_bytes / sizeof *all; r++) {
        sum->by_clock += all[r].by_clock;
        sum->by_processor += all[r].by_processor;
    }
    free(all);
    return outcome;
}

static enum status time_part(struct bench_speed *speed,
                             enum status (*part)(double *items, void *self), void *self,
                             const struct team *team)
{
    double items = 0.0;
    const struct stopwatch start = start_together(team);
    enum status outcome = part(&items, self);
    const struct bench_speed mine = stop(&start, items);
    outcome = team_agree(team, "run bench", outcome);
    return outcome == STATUS_OK ? sum_on_first(speed, mine, team) : outcome;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Every shape once, then as many more slices as fit into `seconds`, up to a limit that is enough to
 * find the peak. */
static enum status time_products(struct bench_speed *best, struct sgemm_peak *peak, double seconds,
                                 const struct team *team)
{
    const double slice_seconds = 0.25, limit_seconds = seconds < 2.0 ? seconds : 2.0;
    double spent = 0.0;
    enum status outcome = STATUS_OK;
    for (size_t s = 0; outcome == STATUS_OK; s++) {
        struct bench_speed together;
        if (!team_any(team, team->rank == 0 && (s < SGEMM_PEAK_SHAPES || spent < limit_seconds)))
            break;
        const struct stopwatch start = start_together(team);
        const double gflop = sgemm_peak_run(peak, s % SGEMM_PEAK_SHAPES, slice_seconds);
        outcome = sum_on_first(&together, stop(&start, gflop), team);
        best->by_clock = larger(best->by_clock, together.by_clock);
        best->by_processor = larger(best->by_processor, together.by_processor);
        spent += slice_seconds;
    }
    return outcome;
}

enum status bench_round_run(struct bench_round *round, const struct bench *bench, void *self,
                            struct sgemm_peak *peak, const struct team *team)
{
    *round = (struct bench_round){ 0 };
    const double start = bench_clock_seconds();
    enum status outcome = time_part(&round->work, bench->run, self, team);
    const double seconds = bench_clock_seconds() - start;
    for (size_t r = 0; r < BENCH_RIVALS_MAX && outcome == STATUS_OK; r++)
        if (bench->rivals[r].key != NULL)
            outcome = time_part(&round->rivals[r], bench->rivals[r].run, self, team);
    if (outcome == STATUS_OK)
        outcome = time_products(&round->products, peak, seconds, team);
    return outcome;
}
