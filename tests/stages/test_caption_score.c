/* Error rate, BLEU-4 and ROUGE-L, against figures worked out by hand. */
#include "stages/evaluate/caption_score.h"
#include "tests/support/check.h"

#include <math.h>

static struct caption_tally score(struct unit_sequence caption,
                                  const struct unit_sequence *references, size_t count)
{
    struct caption_tally tally = { 0 };
    check_status(caption_tally_add(&tally, caption, references, count), STATUS_OK, NULL);
    return tally;
}

static void a_caption_like_its_reference_is_perfect(void)
{
    const uint16_t units[] = { 3, 1, 4, 1, 5 };
    const struct unit_sequence same = { units, 5 };
    const struct caption_tally tally = score(same, &same, 1);
    CU_ASSERT_EQUAL(caption_tally_error_rate(&tally), 0.0);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_bleu(&tally), 1.0, 1e-12);
}

static void edits_are_those_to_the_nearest_reference(void)
{
    const uint16_t caption[] = { 1, 2, 3, 4, 5 }, near[] = { 1, 3, 4, 6, 5, 7 }, far[] = { 9, 9 };
    const struct unit_sequence references[] = { { far, 2 }, { near, 6 } };
    /* 2 goes, 6 and 7 come. */
    struct caption_tally tally = score((struct unit_sequence){ caption, 5 }, references, 2);
    CU_ASSERT_EQUAL(tally.edits, 3);
    CU_ASSERT_EQUAL(tally.edited_units, 6);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_error_rate(&tally), 0.5, 1e-12);
    tally = score((struct unit_sequence){ caption, 0 }, references, 2);
    CU_ASSERT_EQUAL(tally.edits, 2);
}

static void matches_are_no_more_than_a_reference_has(void)
{
    const uint16_t caption[] = { 7, 7, 7, 7 }, one[] = { 7, 7, 1, 2, 3 }, two[] = { 1, 7, 2 };
    const struct unit_sequence references[] = { { one, 5 }, { two, 3 } };
    const struct caption_tally tally = score((struct unit_sequence){ caption, 4 }, references, 2);
    CU_ASSERT_EQUAL(tally.matches[0], 2);
    CU_ASSERT_EQUAL(tally.grams[0], 4);
    CU_ASSERT_EQUAL(tally.matches[1], 1);
    CU_ASSERT_EQUAL(tally.grams[1], 3);
    CU_ASSERT_EQUAL(tally.matches[2], 0);
    CU_ASSERT_EQUAL(caption_tally_bleu(&tally), 0.0);
    CU_ASSERT_EQUAL(tally.reference_units, 3); /* as near as 5, and shorter */
}

static void short_captions_are_punished(void)
{
    const uint16_t units[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
    const struct unit_sequence reference = { units, 10 };
    struct caption_tally tally = score((struct unit_sequence){ units, 5 }, &reference, 1);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_bleu(&tally), exp(1.0 - 10.0 / 5.0), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_error_rate(&tally), 0.5, 1e-12);
    /* A longer one is not, but misses: 10 of 12, 9 of 11, 8 of 10, 7 of 9. */
    const uint16_t longer[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 21 };
    tally = score((struct unit_sequence){ longer, 12 }, &reference, 1);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_bleu(&tally),
                           pow(10.0 / 12 * 9 / 11 * 8 / 10 * 7 / 9, 0.25), 1e-12);
}

static void rouge_takes_the_best_precision_and_the_best_recall(void)
{
    /* Common with the first: 1 3 4 of its 4, 3/5 and 3/4; with the second: 5 of its 1, 1/5 and 1.
     */
    const uint16_t caption[] = { 1, 2, 3, 4, 5 }, first[] = { 1, 3, 9, 4 }, second[] = { 5 };
    const struct unit_sequence references[] = { { first, 4 }, { second, 1 } };
    struct caption_tally tally = score((struct unit_sequence){ caption, 5 }, references, 2);
    const double square = 1.44;
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_rouge(&tally),
                           (1.0 + square) * 0.6 * 1.0 / (1.0 + square * 0.6), 1e-8);
    tally = score((struct unit_sequence){ caption, 5 }, references, 1);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_rouge(&tally),
                           (1.0 + square) * 0.6 * 0.75 / (0.75 + square * 0.6), 1e-8);
    /* Over two captions: the mean. */
    check_status(caption_tally_add(&tally, (struct unit_sequence){ caption, 0 }, references, 2),
                 STATUS_OK, NULL);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_rouge(&tally),
                           0.5 * (1.0 + square) * 0.6 * 0.75 / (0.75 + square * 0.6), 1e-8);
}

static void nothing_is_zero(void)
{
    const struct caption_tally tally = { 0 };
    CU_ASSERT_EQUAL(caption_tally_error_rate(&tally), 0.0);
    CU_ASSERT_EQUAL(caption_tally_bleu(&tally), 0.0);
    CU_ASSERT_EQUAL(caption_tally_rouge(&tally), 0.0);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a caption like its reference is perfect", a_caption_like_its_reference_is_perfect },
        { "edits are those to the nearest reference", edits_are_those_to_the_nearest_reference },
        { "matches are no more than a reference has", matches_are_no_more_than_a_reference_has },
        { "short captions are punished", short_captions_are_punished },
        { "ROUGE takes the best precision and the best recall",
          rouge_takes_the_best_precision_and_the_best_recall },
        { "nothing is zero", nothing_is_zero },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "caption_score", cases);
}
