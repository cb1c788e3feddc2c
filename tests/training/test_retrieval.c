/* Recalls and median ranks against a count over all pairs: ties count against, no figure is good
 * where nothing is a number, and every number of ranks gives the same. */
#include "cluster/slices.h"
#include "core/random.h"
#include "nn/norm.h"
#include "tests/support/check.h"
#include "training/retrieval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 101, CAPTIONS = 230, WIDTH = 131 }; /* odd, so that products have ends */

static struct team team;
static float speech[CAPTIONS * WIDTH], images[PICTURES * WIDTH];
static uint32_t picture_of[CAPTIONS];

/* Captions near their pictures; the last five pictures have no caption, the first has many. */
static void draw(double noise)
{
    struct random_stream stream = random_stream_numbered(2, 1, "retrieval");
    for (size_t v = 0; v < (size_t)PICTURES * WIDTH; v++)
        images[v] = (float)random_normal(&stream);
    for (size_t c = 0; c < CAPTIONS; c++) {
        picture_of[c] = c < 20 ? 0 : (uint32_t)(c % (PICTURES - 5));
        for (size_t d = 0; d < WIDTH; d++)
            speech[c * WIDTH + d] =
                images[picture_of[c] * WIDTH + d] + (float)(noise * random_normal(&stream));
    }
}

static void normalise(void)
{
    l2_normalise(images, images, 1e-12f, PICTURES, WIDTH);
    l2_normalise(speech, speech, 1e-12f, CAPTIONS, WIDTH);
}

static double cosine(size_t caption, size_t picture)
{
    double sum = 0.0;
    for (size_t d = 0; d < WIDTH; d++)
        sum += (double)speech[caption * WIDTH + d] * (double)images[picture * WIDTH + d];
    return sum;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* What `ranks` say, sorted here. */
static void check_figures(const struct retrieval_figures *figures, double *ranks, size_t count)
{
    double recalls[3] = { 0 };
    qsort(ranks, count, sizeof *ranks, ascending);
    for (size_t q = 0; q < count; q++) {
        recalls[0] += ranks[q] <= 1.0 ? 1.0 / (double)count : 0.0;
        recalls[1] += ranks[q] <= 5.0 ? 1.0 / (double)count : 0.0;
        recalls[2] += ranks[q] <= 10.0 ? 1.0 / (double)count : 0.0;
    }
    CU_ASSERT_EQUAL(figures->queries, count);
    CU_ASSERT_DOUBLE_EQUAL(figures->recall_at_1, recalls[0], 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(figures->recall_at_5, recalls[1], 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(figures->recall_at_10, recalls[2], 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(figures->median_rank, (ranks[(count - 1) / 2] + ranks[count / 2]) / 2.0,
                           1e-9);
}

static void rank_captions(double *ranks)
{
    for (size_t c = 0; c < CAPTIONS; c++) {
        ranks[c] = 1.0;
        for (size_t p = 0; p < PICTURES; p++)
            ranks[c] += p != picture_of[c] && cosine(c, p) >= cosine(c, picture_of[c]);
    }
}

static void rank_pictures(double *ranks)
{
    for (size_t p = 0; p < PICTURES; p++) {
        double best = -2.0;
        ranks[p] = 1.0;
        for (size_t c = 0; c < CAPTIONS; c++)
            best = picture_of[c] == p ? fmax(best, cosine(c, p)) : best;
        for (size_t c = 0; c < CAPTIONS; c++)
            ranks[p] += picture_of[c] != p && cosine(c, p) >= best;
    }
}

static void measure(struct retrieval_figures *there, struct retrieval_figures *back)
{
    const struct retrieval_set set = { CAPTIONS, PICTURES, WIDTH, speech, images, picture_of };
    check_status(retrieval_measure(there, back, &team, &set), STATUS_OK, NULL);
}

static void figures_are_those_of_a_plain_count(void)
{
    const double noises[] = { 0.01, 3.0, 20.0 };
    for (size_t n = 0; n < 3; n++) {
        struct retrieval_figures there, back;
        double ranks[CAPTIONS];
        draw(noises[n]);
        normalise();
        measure(&there, &back);
        rank_captions(ranks);
        check_figures(&there, ranks, CAPTIONS);
        rank_pictures(ranks);
        check_figures(&back, ranks, PICTURES);
        CU_ASSERT(n > 0 || there.recall_at_1 > 0.9);
        CU_ASSERT(n == 0 || there.recall_at_1 < 0.9);
    }
}

/* A net that gives everything the same embedding has found nothing. */
static void ties_do_not_help(void)
{
    struct retrieval_figures there, back;
    draw(0.1);
    for (size_t row = 1; row < CAPTIONS; row++)
        memcpy(speech + row * WIDTH, speech, WIDTH * sizeof *speech);
    for (size_t row = 1; row < PICTURES; row++)
        memcpy(images + row * WIDTH, images, WIDTH * sizeof *images);
    normalise();
    measure(&there, &back);
    CU_ASSERT_EQUAL(there.recall_at_10, 0.0);
    CU_ASSERT_DOUBLE_EQUAL(there.median_rank, PICTURES, 0.0);
    CU_ASSERT_EQUAL(back.recall_at_10, 0.0);
    CU_ASSERT(back.median_rank > 200.0);
}

static void what_is_not_a_number_finds_nothing(void)
{
    struct retrieval_figures there, back;
    draw(0.1);
    for (size_t v = 0; v < (size_t)CAPTIONS * WIDTH; v++)
        speech[v] = NAN;
    measure(&there, &back);
    CU_ASSERT_EQUAL(there.recall_at_10, 0.0);
    CU_ASSERT_EQUAL(back.recall_at_10, 0.0);
}

/* Single questions give the ranks that the recalls are counted from. */
static void single_questions_agree_with_the_figures(void)
{
    const struct retrieval_set set = { CAPTIONS, PICTURES, WIDTH, speech, images, picture_of };
    struct retrieval_figures there, back;
    double ranks[CAPTIONS];
    draw(20.0);
    normalise();
    measure(&there, &back);
    for (size_t c = 0; c < CAPTIONS; c++) {
        uint32_t nearest[PICTURES + 1];
        size_t count = c == 0 ? PICTURES + 1 : 5, rank = 0;
        check_status(retrieval_ask(nearest, &count, &rank, &set, c), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(count, c == 0 ? PICTURES : 5);
        for (size_t n = 0; n < count; n++) {
            CU_ASSERT_EQUAL(n + 1 == rank, nearest[n] == picture_of[c]);
            CU_ASSERT(n == 0 || cosine(c, nearest[n - 1]) > cosine(c, nearest[n]) - 2e-6);
        }
        ranks[c] = (double)rank;
    }
    check_figures(&there, ranks, CAPTIONS);
}

static void single_questions_count_ties_and_nonsense_against(void)
{
    const struct retrieval_set set = { CAPTIONS, PICTURES, WIDTH, speech, images, picture_of };
    uint32_t nearest[3];
    size_t count = 3, rank = 0;
    draw(0.1);
    for (size_t row = 0; row < PICTURES; row++)
        memcpy(images + row * WIDTH, speech, WIDTH * sizeof *images);
    normalise();
    check_status(retrieval_ask(nearest, &count, &rank, &set, 0), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(rank, PICTURES);
    CU_ASSERT_NOT_EQUAL(nearest[0], picture_of[0]);
    speech[0] = NAN;
    check_status(retrieval_ask(nearest, &count, &rank, &set, 0), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(rank, PICTURES);
}

static void an_empty_set_gives_zeros(void)
{
    struct retrieval_figures there, back;
    const struct retrieval_set set = { .width = WIDTH };
    check_status(retrieval_measure(&there, &back, &team, &set), STATUS_OK, NULL);
    CU_ASSERT(there.queries == 0 && back.queries == 0 && there.recall_at_10 <= 0.0);
}

static void a_failure_on_one_rank_is_everybodys(void)
{
    struct retrieval_figures there, back;
    const struct team_fault fault = { "prepare retrieval", team.size - 1, STATUS_NO_MEMORY };
    const struct retrieval_set set = { .width = WIDTH };
    team.fault = &fault;
    check_status(retrieval_measure(&there, &back, &team, &set), STATUS_NO_MEMORY, "planted");
    team.fault = NULL;
}

static void begin(void)
{
    check_status(team_begin(&team, MPI_COMM_WORLD), STATUS_OK, NULL);
}

static void end(void)
{
    team_end(&team);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "begin", begin },
        { "figures are those of a plain count", figures_are_those_of_a_plain_count },
        { "ties do not help", ties_do_not_help },
        { "what is not a number finds nothing", what_is_not_a_number_finds_nothing },
        { "single questions agree with the figures", single_questions_agree_with_the_figures },
        { "single questions count ties against", single_questions_count_ties_and_nonsense_against },
        { "an empty set gives zeros", an_empty_set_gives_zeros },
        { "a failure on one rank is everybody's", a_failure_on_one_rank_is_everybodys },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "retrieval", cases);
}
