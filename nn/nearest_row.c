#include "nn/nearest_row.h"

#include "nn/matmul.h"
#include "nn/multiversion.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Queries and table rows of one product: 1 MiB of scores. */
enum { QUERY_TILE = 256, TABLE_TILE = 1024, LANES = 64 };

struct nearest_row_search {
    const float *table; /* [K][D], borrowed */
    float *half_norms;  /* [K]: |c|^2 / 2 */
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

/* Sums run in a fixed order, DOUBLE_LANES of them side by side, so that equal rows are equally far.
 */
enum { DOUBLE_LANES = 32 };

MULTIVERSION static double squared_distance(const float *a, const float *b, size_t D)
{
    double lanes[DOUBLE_LANES] = { 0 };
    size_t d = 0;
    for (; d + DOUBLE_LANES <= D; d += DOUBLE_LANES)
        for (size_t l = 0; l < DOUBLE_LANES; l++) {
            const double difference = (double)a[d + l] - (double)b[d + l];
            lanes[l] += difference * difference;
        }
    double sum = 0.0;
    for (; d < D; d++) {
        const double difference = (double)a[d] - (double)b[d];
        sum += difference * difference;
    }
    for (size_t l = 0; l < DOUBLE_LANES; l++)
        sum += lanes[l];
    return sum;
}

MULTIVERSION static double norm(const float *a, size_t D)
{
    double lanes[DOUBLE_LANES] = { 0 };
    size_t d = 0;
    for (; d + DOUBLE_LANES <= D; d += DOUBLE_LANES)
        for (size_t l = 0; l < DOUBLE_LANES; l++)
            lanes[l] += (double)a[d + l] * (double)a[d + l];
    double sum = 0.0;
    for (; d < D; d++)
        sum += (double)a[d] * (double)a[d];
    for (size_t l = 0; l < DOUBLE_LANES; l++)
        sum += lanes[l];
    return sqrt(sum);
}

enum status nearest_row_create(struct nearest_row_search **out, const float *table, size_t K,
                               size_t D)
{
    *out = NULL;
    if (K < 1 || K > NEAREST_ROW_TABLE_MAX || D < 1)
        return status_fail(STATUS_INVALID,
                           "a table of %zu rows of %zu: 1 .. %d rows can be searched", K, D,
                           NEAREST_ROW_TABLE_MAX);
    struct nearest_row_search *search = malloc(sizeof *search);
    float *half_norms = malloc(K * sizeof *half_norms);
    float *scores = malloc((size_t)QUERY_TILE * TABLE_TILE * sizeof *scores);
    if (search == NULL || half_norms == NULL || scores == NULL) {
        free(search);
        free(half_norms);
        free(scores);
        return status_fail(STATUS_NO_MEMORY, "a search in %zu rows of %zu", K, D);
    }
    *search = (struct nearest_row_search){
        .table = table, .half_norms = half_norms, .scores = scores, .K = K, .D = D
    };
    for (size_t k = 0; k < K; k++) {
        const double length = norm(table + k * D, D);
        if (!(length * length < (double)FLT_MAX)) {
            nearest_row_destroy(search);
            return status_fail(STATUS_INVALID, "row %zu of the table is not finite or too large",
                               k);
        }
        half_norms[k] = (float)(0.5 * length * length);
        search->largest_norm = fmax(search->largest_norm, length);
    }
    *out = search;
    return STATUS_OK;
}

void nearest_row_destroy(struct nearest_row_search *search)
{
    if (search == NULL)
        return;
    free(search->half_norms);
    free(search->scores);
    free(search);
}

/* Scores become half_norms - scores; returns the smallest of them. */
MULTIVERSION static float finish_scores(float *scores, const float *half_norms, size_t count)
{
    float lanes[LANES];
    for (size_t l = 0; l < LANES; l++)
        lanes[l] = INFINITY;
    size_t k = 0;
    for (; k + LANES <= count; k += LANES)
        for (size_t l = 0; l < LANES; l++) {
            scores[k + l] = half_norms[k + l] - scores[k + l];
            lanes[l] = scores[k + l] < lanes[l] ? scores[k + l] : lanes[l];
        }
    float smallest = INFINITY;
    for (; k < count; k++) {
        scores[k] = half_norms[k] - scores[k];
        smallest = scores[k] < smallest ? scores[k] : smallest;
    }
    for (size_t l = 0; l < LANES; l++)
        smallest = lanes[l] < smallest ? lanes[l] : smallest;
    return smallest;
}

/* How far a score may be from its exact value: a dot product of D terms in any order is off by at
 * most D u |x| |c| (Higham 2002, section 3.1), and three more roundings follow. */
static float score_error(const struct nearest_row_search *search, double query_norm)
{
    const double unit = 0.5 * (double)FLT_EPSILON;
    const double largest = search->largest_norm;
    return (float)(1.01 * unit *
                   (((double)search->D + 4.0) * query_norm * largest + 2.0 * largest * largest)) +
           FLT_MIN;
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

/* The candidates of one tile of the table, in index order. */
static void search_tile(struct best_row *best, const struct nearest_row_search *search,
                        const float *query, const float *scores, size_t first, size_t count,
                        float smallest, float margin)
{
    const float bar = (smallest < best->score ? smallest : best->score) + margin;
    if (smallest > bar)
        return;
    for (size_t k = 0; k < count; k++)
        if (scores[k] <= bar)
            challenge(best, search, query, first + k, scores[k], margin);
}

static void search_queries(struct best_row *best, const struct nearest_row_search *search,
                           const float *queries, const double *query_norms, size_t count)
{
    const size_t D = search->D;
    for (size_t first = 0; first < search->K; first += TABLE_TILE) {
        const size_t left = search->K - first;
        const size_t rows = left < TABLE_TILE ? left : TABLE_TILE;
        matmul_transposed(search->scores, rows, queries, D, search->table + first * D, D, count,
                          rows, D, 1.0f, 0.0f);
        for (size_t n = 0; n < count; n++) {
            float *scores = search->scores + n * rows;
            const float smallest = finish_scores(scores, search->half_norms + first, rows);
            search_tile(&best[n], search, queries + n * D, scores, first, rows, smallest,
                        2.0f * score_error(search, query_norms[n]));
        }
    }
}

void nearest_row_find(uint16_t *indices, double *squared_distances,
                      struct nearest_row_search *search, const float *queries, size_t N)
{
    struct best_row best[QUERY_TILE];
    double query_norms[QUERY_TILE];
    for (size_t start = 0; start < N; start += QUERY_TILE) {
        const size_t count = N - start < QUERY_TILE ? N - start : QUERY_TILE;
        const float *tile = queries + start * search->D;
        for (size_t n = 0; n < count; n++) {
            best[n] = (struct best_row){ .score = INFINITY, .distance = -1.0 };
            query_norms[n] = norm(tile + n * search->D, search->D);
        }
        search_queries(best, search, tile, query_norms, count);
        for (size_t n = 0; n < count; n++) {
            indices[start + n] = (uint16_t)best[n].index;
            if (squared_distances != NULL) {
                measure(&best[n], search, tile + n * search->D);
                squared_distances[start + n] = best[n].distance;
            }
        }
    }
}
