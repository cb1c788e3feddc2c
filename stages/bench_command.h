/** `unitmill bench NAME`: throughput, and the share of this machine's matrix-product peak. */
#ifndef STAGES_BENCH_COMMAND_H
#define STAGES_BENCH_COMMAND_H

#include "stages/command_line.h"

/** What --help says beside the options. */
extern const char bench_command_help[];

/** Collective. Runs one bench of bench/bench.h and writes one JSON object on a line to standard
 * output: name, items_per_second, item, gflop_per_item, sgemm_peak_gflops, fraction_of_peak,
 * peak_rss_mib, ranks; then seconds, rounds, kernels (what OpenBLAS was told to use), and
 * median_fraction_of_peak and processor_fraction_of_peak where there are products, and the shares
 * of the rivals' speed where there are rivals. */
enum status bench_command(struct command_line *line, int argc, char **argv);

#endif
