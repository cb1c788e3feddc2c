/* Run-length units: there and back, and runs that are longer than a duration can say. */
#include "tests/support/check.h"
#include "tokenizers/speech/run_length.h"

#include <string.h>

enum { LONGEST = 140000 };

static uint16_t units[LONGEST], again[LONGEST + 1], dedup[LONGEST], durations[LONGEST];

static void there_and_back(size_t frames, size_t expected_runs)
{
    const size_t runs = run_length_encode(dedup, durations, units, frames);
    CU_ASSERT_EQUAL(runs, expected_runs);
    CU_ASSERT_EQUAL(run_length_frames(durations, runs), frames);
    again[frames] = 77;
    run_length_decode(again, dedup, durations, runs);
    CU_ASSERT_EQUAL(memcmp(units, again, frames * sizeof *units), 0);
    CU_ASSERT_EQUAL(again[frames], 77);
}

static void repeats_are_dropped_and_put_back(void)
{
    const uint16_t some[] = { 5, 5, 5, 2, 7, 7, 2, 2, 65535 };
    const uint16_t expected[] = { 5, 2, 7, 2, 65535 }, lasting[] = { 3, 1, 2, 2, 1 };
    memcpy(units, some, sizeof some);
    there_and_back(9, 5);
    CU_ASSERT_EQUAL(memcmp(dedup, expected, sizeof expected), 0);
    CU_ASSERT_EQUAL(memcmp(durations, lasting, sizeof lasting), 0);
}

static void nothing_and_one_frame(void)
{
    there_and_back(0, 0);
    units[0] = 9;
    there_and_back(1, 1);
}

static void runs_longer_than_a_duration_are_split(void)
{
    for (size_t i = 0; i < LONGEST; i++)
        units[i] = 3;
    there_and_back(65535, 1);
    there_and_back(65536, 2);
    CU_ASSERT_EQUAL(durations[0], 65535);
    CU_ASSERT_EQUAL(durations[1], 1);
    there_and_back(LONGEST, 3);
    units[LONGEST - 1] = 4;
    there_and_back(LONGEST, 4);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "repeats are dropped and put back", repeats_are_dropped_and_put_back },
        { "nothing and one frame", nothing_and_one_frame },
        { "runs longer than a duration are split", runs_longer_than_a_duration_are_split },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "run_length", cases);
}
