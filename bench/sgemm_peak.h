/** The matrix-product peak: how fast the fastest large product runs through nn/matmul.h. All
 * functions are local; ranks that call at the same time measure the peak that they have together.
 */
#ifndef BENCH_SGEMM_PEAK_H
#define BENCH_SGEMM_PEAK_H

#include "core/status.h"

#include <stddef.h>

/** Products measured: 1,024 cubed, and those of a transformer of width 768 over 2,048 rows, plain
 * and with the weights transposed. */
enum { SGEMM_PEAK_SHAPES = 4 };

struct sgemm_peak; /* opaque: operands */

/** On success `*out` is the caller's; on failure NULL. Errors: STATUS_NO_MEMORY. */
enum status sgemm_peak_create(struct sgemm_peak **out);

/** NULL is allowed. */
void sgemm_peak_destroy(struct sgemm_peak *peak);

/** Repeats product `shape`, 0 .. SGEMM_PEAK_SHAPES - 1, for `seconds`, once at least. Returns how
 * many GFLOP that were. */
double sgemm_peak_run(struct sgemm_peak *peak, size_t shape, double seconds);

#endif
