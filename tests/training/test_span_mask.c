/* Span masks: how much is masked, in spans of which length, and drawn from what. */
#include "tests/support/check.h"
#include "training/span_mask.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { T_MAX = 600 };

static const struct span_mask usual = { 0.08, 10 };

static size_t draw(uint8_t *is_masked, size_t T, const struct span_mask *mask, uint64_t record)
{
    return span_mask_draw(is_masked, T, mask, random_stream_numbered(5, record, "mask"));
}

/* Starts at 8 % of the frames hide 1 - (1 - 1 / places)^... of them: about half. */
static void about_half_of_the_frames_are_masked(void)
{
    uint8_t is_masked[T_MAX];
    double sum = 0.0;
    for (uint64_t r = 0; r < 200; r++) {
        const size_t masked = draw(is_masked, 300, &usual, r);
        size_t counted = 0;
        for (size_t t = 0; t < 300; t++) {
            CU_ASSERT(is_masked[t] <= 1);
            counted += is_masked[t];
        }
        CU_ASSERT_EQUAL(counted, masked);
        sum += (double)masked / 300.0;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum / 200.0, 1.0 - pow(0.92, 10.0), 0.03);
}

static void no_span_is_shorter_than_asked(void)
{
    uint8_t is_masked[T_MAX];
    for (uint64_t r = 0; r < 100; r++) {
        draw(is_masked, 200, &usual, r);
        for (size_t t = 0, run = 0; t <= 200; t++) {
            const bool is_on = t < 200 && is_masked[t] == 1;
            CU_ASSERT(is_on || run == 0 || run >= 10);
            run = is_on ? run + 1 : 0;
        }
    }
}

/* No place is favoured, but for the ends, which fewer spans can cover. */
static void every_frame_is_masked_as_often(void)
{
    uint8_t is_masked[T_MAX];
    double counts[50] = { 0.0 };
    for (uint64_t r = 0; r < 4000; r++) {
        draw(is_masked, 50, &(struct span_mask){ 0.05, 4 }, r);
        for (size_t t = 0; t < 50; t++)
            counts[t] += is_masked[t] / 4000.0;
    }
    for (size_t t = 4; t < 46; t++)
        CU_ASSERT_DOUBLE_EQUAL(counts[t], counts[25], 0.05);
}

static void the_stream_alone_decides(void)
{
    uint8_t one[T_MAX], same[T_MAX], other[T_MAX];
    draw(one, 300, &usual, 7);
    draw(same, 300, &usual, 7);
    draw(other, 300, &usual, 8);
    CU_ASSERT_EQUAL(memcmp(one, same, 300), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(one, other, 300), 0);
}

static void short_and_extreme_ones_keep_a_frame_of_each_kind(void)
{
    static const struct span_mask masks[] = { { 0.08, 10 }, { 0.0, 1 }, { 1.0, 1000 }, { 1.0, 1 } };
    uint8_t is_masked[T_MAX];
    CU_ASSERT_EQUAL(draw(is_masked, 0, &usual, 1), 0);
    CU_ASSERT_EQUAL(draw(is_masked, 1, &usual, 1), 0);
    for (size_t m = 0; m < sizeof masks / sizeof masks[0]; m++)
        for (size_t T = 2; T < 40; T++) {
            const size_t masked = draw(is_masked, T, &masks[m], T);
            CU_ASSERT(masked >= 1 && masked < T);
        }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "about half of the frames are masked", about_half_of_the_frames_are_masked },
        { "no span is shorter than asked", no_span_is_shorter_than_asked },
        { "every frame is masked as often", every_frame_is_masked_as_often },
        { "the stream alone decides", the_stream_alone_decides },
        { "short and extreme ones keep a frame of each kind",
          short_and_extreme_ones_keep_a_frame_of_each_kind },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "span mask", cases);
}
