/** One round of a bench: every part of it timed, with all ranks at once. */
#ifndef BENCH_BENCH_ROUND_H
#define BENCH_BENCH_ROUND_H

#include "bench/bench.h"
#include "bench/sgemm_peak.h"

/** How much a second, over all ranks: of time, and of processor time. */
struct bench_speed {
    double by_clock, by_processor;
};

/** On rank 0; zeros elsewhere. The products are those of the fastest shape and slice. */
struct bench_round {
    struct bench_speed work, products;
    struct bench_speed rivals[BENCH_RIVALS_MAX];
};

/** Collective. A batch of work, of each rival, and of products in slices of a quarter of a second
 * for about as long as the work took, two seconds at most. Errors: those of the bench. */
enum status bench_round_run(struct bench_round *round, const struct bench *bench, void *self,
                            struct sgemm_peak *peak, const struct team *team);

#endif
