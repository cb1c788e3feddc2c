/* Shifted image units: every move occurs, as often as any other, and depends on nothing else. */
#include "tests/support/check.h"
#include "training/unit_shift.h"

#include <stdbool.h>
#include <string.h>

enum { SIDE = 7, PLACES = SIDE * SIDE, LIMIT = 2, WAYS = 2 * LIMIT + 1, DRAWS = 5000 };

static void fill(uint16_t units[PLACES])
{
    for (uint16_t i = 0; i < PLACES; i++)
        units[i] = (uint16_t)(100 + i);
}

static size_t clamped(long place)
{
    return place < 0 ? 0 : place < SIDE ? (size_t)place : SIDE - 1;
}

/* Whether `out` is the grid moved by that much: what was at (y, x) is at (y + down, x + right). */
static bool is_moved(const uint16_t *out, const uint16_t *units, long down, long right)
{
    for (long y = 0; y < SIDE; y++)
        for (long x = 0; x < SIDE; x++)
            if (out[y * SIDE + x] != units[clamped(y - down) * SIDE + clamped(x - right)])
                return false;
    return true;
}

static void no_limit_copies(void)
{
    uint16_t units[PLACES], out[PLACES];
    const struct unit_shift shift = { .seed = 1, .step = 2, .name = 3 };
    fill(units);
    unit_shift_copy(out, units, SIDE, &shift);
    CU_ASSERT_EQUAL(memcmp(out, units, sizeof units), 0);
}

static void every_move_occurs_alike(void)
{
    uint16_t units[PLACES], out[PLACES];
    int counts[WAYS * WAYS] = { 0 }, others = 0;
    fill(units);
    for (uint64_t d = 0; d < DRAWS; d++) {
        const struct unit_shift shift = { .seed = 1, .step = d % 50, .name = d, .limit = LIMIT };
        int found = -1;
        unit_shift_copy(out, units, SIDE, &shift);
        for (int w = 0; w < WAYS * WAYS; w++)
            if (is_moved(out, units, w / WAYS - LIMIT, w % WAYS - LIMIT))
                found = w;
        if (found < 0)
            others++;
        else
            counts[found]++;
    }
    CU_ASSERT_EQUAL(others, 0);
    /* 200 each are expected, give or take 14 */
    for (int w = 0; w < WAYS * WAYS; w++)
        CU_ASSERT(counts[w] > 130 && counts[w] < 270);
}

static void a_move_depends_on_seed_step_and_name(void)
{
    uint16_t units[PLACES], first[PLACES], again[PLACES];
    const struct unit_shift shift = { .seed = 1, .step = 2, .name = 3, .limit = LIMIT };
    size_t different[3] = { 0 };
    fill(units);
    unit_shift_copy(first, units, SIDE, &shift);
    unit_shift_copy(again, units, SIDE, &shift);
    CU_ASSERT_EQUAL(memcmp(first, again, sizeof first), 0);
    for (uint64_t n = 1; n <= 20; n++) {
        struct unit_shift others[3] = { shift, shift, shift };
        others[0].seed += n;
        others[1].step += n;
        others[2].name += n;
        for (size_t o = 0; o < 3; o++) {
            unit_shift_copy(again, units, SIDE, &others[o]);
            different[o] += memcmp(first, again, sizeof first) != 0;
        }
    }
    for (size_t o = 0; o < 3; o++)
        CU_ASSERT(different[o] >= 15); /* 24 of 25 moves are others */
}

static void more_than_the_side_leaves_the_edge(void)
{
    uint16_t units[PLACES], out[PLACES];
    fill(units);
    for (uint64_t d = 0; d < 200; d++) {
        const struct unit_shift shift = { .name = d, .limit = 5 * SIDE };
        unit_shift_copy(out, units, SIDE, &shift);
        for (size_t i = 0; i < PLACES; i++)
            CU_ASSERT(out[i] >= 100 && out[i] < 100 + PLACES);
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "no limit copies", no_limit_copies },
        { "every move occurs alike", every_move_occurs_alike },
        { "a move depends on seed, step and name", a_move_depends_on_seed_step_and_name },
        { "more than the side leaves the edge", more_than_the_side_leaves_the_edge },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "unit_shift", cases);
}
