/* Work items are handed out once each, whoever is slow, until somebody closes. Run on 1 rank and
 * on 3. */
#include "cluster/claims.h"
#include "tests/support/check.h"

#include <time.h>

enum { ITEMS = 500 };

static struct team team;

static void pause_milliseconds(long milliseconds)
{
    const struct timespec pause = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    nanosleep(&pause, NULL);
}

/* Claims until none is left; `slow` pauses at each of its items. Gives how many this rank got. */
static int64_t claim_all(int64_t times_taken[ITEMS], struct claims *claims, int slow)
{
    int64_t own = 0;
    uint64_t item;
    while (claims_next(claims, &item)) {
        CU_ASSERT(item < ITEMS);
        if (item < ITEMS)
            times_taken[item]++;
        own++;
        if (team.rank == slow)
            pause_milliseconds(20);
        claims_serve(claims);
    }
    return own;
}

static void every_item_goes_to_exactly_one_rank_also_beside_a_slow_one(void)
{
    for (int slow = -1; slow < team.size; slow++) {
        struct claims *claims = NULL;
        int64_t times_taken[ITEMS] = { 0 };
        if (team.size == 1 && slow >= 0)
            return;
        check_status(claims_create(&claims, &team, ITEMS), STATUS_OK, NULL);
        const int64_t own = claim_all(times_taken, claims, slow);
        team_sum(&team, times_taken, ITEMS);
        claims_destroy(claims);
        size_t wrong = 0;
        for (size_t i = 0; i < ITEMS; i++)
            wrong += times_taken[i] != 1;
        CU_ASSERT_EQUAL(wrong, 0);
        if (team.rank == slow)
            CU_ASSERT(own < ITEMS / 5);
    }
}

static void none_left_stays_none_left(void)
{
    static const uint64_t counts[] = { 0, 1, 2 };
    for (size_t c = 0; c < 3; c++) {
        struct claims *claims = NULL;
        check_status(claims_create(&claims, &team, counts[c]), STATUS_OK, NULL);
        int64_t own = 0;
        uint64_t item;
        for (int asked = 0; asked < 10; asked++)
            own += claims_next(claims, &item);
        team_sum(&team, &own, 1);
        CU_ASSERT_EQUAL(own, (int64_t)counts[c]);
        claims_destroy(claims);
    }
}

static void after_a_close_by_any_rank_nobody_gets_an_item(void)
{
    for (int closer = 0; closer < team.size; closer++) {
        struct claims *claims = NULL;
        uint64_t item;
        check_status(claims_create(&claims, &team, ITEMS), STATUS_OK, NULL);
        CU_ASSERT_TRUE(claims_next(claims, &item));
        team_wait(&team);
        if (team.rank == closer)
            claims_close(claims);
        team_wait(&team);
        CU_ASSERT_FALSE(claims_next(claims, &item));
        CU_ASSERT_FALSE(claims_next(claims, &item));
        claims_destroy(claims);
    }
}

static void a_close_by_all_over_and_over_opens_nothing(void)
{
    struct claims *claims = NULL;
    uint64_t item;
    check_status(claims_create(&claims, &team, ITEMS), STATUS_OK, NULL);
    for (int round = 0; round < 1000; round++) {
        claims_close(claims);
        CU_ASSERT_FALSE(claims_next(claims, &item));
    }
    claims_destroy(claims);
}

static void a_close_amid_the_work_ends_it_early(void)
{
    struct claims *claims = NULL;
    int64_t taken = 0;
    uint64_t item;
    check_status(claims_create(&claims, &team, ITEMS), STATUS_OK, NULL);
    while (claims_next(claims, &item)) {
        taken++;
        if (item == 20)
            claims_close(claims);
        pause_milliseconds(1);
    }
    team_sum(&team, &taken, 1);
    CU_ASSERT(taken >= 21 && taken < 60);
    claims_destroy(claims);
}

static void more_items_than_can_be_counted_are_refused(void)
{
    struct claims *claims = NULL;
    check_status(claims_create(&claims, &team, UINT64_MAX), STATUS_INVALID, "too many");
    CU_ASSERT_PTR_NULL(claims);
}

static void a_failure_at_any_step_on_any_rank_fails_all_alike(void)
{
    static const char *const steps[] = { "allocate claims", "prepare claims",
                                         "create claims window" };
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++)
        for (int rank = 0; rank < team.size; rank++) {
            const struct team_fault fault = { steps[s], rank, STATUS_NO_MEMORY };
            struct team faulty = team;
            struct claims *claims = NULL;
            faulty.fault = &fault;
            check_status(claims_create(&claims, &faulty, ITEMS), STATUS_NO_MEMORY, "planted");
            CU_ASSERT_PTR_NULL(claims);
        }
    claims_destroy(NULL);
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
        { "every item once", every_item_goes_to_exactly_one_rank_also_beside_a_slow_one },
        { "none left stays none left", none_left_stays_none_left },
        { "a close stops all", after_a_close_by_any_rank_nobody_gets_an_item },
        { "closing over and over", a_close_by_all_over_and_over_opens_nothing },
        { "a close amid the work", a_close_amid_the_work_ends_it_early },
        { "too many items", more_items_than_can_be_counted_are_refused },
        { "a failure at any step", a_failure_at_any_step_on_any_rank_fails_all_alike },
        { "end", end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "claims", cases);
}
