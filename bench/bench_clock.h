/** Clocks of the benches. Local. */
#ifndef BENCH_BENCH_CLOCK_H
#define BENCH_BENCH_CLOCK_H

/** Seconds on a clock that nobody sets. */
double bench_clock_seconds(void);

/** Seconds that this process has had a processor; its children's are not in it. */
double bench_clock_processor_seconds(void);

#endif
