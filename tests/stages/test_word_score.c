/* Scores of captions as words, against figures worked out by hand. */
#include "stages/evaluate/word_score.h"
#include "tests/support/check.h"

#include <math.h>

static void a_caption_is_compared_word_by_word(void)
{
    static const char *const references[] = { "The cat is on the mat.",
                                              "There's a cat on the mat!" };
    struct caption_tally tally = { 0 };
    check_status(word_score_add(&tally, "the cat sat on the mat", references, 2), STATUS_OK, NULL);
    /* "is" became "sat"; "there's a" are further away. */
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_error_rate(&tally), 1.0 / 6, 1e-12);
    CU_ASSERT_EQUAL(tally.matches[0], 5);
    CU_ASSERT_EQUAL(tally.matches[1], 3);
    CU_ASSERT_EQUAL(tally.matches[2], 1);
    CU_ASSERT_EQUAL(tally.matches[3], 0);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_rouge(&tally), 5.0 / 6, 1e-8);
}

static void corpora_have_one_bleu(void)
{
    static const char *const one[] = { "a red star and a blue car" }, *const two[] = { "a tree" };
    struct caption_tally tally = { 0 };
    check_status(word_score_add(&tally, "a red star and a blue car", one, 1), STATUS_OK, NULL);
    check_status(word_score_add(&tally, "tree", two, 1), STATUS_OK, NULL);
    /* Matches 8 of 8, 6 of 6, 5 of 5, 4 of 4; 8 words instead of 9. */
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_bleu(&tally), exp(1.0 - 9.0 / 8), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_error_rate(&tally), 1.0 / 9, 1e-12);
}

static void references_without_words_do_not_count(void)
{
    static const char *const references[] = { "...", "", "a star" };
    struct caption_tally tally = { 0 };
    check_status(word_score_add(&tally, "a star", references, 2), STATUS_OK, NULL);
    check_status(word_score_add(&tally, "a star", references, 0), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(tally.captions, 0);
    check_status(word_score_add(&tally, "", references, 3), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(tally.captions, 1);
    CU_ASSERT_DOUBLE_EQUAL(caption_tally_error_rate(&tally), 1.0, 1e-12);
    CU_ASSERT_EQUAL(caption_tally_rouge(&tally), 0.0);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a caption is compared word by word", a_caption_is_compared_word_by_word },
        { "corpora have one BLEU", corpora_have_one_bleu },
        { "references without words do not count", references_without_words_do_not_count },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "word_score", cases);
}
