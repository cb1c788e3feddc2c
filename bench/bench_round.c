#include "bench/bench_round.h"

#include <stdlib.h>
#include <time.h>

double bench_clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The sum over the ranks, on rank 0. */
static enum status sum_on_first(double *sum, double mine, const struct team *team)
{
    double *all = NULL;
    size_t all_bytes = 0;
    *sum = 0.0;
    const enum status outcome = team_gather((void **)&all, &all_bytes, team, &mine, sizeof mine);
    for (size_t r = 0; outcome == STATUS_OK && r < all_bytes / sizeof *all; r++)
        *sum += all[r];
    free(all);
    return outcome;
}

/* `*took`: this rank's own seconds. */
static enum status time_part(double *items_per_second, double *took,
                             enum status (*part)(double *items, void *self), void *self,
                             const struct team *team)
{
    double items = 0.0;
    team_wait(team);
    const double start = bench_clock_seconds();
    enum status outcome = part(&items, self);
    *took = bench_clock_seconds() - start;
    outcome = team_agree(team, "run bench", outcome);
    if (outcome == STATUS_OK)
        outcome = sum_on_first(items_per_second, items / *took, team);
    return outcome;
}

static enum status time_products(double *gflops, struct sgemm_peak *peak, double seconds,
                                 const struct team *team)
{
    enum { SECONDS_MAX = 2 };
    const double wanted = seconds < SECONDS_MAX ? seconds : SECONDS_MAX;
    enum status outcome = STATUS_OK;
    *gflops = 0.0;
    for (size_t shape = 0; shape < SGEMM_PEAK_SHAPES && outcome == STATUS_OK; shape++) {
        double together = 0.0;
        team_wait(team);
        const double mine = sgemm_peak_measure(peak, shape, wanted / SGEMM_PEAK_SHAPES);
        outcome = sum_on_first(&together, mine, team);
        *gflops = together > *gflops ? together : *gflops;
    }
    return outcome;
}

enum status bench_round_run(struct bench_round *round, const struct bench *bench, void *self,
                            struct sgemm_peak *peak, const struct team *team)
{
    double took = 0.0, rival_took = 0.0;
    *round = (struct bench_round){ 0 };
    enum status outcome = time_part(&round->items_per_second, &took, bench->run, self, team);
    for (size_t r = 0; r < BENCH_RIVALS_MAX && outcome == STATUS_OK; r++)
        if (bench->rivals[r].key != NULL)
            outcome = time_part(&round->rival_items_per_second[r], &rival_took,
                                bench->rivals[r].run, self, team);
    if (outcome == STATUS_OK)
        outcome = time_products(&round->sgemm_gflops, peak, took, team);
    return outcome;
}
