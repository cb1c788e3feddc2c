/* Words get numbers, each word one. */
#include "recognition/vocabulary.h"
#include "tests/support/check.h"

#include <stdio.h>

static void words_keep_their_numbers_as_more_come(void)
{
    struct vocabulary *vocabulary = NULL;
    size_t number = 0;
    check_status(vocabulary_create(&vocabulary), STATUS_OK, NULL);
    for (size_t again = 0; again < 2; again++)
        for (size_t n = 0; n < 5000; n++) {
            char word[WORD_BYTES];
            snprintf(word, sizeof word, "word%zu", n * n);
            check_status(vocabulary_place(&number, vocabulary, word), STATUS_OK, NULL);
            CU_ASSERT_EQUAL(number, n);
            CU_ASSERT_STRING_EQUAL(vocabulary_word(vocabulary, n), word);
        }
    CU_ASSERT_EQUAL(vocabulary_count(vocabulary), 5000);
    vocabulary_destroy(vocabulary);
}

static void an_empty_word_is_one_too(void)
{
    struct vocabulary *vocabulary = NULL;
    size_t number = 9;
    check_status(vocabulary_create(&vocabulary), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(vocabulary_count(vocabulary), 0);
    check_status(vocabulary_place(&number, vocabulary, ""), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(number, 0);
    check_status(vocabulary_place(&number, vocabulary, "a"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(number, 1);
    vocabulary_destroy(vocabulary);
    vocabulary_destroy(NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "words keep their numbers as more come", words_keep_their_numbers_as_more_come },
        { "an empty word is one too", an_empty_word_is_one_too },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "vocabulary", cases);
}
