/** Benches: what `unitmill bench` measures, and how.
 *
 * Each rank runs its own copy of the work, all at the same time, one rank a core. A bench goes in
 * rounds; a round is one batch of the work, one of each rival (the same work done in a plainer
 * way, or another part of it), and large matrix products for a while, each begun by all ranks
 * together. So what disturbs the machine meets all of them alike, and a share of the peak is a
 * share of what the same cores can do at the same time.
 *
 * Speeds are the best of all rounds, and the peak is the best of many short slices: other programs
 * only ever slow something down, so the best comes nearest to the undisturbed machine. On a machine
 * that is not quiet this favours the peak, whose slices are shorter than a batch. Beside the best,
 * two medians over rounds of the share within a round: by the clock, and by processor time, which
 * hardly counts what other programs take. Where all three agree, the machine was quiet. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "cluster/team.h"

#include <stddef.h>

enum { BENCH_RIVALS_MAX = 2 };

/** What a bench may need while it runs. */
struct bench_setting {
    const struct team *team; /* borrowed */
    const char *folder;      /* where files may be written; seen by all ranks */
};

/** The same items made in another way, or another part of making them. */
struct bench_rival {
    const char *key; /* of the work's speed as a share of the rival's: "fraction_of_espeak" */
    enum status (*run)(double *items, void *self);
};

/** One bench. Its functions are collective where the work is; their outcome is agreed on by the
 * caller. */
struct bench {
    const char *name;
    const char *item; /* what is counted: "captions" */

    /** Makes what the work needs. On success `*self` is ended with `close`; on failure NULL.
     *     gflop_per_item  out  floating-point operations in products, two a product and sum, over
     *                          1e9; 0 where the work is of another kind */
    enum status (*open)(void **self, double *gflop_per_item, const struct bench_setting *setting);

    /** One batch. `*items`: how many this rank did. */
    enum status (*run)(double *items, void *self);

    void (*close)(void *self);
    struct bench_rival rivals[BENCH_RIVALS_MAX]; /* key NULL: none */
};

/** All benches. */
extern const struct bench bench_table[];
extern const size_t bench_count;

/** The bench called `name`, or NULL. */
const struct bench *bench_find(const char *name);

/** What was measured; on rank 0 only. Speeds are those of all ranks together. */
struct bench_result {
    double items_per_second;
    double
        items_per_processor_second; /* likewise, by processor time: hardly counts other programs */
    double gflop_per_item, sgemm_peak_gflops;
    double fraction_of_peak;           /* items_per_second * gflop_per_item / sgemm_peak_gflops */
    double median_fraction_of_peak;    /* over the rounds, of the share within a round */
    double processor_fraction_of_peak; /* likewise, by processor time */
    double fraction_of_rival[BENCH_RIVALS_MAX];
    double peak_rss_mib; /* of the largest rank */
    double seconds;      /* of all rounds */
    size_t rounds;
};

/** Collective. Runs rounds until `seconds` are over, one at least.
 *
 * Errors: STATUS_STOPPED after a signal; STATUS_NO_MEMORY; those of the bench. */
enum status bench_run(struct bench_result *result, const struct bench *bench,
                      const struct bench_setting *setting, double seconds);

#endif
