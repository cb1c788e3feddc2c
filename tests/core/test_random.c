/* Counter-based random numbers: the paper's known answers, and what streams promise. */
#include "core/random.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

/* Known-answer vectors for Philox4x32-10 published with Random123. */
static void known_answers_are_given(void)
{
    const struct {
        uint32_t counter[4], key[2], words[4];
    } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { ~0u, ~0u, ~0u, ~0u },
          { ~0u, ~0u },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t words[4];
        philox4x32(words, known[i].counter, known[i].key);
        CU_ASSERT_EQUAL(memcmp(words, known[i].words, sizeof words), 0);
    }
}

static void a_stream_depends_on_seed_subject_and_purpose_only(void)
{
    struct random_stream first = random_stream_for(7, "caption-1", "rate");
    struct random_stream again = random_stream_for(7, "caption-1", "rate");
    struct random_stream others[] = { random_stream_for(8, "caption-1", "rate"),
                                      random_stream_for(7, "caption-2", "rate"),
                                      random_stream_for(7, "caption-1", "pitch"),
                                      random_stream_for(7, "caption-", "1rate") };
    const uint32_t bits = random_bits(&first);
    CU_ASSERT_EQUAL(random_bits(&again), bits);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        CU_ASSERT_NOT_EQUAL(random_bits(&others[i]), bits);
}

static void draws_stay_in_range_and_fill_it(void)
{
    struct random_stream stream = random_stream_numbered(1, 2, "test");
    size_t seen[5] = { 0 };
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < 20000; i++) {
        seen[random_below(&stream, 5)]++;
        const double uniform = random_uniform(&stream), normal = random_normal(&stream);
        CU_ASSERT(uniform >= 0.0 && uniform < 1.0);
        sum += normal;
        squares += normal * normal;
    }
    for (size_t i = 0; i < 5; i++)
        CU_ASSERT(seen[i] > 3800 && seen[i] < 4200);
    CU_ASSERT(fabs(sum / 20000) < 0.03);
    CU_ASSERT(fabs(squares / 20000 - 1.0) < 0.05);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "known answers", known_answers_are_given },
        { "a stream depends on its purpose only",
          a_stream_depends_on_seed_subject_and_purpose_only },
        { "draws stay in range", draws_stay_in_range_and_fill_it },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "random", cases);
}
