/** Rows that are split over the ranks of a team, and vectors of floats that all of them hold.
 *
 * Of `count` rows, rank r of W has rows r count / W up to, not including, (r + 1) count / W. Rows
 * may be single floats. Everything but slice_of is collective, and every rank passes the same
 * counts. Sums are added in an order that depends on the number of ranks. */
#ifndef CLUSTER_SLICES_H
#define CLUSTER_SLICES_H

#include "cluster/team.h"

struct slice {
    size_t first, count;
};

/** Local. The rows of one rank. */
struct slice slice_of(size_t count, int rank, int size);

/** Adds `values` [count] over the ranks, in place. */
void slices_sum(const struct team *team, float *values, size_t count);
void slices_sum_doubles(const struct team *team, double *values, size_t count);

/** The largest of each of `values` [count], in place. */
void slices_maximum(const struct team *team, float *values, size_t count);

/** Adds `values` [count][width] over the ranks; of the sum, each rank gets its own rows.
 *
 *     own [own count][width]  out  not overlapping `values`
 *
 * count * width must fit in an int. */
void slices_reduce(const struct team *team, float *own, const float *values, size_t count,
                   size_t width);

/** Gives every rank the rows of all; count must fit in an int.
 *
 *     rows [count][row_bytes]  in: own rows, in their place; out: all of them */
void slices_share(const struct team *team, void *rows, size_t count, size_t row_bytes);

#endif
