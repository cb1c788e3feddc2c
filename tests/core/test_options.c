/* The option parser: what a person types, and what is refused with the option named. */
#include "core/options.h"
#include "tests/support/check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One variable of each kind, as every case starts with them. */
struct values {
    bool quiet;
    const char *out;
    size_t ranks;
    double limit;
    struct option_texts sets;
    const char *operands[16];
    struct option_operands operand_list;
};

static enum status read_words(struct values *values, const char *const *words)
{
    *values = (struct values){ .out = "default", .ranks = 7, .limit = 0.5 };
    values->operand_list.items = values->operands;
    const struct option options[] = {
        { "quiet", OPTION_SWITCH, &values->quiet, NULL, "say nothing" },
        { "out", OPTION_TEXT, &values->out, "FILE", "where to" },
        { "ranks", OPTION_COUNT, &values->ranks, "N", "how many" },
        { "limit", OPTION_NUMBER, &values->limit, "X", "how much" },
        { "set", OPTION_TEXTS, &values->sets, "KEY=VALUE", "repeatable" },
    };
    char *argv[80] = { "command" };
    int argc = 1;
    while (words[argc - 1] != NULL) {
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
        argc++;
    }
    return options_read(options, sizeof options / sizeof options[0], argc, argv,
                        &values->operand_list);
}

static void check_refused(const char *first, const char *second, const char *fragment)
{
    struct values values;
    const char *const words[] = { first, second, NULL };
    check_status(read_words(&values, words), STATUS_INVALID, fragment);
}

static void without_arguments_the_defaults_stay(void)
{
    struct values values;
    const char *const words[] = { NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_FALSE(values.quiet);
    CU_ASSERT_STRING_EQUAL(values.out, "default");
    CU_ASSERT_EQUAL(values.ranks, 7);
    CU_ASSERT_EQUAL(values.limit, 0.5);
    CU_ASSERT_EQUAL(values.sets.count, 0);
    CU_ASSERT_EQUAL(values.operand_list.count, 0);
}

static void every_kind_is_read_with_a_blank(void)
{
    struct values values;
    const char *const words[] = { "--quiet", "--out", "a b", "--ranks", "3", "--limit",
                                  "-2.5e-1", "--set", "x=1", "plan",    NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_TRUE(values.quiet);
    CU_ASSERT_STRING_EQUAL(values.out, "a b");
    CU_ASSERT_EQUAL(values.ranks, 3);
    CU_ASSERT_EQUAL(values.limit, -0.25);
    CU_ASSERT_EQUAL(values.sets.count, 1);
    CU_ASSERT_STRING_EQUAL(values.sets.items[0], "x=1");
    CU_ASSERT_EQUAL(values.operand_list.count, 1);
    CU_ASSERT_STRING_EQUAL(values.operands[0], "plan");
}

static void every_kind_is_read_with_an_equals_sign(void)
{
    struct values values;
    const char *const words[] = { "--out=a=b", "--ranks=0", "--limit=1", "--set=k=v=w", NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(values.out, "a=b");
    CU_ASSERT_EQUAL(values.ranks, 0);
    CU_ASSERT_EQUAL(values.limit, 1.0);
    CU_ASSERT_STRING_EQUAL(values.sets.items[0], "k=v=w");
}

static void an_empty_value_is_a_value_for_a_text_only(void)
{
    struct values values;
    const char *const words[] = { "--out=", NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(values.out, "");
    check_refused("--ranks=", NULL, "--ranks");
    check_refused("--limit=", NULL, "--limit");
    check_refused("--ranks", "", "--ranks");
}

static void the_last_of_a_repeated_option_wins_and_texts_gather(void)
{
    struct values values;
    const char *const words[] = { "--ranks", "1", "--ranks=2", "--set", "a=1", "--set=b=2", NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(values.ranks, 2);
    CU_ASSERT_EQUAL(values.sets.count, 2);
    CU_ASSERT_STRING_EQUAL(values.sets.items[0], "a=1");
    CU_ASSERT_STRING_EQUAL(values.sets.items[1], "b=2");
}

static void more_texts_than_there_is_room_for_are_refused(void)
{
    struct values values;
    const char *words[OPTION_TEXTS_MAX + 2] = { NULL };
    for (size_t w = 0; w < OPTION_TEXTS_MAX; w++)
        words[w] = "--set=a=1";
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(values.sets.count, OPTION_TEXTS_MAX);
    words[OPTION_TEXTS_MAX] = "--set=one=more";
    check_status(read_words(&values, words), STATUS_INVALID, "--set");
}

static void after_two_dashes_everything_is_an_operand(void)
{
    struct values values;
    const char *const words[] = { "first", "--", "--quiet", "--unknown", "--", "-x", NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_FALSE(values.quiet);
    CU_ASSERT_EQUAL(values.operand_list.count, 5);
    CU_ASSERT_STRING_EQUAL(values.operands[1], "--quiet");
    CU_ASSERT_STRING_EQUAL(values.operands[3], "--");
}

static void a_lone_dash_and_an_empty_word_are_operands(void)
{
    struct values values;
    const char *const words[] = { "-", "", NULL };
    check_status(read_words(&values, words), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(values.operand_list.count, 2);
}

static void unknown_options_are_refused_by_name(void)
{
    check_refused("--unknown", NULL, "--unknown");
    check_refused("--rank", "3", "--rank");
    check_refused("--rankss=3", NULL, "--rankss");
    check_refused("-q", NULL, "-q");
    check_refused("--=3", NULL, "--=3");
    check_refused("--Quiet", NULL, "--Quiet");
}

static void a_missing_value_is_told_with_what_is_expected(void)
{
    check_refused("--out", NULL, "--out needs a value (FILE)");
    check_refused("--ranks", NULL, "--ranks needs a value (N)");
    check_refused("--set", NULL, "KEY=VALUE");
}

static void a_switch_takes_no_value(void)
{
    check_refused("--quiet=yes", NULL, "--quiet takes no value");
}

static void what_is_no_count_is_refused(void)
{
    const char *const bad[] = {
        "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "x", "", "--quiet", "99999999999999999999999"
    };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++)
        check_refused("--ranks", bad[b], "--ranks");
    struct values values;
    const char *const largest[] = { "--ranks", "18446744073709551615", NULL };
    check_status(read_words(&values, largest), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(values.ranks, SIZE_MAX);
    check_refused("--ranks", "18446744073709551616", "--ranks");
}

static void what_is_no_finite_number_is_refused(void)
{
    const char *const bad[] = { "x", "1,5", "1.5x", "nan", "inf", "-inf", "1e999", "" };
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++)
        check_refused("--limit", bad[b], "--limit");
}

static void the_help_has_a_line_an_option(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    bool quiet = false;
    size_t count = 0;
    const struct option options[] = {
        { "quiet", OPTION_SWITCH, &quiet, NULL, "say nothing" },
        { "an-option-with-a-name-that-is-longer-than-its-column", OPTION_COUNT, &count, "N", "x" },
    };
    options_write_help(stream, options, 2);
    fclose(stream);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "--quiet "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "say nothing\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "longer-than-its-column N x\n"));
    free(text);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "without arguments the defaults stay", without_arguments_the_defaults_stay },
        { "every kind, with a blank", every_kind_is_read_with_a_blank },
        { "every kind, with an equals sign", every_kind_is_read_with_an_equals_sign },
        { "an empty value", an_empty_value_is_a_value_for_a_text_only },
        { "the last one wins, texts gather", the_last_of_a_repeated_option_wins_and_texts_gather },
        { "too many texts", more_texts_than_there_is_room_for_are_refused },
        { "two dashes end the options", after_two_dashes_everything_is_an_operand },
        { "a lone dash", a_lone_dash_and_an_empty_word_are_operands },
        { "unknown options", unknown_options_are_refused_by_name },
        { "a missing value", a_missing_value_is_told_with_what_is_expected },
        { "a switch takes no value", a_switch_takes_no_value },
        { "what is no count", what_is_no_count_is_refused },
        { "what is no finite number", what_is_no_finite_number_is_refused },
        { "help", the_help_has_a_line_an_option },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "options", cases);
}
