/* Rows that are split over ranks. Run on 1 rank and on 3. */
#include "cluster/slices.h"
#include "tests/support/check.h"

#include <stdlib.h>

static struct team team;

static void every_row_has_one_rank(void)
{
    for (size_t count = 0; count < 20; count++) {
        size_t next = 0;
        for (int rank = 0; rank < 7; rank++) {
            const struct slice slice = slice_of(count, rank, 7);
            CU_ASSERT_EQUAL(slice.first, next);
            CU_ASSERT(slice.count <= count / 7 + 1);
            next = slice.first + slice.count;
        }
        CU_ASSERT_EQUAL(next, count);
    }
    CU_ASSERT_EQUAL(slice_of(SIZE_MAX, 2, 3).first, SIZE_MAX / 3 * 2);
}

static void vectors_are_added_and_compared(void)
{
    float sums[2] = { (float)team.rank, 1.0f }, maxima[2] = { (float)team.rank, -1.0f };
    double total = 0.5;
    slices_sum(&team, sums, 2);
    slices_maximum(&team, maxima, 2);
    slices_sum_doubles(&team, &total, 1);
    CU_ASSERT_EQUAL(sums[0], (float)(team.size * (team.size - 1) / 2));
    CU_ASSERT_EQUAL(sums[1], (float)team.size);
    CU_ASSERT(maxima[0] == (float)(team.size - 1) && maxima[1] == -1.0f);
    CU_ASSERT_EQUAL(total, 0.5 * team.size);
}

static void sums_go_to_their_rank_and_come_back(void)
{
    enum { COUNT = 11, WIDTH = 3 };
    float values[COUNT * WIDTH], own[COUNT * WIDTH] = { 0 };
    const struct slice slice = slice_of(COUNT, team.rank, team.size);
    for (size_t i = 0; i < COUNT * WIDTH; i++)
        values[i] = (float)i * (float)(team.rank + 1);
    slices_reduce(&team, own, values, COUNT, WIDTH);
    const float factor = (float)(team.size * (team.size + 1) / 2);
    for (size_t i = 0; i < slice.count * WIDTH; i++)
        CU_ASSERT_EQUAL(own[i], (float)(slice.first * WIDTH + i) * factor);
    for (size_t i = 0; i < slice.count * WIDTH; i++)
        values[slice.first * WIDTH + i] = own[i];
    slices_share(&team, values, COUNT, WIDTH * sizeof *values);
    for (size_t i = 0; i < COUNT * WIDTH; i++)
        CU_ASSERT_EQUAL(values[i], (float)i * factor);
}

static void fewer_rows_than_ranks_are_no_trouble(void)
{
    float value = (float)team.rank, own = -1.0f;
    const struct slice slice = slice_of(1, team.rank, team.size);
    slices_reduce(&team, &own, &value, 1, 1);
    CU_ASSERT_EQUAL(own, slice.count == 1 ? (float)(team.size * (team.size - 1) / 2) : -1.0f);
    slices_share(&team, &own, 1, sizeof own);
    CU_ASSERT_EQUAL(own, (float)(team.size * (team.size - 1) / 2));
    slices_share(&team, NULL, 0, 4);
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
        { "every row has one rank", every_row_has_one_rank },
        { "vectors are added and compared", vectors_are_added_and_compared },
        { "sums go to their rank and come back", sums_go_to_their_rank_and_come_back },
        { "fewer rows than ranks are no trouble", fewer_rows_than_ranks_are_no_trouble },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "slices", cases);
}
