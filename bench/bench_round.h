/** One round of a bench: every part of it timed, with all ranks at once. */
#ifndef BENCH_BENCH_ROUND_H
#define BENCH_BENCH_ROUND_H

#include "bench/bench.h"
#include "bench/sgemm_peak.h"

/** Speeds over all ranks, on rank 0; zeros elsewhere. */
struct bench_round {
    double items_per_second, sgemm_gflops;
    double rival_items_per_second[BENCH_RIVALS_MAX];
};

/** Seconds on a clock that nobody sets. Local. */
double bench_clock_seconds(void);

/** Collective. A batch of work, of each rival, and of products for about as long as the work took.
 * Errors: those of the bench. */
enum status bench_round_run(struct bench_round *round, const struct bench *bench, void *self,
                            struct sgemm_peak *peak, const struct team *team);

#endif
