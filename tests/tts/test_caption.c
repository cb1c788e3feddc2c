/* Which texts are fit to be spoken, and what is said about the others. */
#include "tests/support/check.h"
#include "tts/caption.h"

static void good_texts_pass(void)
{
    const char *good[] = { "a red square",
                           "  tabs\tand\nlines\r\n ",
                           "مربع أحمر",
                           "<b> & [[a]] {x}",
                           "\xF0\x9F\x90\x95 a dog",
                           "12",
                           "é" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_status(caption_check(good[i], 100), STATUS_OK, NULL);
}

static void blank_texts_are_empty(void)
{
    const char *blank[] = { "", " ", "\t\r\n", "\xC2\xA0", "\xE3\x80\x80 \xEF\xBB\xBF" };
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++)
        check_status(caption_check(blank[i], 100), STATUS_INVALID, "empty");
}

static void the_limit_is_in_bytes_and_exact(void)
{
    check_status(caption_check("abcd", 4), STATUS_OK, NULL);
    check_status(caption_check("abcde", 4), STATUS_INVALID, "longer than 4 bytes");
    check_status(caption_check("éé", 3), STATUS_INVALID, "longer than 3 bytes");
}

static void broken_utf8_is_told_with_its_place(void)
{
    const char *broken[] = { "ab\xFF",
                             "ab\xC3",
                             "ab\x80",
                             "ab\xC0\xAF",
                             "ab\xE0\x80\xAF",
                             "ab\xED\xA0\x80",
                             "ab\xF5\x80\x80\x80",
                             "ab\xF4\x90\x80\x80",
                             "ab\xF0\x80\x80\xAF",
                             "ab\xE2\x82" };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        check_status(caption_check(broken[i], 100), STATUS_INVALID, "not UTF-8 at byte 2");
}

static void control_characters_are_refused(void)
{
    check_status(caption_check("a\x01"
                               "50P",
                               100),
                 STATUS_INVALID, "U+0001 at byte 1");
    check_status(caption_check("a\x1B[0m", 100), STATUS_INVALID, "U+001B");
    check_status(caption_check("a\x7F", 100), STATUS_INVALID, "U+007F");
    check_status(caption_check("a\xC2\x9B", 100), STATUS_INVALID, "U+009B");
    check_status(caption_check("a\xEF\x80\x81", 100), STATUS_INVALID, "U+F001");
    check_status(caption_check("a\xEF\xBF\xBF", 100), STATUS_INVALID, "U+FFFF");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "good texts pass", good_texts_pass },
        { "blank texts are empty", blank_texts_are_empty },
        { "the limit is in bytes and exact", the_limit_is_in_bytes_and_exact },
        { "broken UTF-8 is told with its place", broken_utf8_is_told_with_its_place },
        { "control characters are refused", control_characters_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "caption", cases);
}
