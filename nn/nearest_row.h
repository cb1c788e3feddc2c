/** Nearest-row search: the quantiser behind speech units (k-means) and image tokens (VQ).
 *
 * Squared distances come from a single-precision product, |x|^2 - 2 x.c + |c|^2; wherever its
 * rounding could change the winner, the candidates are measured again, exactly as a plain loop in
 * double would. So the result is that loop's result, for any split of the queries. For the nearest
 * by cosine, normalise queries and table first (l2_normalise).
 *
 * Source: van den Oord et al. 2017 (arXiv:1711.00937), section 3.1; the tie rule is ours. */
#ifndef NN_NEAREST_ROW_H
#define NN_NEAREST_ROW_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { NEAREST_ROW_TABLE_MAX = 65536 };

struct nearest_row_search; /* opaque: a table, made ready */

/** Local. Prepares a search in `table` [K][D], which is borrowed and must stay unchanged for as
 * long as the search is used. On success `*out` is the caller's, ended with nearest_row_destroy; on
 * failure it is NULL. A search holds a copy of the table and 60 KiB of scratch, and serves one
 * thread.
 *
 * Errors: STATUS_INVALID (K outside 1 .. NEAREST_ROW_TABLE_MAX, D 0, a value that is not finite or
 * too large to be squared in single precision), STATUS_NO_MEMORY. */
enum status nearest_row_create(struct nearest_row_search **out, const float *table, size_t K,
                               size_t D);

/** NULL is allowed. */
void nearest_row_destroy(struct nearest_row_search *search);

/** Local. For each query, the index of the table row at the smallest Euclidean distance.
 *
 *     indices           [N]     out  0 .. K - 1; on a tie the lowest index
 *     squared_distances [N]     out  to that row, summed in double; NULL: not wanted
 *     queries           [N][D]  in   row-major, rows back to back; finite
 *
 * Allocates nothing and cannot fail. */
void nearest_row_find(uint16_t *indices, double *squared_distances,
                      struct nearest_row_search *search, const float *queries, size_t N);

#endif
