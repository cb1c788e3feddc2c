/* Texts cut into words. */
#include "recognition/word.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

/* The words of a text, with a bar after each. */
static const char *words_of(const char *text)
{
    static char all[512];
    char word[WORD_BYTES];
    size_t length = 0;
    all[0] = '\0';
    while (word_next(word, &text))
        length += (size_t)snprintf(all + length, sizeof all - length, "%s|", word);
    CU_ASSERT_EQUAL(*text, '\0');
    return all;
}

static void punctuation_and_case_go(void)
{
    CU_ASSERT_STRING_EQUAL(words_of("A red Star, and -- two (blue) cars."),
                           "a|red|star|and|two|blue|cars|");
    CU_ASSERT_STRING_EQUAL(words_of("well-known\t7UP\n"), "well|known|7up|");
    CU_ASSERT_STRING_EQUAL(words_of("\xE2\x80\x9CYes\xE2\x80\x9D\xE2\x80\x94no"), "yes|no|");
}

static void apostrophes_stay_within_words(void)
{
    CU_ASSERT_STRING_EQUAL(words_of("it's the dogs' 'best' o''k"), "it's|the|dogs|best|o|k|");
    CU_ASSERT_STRING_EQUAL(words_of("it\xE2\x80\x99s"), "it's|");
}

static void other_scripts_are_words(void)
{
    CU_ASSERT_STRING_EQUAL(words_of("caf\xC3\xA9 \xD9\x82\xD8\xB7"),
                           "caf\xC3\xA9|\xD9\x82\xD8\xB7|");
}

static void nothing_is_no_word(void)
{
    CU_ASSERT_STRING_EQUAL(words_of(""), "");
    CU_ASSERT_STRING_EQUAL(words_of(" ...'' \xE2\x80\xA6 "), "");
    /* The text ends within a character. */
    CU_ASSERT_STRING_EQUAL(words_of("a \xE2\x80"), "a|\xE2\x80|");
    CU_ASSERT_STRING_EQUAL(words_of("a'\xE2"), "a'\xE2|");
}

static void long_words_are_cut(void)
{
    char text[3 * WORD_BYTES], word[WORD_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    const char *at = text;
    CU_ASSERT(word_next(word, &at));
    CU_ASSERT_EQUAL(strlen(word), WORD_BYTES - 1);
    CU_ASSERT(!word_next(word, &at));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "punctuation and case go", punctuation_and_case_go },
        { "apostrophes stay within words", apostrophes_stay_within_words },
        { "other scripts are words", other_scripts_are_words },
        { "nothing is no word", nothing_is_no_word },
        { "long words are cut", long_words_are_cut },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "word", cases);
}
