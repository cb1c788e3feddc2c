/* Moving numbers and bytes between ranks. Run on 1 rank and on 3. */
#include "cluster/team.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static struct team team;

static void sums_are_exact_and_in_place(void)
{
    int64_t values[3] = { team.rank + 1, INT64_C(1) << 60, -team.rank };
    const int64_t size = team.size;
    if (team.rank > 0)
        values[1] = 1;
    team_sum(&team, values, 3);
    CU_ASSERT_EQUAL(values[0], size * (size + 1) / 2);
    CU_ASSERT_EQUAL(values[1], (INT64_C(1) << 60) + size - 1);
    CU_ASSERT_EQUAL(values[2], -size * (size - 1) / 2);
    team_sum(&team, NULL, 0);
}

static void maxima_are_found_among_negative_numbers_too(void)
{
    int64_t values[2] = { -10 - team.rank, team.rank };
    team_maximum(&team, values, 2);
    CU_ASSERT_EQUAL(values[0], -10);
    CU_ASSERT_EQUAL(values[1], team.size - 1);
}

static void every_rank_can_be_the_root_of_a_broadcast(void)
{
    for (int root = 0; root < team.size; root++) {
        unsigned char bytes[1001];
        memset(bytes, team.rank == root ? 100 + root : 0, sizeof bytes);
        team_broadcast(&team, bytes, sizeof bytes, root);
        CU_ASSERT(bytes[0] == 100 + root && bytes[1000] == 100 + root);
    }
    team_broadcast(&team, NULL, 0, 0);
}

/* Each rank gives `counts[rank]` bytes of its own letter; rank 0 checks what comes together. */
static void check_gather(const size_t *counts)
{
    const size_t mine = counts[team.rank];
    char *bytes = malloc(mine + 1);
    void *all = &team;
    size_t all_bytes = 77;
    memset(bytes, 'a' + team.rank, mine);
    check_status(team_gather(&all, &all_bytes, &team, mine > 0 ? bytes : NULL, mine), STATUS_OK,
                 NULL);
    if (team.rank == 0) {
        size_t at = 0, wrong = 0;
        const char *letters = all;
        for (int rank = 0; rank < team.size; rank++)
            for (size_t b = 0; b < counts[rank]; b++, at++)
                wrong += at >= all_bytes || letters[at] != 'a' + rank;
        CU_ASSERT_EQUAL(at, all_bytes);
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_PTR_NOT_NULL(all);
        free(all);
    } else {
        CU_ASSERT_PTR_NULL(all);
        CU_ASSERT_EQUAL(all_bytes, 0);
    }
    free(bytes);
}

static void parts_of_any_size_come_together_in_rank_order(void)
{
    static const size_t table[][3] = { { 5, 5, 5 }, { 0, 0, 0 },      { 0, 1, 0 },
                                       { 3, 0, 7 }, { 100000, 1, 0 }, { 0, 0, 3000000 } };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++)
        check_gather(table[t]);
}

static void a_gather_that_fails_on_a_rank_fails_on_all(void)
{
    static const char *const steps[] = { "prepare gather", "gather" };
    for (size_t s = 0; s < 2; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_NO_MEMORY };
            struct team faulty = team;
            faulty.fault = &fault;
            void *all = &team;
            size_t all_bytes = 77;
            check_status(team_gather(&all, &all_bytes, &faulty, "abc", 3), STATUS_NO_MEMORY,
                         "planted");
            CU_ASSERT(all == NULL && all_bytes == 0);
        }
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
        { "sums", sums_are_exact_and_in_place },
        { "maxima", maxima_are_found_among_negative_numbers_too },
        { "broadcast", every_rank_can_be_the_root_of_a_broadcast },
        { "gather", parts_of_any_size_come_together_in_rank_order },
        { "a gather that fails", a_gather_that_fails_on_a_rank_fails_on_all },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "team_data", cases);
}
