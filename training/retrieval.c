#include "training/retrieval.h"

#include "cluster/slices.h"
#include "nn/matmul.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Queries that are compared with everything at a time. */
enum { TILE_QUERIES = 64 };

/* Cosines closer than this are the same: the rounding of a product depends on where in the matrix
 * it stands, so equal embeddings do not give equal bits. */
static const float tie = 1e-6f;

/* The rank of the best right answer: 1 plus the wrong ones at least as near. What is not a number
 * counts as near, so that a net that has lost its values finds nothing. */
static int64_t rank_of(const float *scores, size_t count, const uint8_t *is_right)
{
    float best = -2.0f;
    int64_t rank = 1;
    for (size_t i = 0; i < count; i++)
        if (is_right[i] != 0 && scores[i] > best)
            best = scores[i];
    for (size_t i = 0; i < count; i++)
        rank += is_right[i] == 0 && !(scores[i] < best - tie);
    return rank;
}

/* One direction: queries [query_count], answers [answer_count]. */
struct direction {
    const float *queries, *answers;
    size_t query_count, answer_count;
    bool is_from_speech;
};

/* Which answers are right for a query: those of the same picture. */
static void mark_right(uint8_t *is_right, const struct retrieval_set *set,
                       const struct direction *direction, size_t query)
{
    memset(is_right, 0, direction->answer_count);
    if (direction->is_from_speech)
        is_right[set->picture_of[query]] = 1;
    else
        for (size_t c = 0; c < set->captions; c++)
            is_right[c] = set->picture_of[c] == query;
}

static void rank_own(int64_t *ranks, const struct retrieval_set *set,
                     const struct direction *direction, struct slice own, float *scores,
                     uint8_t *is_right)
{
    const size_t answers = direction->answer_count;
    for (size_t done = 0; done < own.count; done += TILE_QUERIES) {
        const size_t left = own.count - done, first = own.first + done;
        const size_t tile = left < TILE_QUERIES ? left : TILE_QUERIES;
        matmul_transposed(scores, answers, direction->queries + first * set->width, set->width,
                          direction->answers, set->width, tile, answers, set->width, 1.0f, 0.0f);
        for (size_t q = 0; q < tile; q++) {
            mark_right(is_right, set, direction, first + q);
            ranks[first + q] = rank_of(scores + q * answers, answers, is_right);
        }
    }
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static struct retrieval_figures figures_of(int64_t *ranks, size_t count)
{
    struct retrieval_figures figures = { .queries = count };
    if (count == 0)
        return figures;
    qsort(ranks, count, sizeof *ranks, ascending);
    for (size_t q = 0; q < count; q++) {
        figures.recall_at_1 += ranks[q] <= 1;
        figures.recall_at_5 += ranks[q] <= 5;
        figures.recall_at_10 += ranks[q] <= 10;
    }
    figures.recall_at_1 /= (double)count;
    figures.recall_at_5 /= (double)count;
    figures.recall_at_10 /= (double)count;
    figures.median_rank = 0.5 * (double)(ranks[(count - 1) / 2] + ranks[count / 2]);
    return figures;
}

static enum status measure(struct retrieval_figures *figures, const struct team *team,
                           const struct retrieval_set *set, const struct direction *direction)
{
    const struct slice own = slice_of(direction->query_count, team->rank, team->size);
    int64_t *ranks = calloc(direction->query_count + 1, sizeof *ranks);
    float *scores = malloc((TILE_QUERIES * direction->answer_count + 1) * sizeof *scores);
    uint8_t *is_right = malloc(direction->answer_count + 1);
    enum status outcome = STATUS_OK;
    if (ranks == NULL || scores == NULL || is_right == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "retrieval among %zu", direction->answer_count);
    outcome = team_agree(team, "prepare retrieval", outcome);
    if (outcome == STATUS_OK) {
        rank_own(ranks, set, direction, own, scores, is_right);
        team_sum(team, ranks, direction->query_count);
        *figures = figures_of(ranks, direction->query_count);
    }
    free(ranks);
    free(scores);
    free(is_right);
    return outcome;
}

enum status retrieval_measure(struct retrieval_figures *speech_to_image,
                              struct retrieval_figures *image_to_speech, const struct team *team,
                              const struct retrieval_set *set)
{
    const struct direction there = { set->speech, set->images, set->captions, set->pictures, true };
    const struct direction back = { set->images, set->speech, set->pictures, set->captions, false };
    const enum status outcome = measure(speech_to_image, team, set, &there);
    return outcome == STATUS_OK ? measure(image_to_speech, team, set, &back) : outcome;
}

struct answer {
    float score;
    uint32_t picture;
};

/* Nearest first; what is not a number is as near as can be. */
static int nearest_first(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

/* The right picture stands behind those that are as near. */
static void score_all(struct answer *answers, const struct retrieval_set *set, size_t caption)
{
    const float *query = set->speech + caption * set->width;
    for (uint32_t p = 0; p < set->pictures; p++) {
        const float *row = set->images + p * set->width;
        double sum = 0.0;
        for (size_t d = 0; d < set->width; d++)
            sum += (double)query[d] * (double)row[d];
        const bool is_right = p == set->picture_of[caption];
        answers[p].picture = p;
        if (isnan(sum))
            answers[p].score = is_right ? -2.0f : 2.0f;
        else
            answers[p].score = is_right ? (float)sum - tie : (float)sum;
    }
}

enum status retrieval_ask(uint32_t *nearest, size_t *count, size_t *rank,
                          const struct retrieval_set *set, size_t caption)
{
    struct answer *answers = malloc((set->pictures + 1) * sizeof *answers);
    if (answers == NULL)
        return status_fail(STATUS_NO_MEMORY, "retrieval among %zu", set->pictures);
    score_all(answers, set, caption);
    qsort(answers, set->pictures, sizeof *answers, nearest_first);
    if (*count > set->pictures)
        *count = set->pictures;
    for (size_t p = 0; p < set->pictures; p++) {
        if (p < *count)
            nearest[p] = answers[p].picture;
        if (answers[p].picture == set->picture_of[caption])
            *rank = p + 1;
    }
    free(answers);
    return STATUS_OK;
}
