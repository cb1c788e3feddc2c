#include "nn/nearest_row.h"

#include "nn/multiversion.h"
#include "nn/narrow_matmul.h"
#include "nn/squared_distance.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Queries and table rows of one product: 60 KiB of scores. The product takes columns 48 at a time,
 * and none of a tile that is a multiple of 16 one by one. */
enum { QUERY_TILE = 64, TABLE_TILE = 240, COLUMN_STEP = 16, LANES = 16 };

struct nearest_row_search {
    const float *table; /* [K][D], borrowed */
    float *columns;     /* the table's rows, negated, as columns: tiles of [D][tile_columns] */
    float *half_norms;  /* |c|^2 / 2, tile_columns of each tile; infinite beyond the last row */
    float *scores; /* [QUERY_TILE][TABLE_TILE]: |c|^2 / 2 - x.c, the distance's variable part */
    size_t K, D;
    double largest_norm; /* of |c| */
};

/* The best row so far. `distance` is negative until somebody needed it. */
struct best_row {
    float score;
    size_t index;
    double distance;
};

/* Columns of the tile that begins at row `first`, with those that only fill up the last step. */
static size_t tile_columns(const struct nearest_row_search *search, size_t first)
{
    const size_t left = search->K - first, rows = left < TABLE_TILE ? left : TABLE_TILE;
    return (rows + COLUMN_STEP - 1) / COLUMN_STEP * COLUMN_STEP;
}

static enum status take_row(struct nearest_row_search *search, size_t k)
{
    const size_t D = search->D, first = k / TABLE_TILE * TABLE_TILE,
                 width = tile_columns(search, first);
    const float *row = search->table + k * D;
    float *column = search->columns + first * D + (k - first);
    const double squared = squared_length(row, D);
    if (!(squared < (double)FLT_MAX))
        return status_fail(STATUS_INVALID, "row %zu of the table is not finite or too large", k);
    search->half_norms[k] = (float)(0.5 * squared);
    search->largest_norm = fmax(search->largest_norm, sqrt(squared));
    for (size_t d = 0; d < D; d++)
        column[d * width] = -row[d];
    return STATUS_OK;
}

static enum status allocate(struct nearest_row_search *search)
{
    const size_t columns_max = search->K + COLUMN_STEP;
    if (search->D > SIZE_MAX / sizeof(float) / columns_max)
        return status_fail(STATUS_INVALID, "a table of %zu rows of %zu", search->K, search->D);
    search->columns = calloc(columns_max * search->D, sizeof *search->columns);
    search->half_norms = malloc(columns_max * sizeof *search->half_norms);
    search->scores = malloc((size_t)QUERY_TILE * TABLE_TILE * sizeof *search->scores);
    if (search->columns == NULL || search->half_norms == NULL || search->scores == NULL)
        return status_fail(STATUS_NO_MEMORY, "a search in %zu rows of %zu", search->K, search->D);
    for (size_t k = search->K; k < columns_max; k++)
        search->half_norms[k] = INFINITY;
    return STATUS_OK;
}

enum status nearest_row_create(struct nearest_row_search **out, const float *table, size_t K,
                               size_t D)
{
    *out = NULL;
    if (K < 1 || K > NEAREST_ROW_TABLE_MAX || D < 1)
        return status_fail(STATUS_INVALID,
                           "a table of %zu rows of %zu: 1 .. %d rows can be searched", K, D,
                           NEAREST_ROW_TABLE_MAX);
    struct nearest_row_search *search = calloc(1, sizeof *search);
    if (search == NULL)
        return status_fail(STATUS_NO_MEMORY, "a search in %zu rows of %zu", K, D);
    search->table = table;
    search->K = K;
    search->D = D;
    enum status outcome = allocate(search);
    for (size_t k = 0; k < K && outcome == STATUS_OK; k++)
        outcome = take_row(search, k);
    if (outcome != STATUS_OK) {
        nearest_row_destroy(search);
        return outcome;
    }
    *out = search;
    return STATUS_OK;
}

void nearest_row_destroy(struct nearest_row_search *search)
{
    if (search == NULL)
        return;
    free(search->columns);
    free(search->half_norms);
    free(search->scores);
    free(search);
}

/* The smallest of `count` scores, a multiple of LANES. */
MULTIVERSION static float smallest_of(const float *scores, size_t count)
{
    float lanes[LANES];
    for (size_t l = 0; l < LANES; l++)
        lanes[l] = INFINITY;
    for (size_t k = 0; k < count; k += LANES)
        for (size_t l = 0; l < LANES; l++)
            lanes[l] = scores[k + l] < lanes[l] ? scores[k + l] : lanes[l];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lanes[l] = lanes[l + half] < lanes[l] ? lanes[l + half] : lanes[l];
    return lanes[0];
}

/* Whether one of LANES scores is not above the bar. A bar that is not a number holds nobody back.
 */
MULTIVERSION static int any_candidate(const float *scores, float bar)
{
    int above = 0;
    for (size_t l = 0; l < LANES; l++)
        above += scores[l] > bar ? 1 : 0;
    return above < LANES;
}

/* How far apart the scores of two rows may be that are in truth the other way round: twice the
 * error of a score. A sum of D products and one number more, in any order, is off by at most (D +
 * 1) u times the sum of their magnitudes (Higham 2002, section 3.1). */
static float margin_of(const struct nearest_row_search *search, double query_norm)
{
    const double unit = 0.5 * (double)FLT_EPSILON, largest = search->largest_norm;
    const double magnitudes = largest * (query_norm + 0.5 * largest);
    if (magnitudes > 0.25 * (double)FLT_MAX)
        return INFINITY; /* a score may have overflowed and says nothing */
    return (float)(2.02 * unit * ((double)search->D + 4.0) * magnitudes) + FLT_MIN;
}

static void measure(struct best_row *best, const struct nearest_row_search *search,
                    const float *query)
{
    if (best->distance < 0.0)
        best->distance =
            squared_distance(query, search->table + best->index * search->D, search->D);
}

/* Takes row `index`, whose score is not surely worse than the best. */
static void challenge(struct best_row *best, const struct nearest_row_search *search,
                      const float *query, size_t index, float score, float margin)
{
    if (score < best->score - margin) {
        *best = (struct best_row){ .score = score, .index = index, .distance = -1.0 };
        return;
    }
    struct best_row other = { .score = score, .index = index, .distance = -1.0 };
    measure(best, search, query);
    measure(&other, search, query);
    const float lowest = score < best->score ? score : best->score;
    if (other.distance < best->distance)
        *best = other;
    best->score = lowest;
}

/* The candidates of one tile of the table, in index order. `width`: with columns that only fill up.
 */
static void search_tile(struct best_row *best, const struct nearest_row_search *search,
                        const float *query, const float *scores, size_t first, size_t width,
                        float margin)
{
    const size_t left = search->K - first, rows = left < width ? left : width;
    const float smallest = smallest_of(scores, width);
    const float bar = (smallest < best->score ? smallest : best->score) + margin;
    for (size_t part = 0; part < rows; part += LANES)
        if (any_candidate(scores + part, bar))
            for (size_t k = part; k < part + LANES && k < rows; k++)
                if (!(scores[k] > bar))
                    challenge(best, search, query, first + k, scores[k], margin);
}

/* `next`: queries that come after these. */
static void search_queries(struct best_row *best, const struct nearest_row_search *search,
                           const float *queries, const float *margins, size_t count, size_t next)
{
    const size_t D = search->D;
    for (size_t first = 0; first < search->K; first += TABLE_TILE) {
        const size_t width = tile_columns(search, first);
        narrow_matmul_ahead(search->scores, width, queries, D, search->columns + first * D, width,
                            search->half_norms + first, count, width, D, queries + count * D,
                            first == 0 ? next * D : 0);
        for (size_t n = 0; n < count; n++)
            search_tile(&best[n], search, queries + n * D, search->scores + n * width, first, width,
                        margins[n]);
    }
}

void nearest_row_find(uint16_t *indices, double *squared_distances,
                      struct nearest_row_search *search, const float *queries, size_t N)
{
    struct best_row best[QUERY_TILE];
    float margins[QUERY_TILE];
    for (size_t start = 0; start < N; start += QUERY_TILE) {
        const size_t count = N - start < QUERY_TILE ? N - start : QUERY_TILE;
        const float *tile = queries + start * search->D;
        for (size_t n = 0; n < count; n++) {
            best[n] = (struct best_row){ .score = INFINITY, .distance = -1.0 };
            margins[n] = margin_of(search, sqrt(squared_length(tile + n * search->D, search->D)));
        }
        const size_t left = N - start - count;
        search_queries(best, search, tile, margins, count, left < QUERY_TILE ? left : QUERY_TILE);
        for (size_t n = 0; n < count; n++) {
            indices[start + n] = (uint16_t)best[n].index;
            if (squared_distances != NULL) {
                measure(&best[n], search, tile + n * search->D);
                squared_distances[start + n] = best[n].distance;
            }
        }
    }
}
