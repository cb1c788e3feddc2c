/* Measures of units against phones on tables made by hand, and the phone of each frame. */
#include "stages/evaluate/frame_phones.h"
#include "stages/evaluate/unit_quality.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_quality(const int64_t *counts, size_t P, size_t K, double phone_purity,
                          double cluster_purity, double pnmi)
{
    struct unit_quality quality;
    unit_quality_measure(&quality, counts, P, K);
    CU_ASSERT_DOUBLE_EQUAL(quality.phone_purity, phone_purity, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(quality.cluster_purity, cluster_purity, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(quality.pnmi, pnmi, 1e-12);
}

static void a_unit_for_each_phone_tells_all(void)
{
    const int64_t counts[] = { 5, 0, 0, 0, 0, 7, 0, 2, 0 };
    check_quality(counts, 3, 3, 1.0, 1.0, 1.0);
}

static void two_units_for_each_phone_tell_all_but_split_it(void)
{
    const int64_t counts[] = { 3, 1, 0, 0, 0, 0, 2, 2 };
    check_quality(counts, 2, 4, 1.0, 5.0 / 8.0, 1.0);
}

static void units_that_do_not_depend_on_the_phone_tell_nothing(void)
{
    const int64_t counts[] = { 1, 2, 3, 2, 4, 6 };
    check_quality(counts, 2, 3, 2.0 / 3.0, 0.5, 0.0);
}

/* H(y) = log 2; given unit 0 the phones are 3 : 1, given unit 1 they are 1 : 3. */
static void a_table_in_between(void)
{
    const int64_t counts[] = { 3, 1, 1, 3 };
    const double left = -(0.75 * log(0.75) + 0.25 * log(0.25));
    check_quality(counts, 2, 2, 0.75, 0.75, 1.0 - left / log(2.0));
}

static void large_counts_keep_their_digits(void)
{
    const int64_t million = 1000000;
    const int64_t counts[] = { 3000 * million, 1000 * million, 1000 * million, 3000 * million };
    const double left = -(0.75 * log(0.75) + 0.25 * log(0.25));
    check_quality(counts, 2, 2, 0.75, 0.75, 1.0 - left / log(2.0));
}

static void tables_without_anything_to_tell_are_0(void)
{
    struct unit_quality quality;
    const int64_t none[] = { 0, 0, 0, 0 }, one_phone[] = { 4, 5, 0, 0 },
                  one_unit[] = { 4, 0, 6, 0 };
    check_quality(NULL, 0, 0, 0.0, 0.0, 0.0);
    check_quality(NULL, 0, 7, 0.0, 0.0, 0.0);
    check_quality(none, 2, 2, 0.0, 0.0, 0.0);
    check_quality(one_phone, 2, 2, 1.0, 5.0 / 9.0, 0.0);
    check_quality(one_unit, 2, 2, 0.6, 1.0, 0.0);
    unit_quality_measure(&quality, one_unit, 2, 2);
    CU_ASSERT_EQUAL(quality.frames, 10);
    CU_ASSERT_EQUAL(quality.phones, 2);
    CU_ASSERT_EQUAL(quality.units, 1);
}

static void check_names(const char *phones, const uint32_t *starts, size_t count, size_t frames,
                        const char *const *expected)
{
    struct name_list names = { 0 };
    uint16_t classes[16];
    check_status(frame_phones_write(classes, frames, &names, phones, starts, count), STATUS_OK,
                 NULL);
    for (size_t f = 0; f < frames; f++)
        CU_ASSERT_STRING_EQUAL(names.names[classes[f]], expected[f]);
    name_list_end(&names);
}

/* Frames are asked at samples 200, 520, 840, 1160, ... */
static void a_frame_has_the_phone_at_its_middle(void)
{
    const uint32_t starts[] = { 0, 520, 521, 521, 1160 };
    const char *const expected[] = { "a", "tS", "i:", "_", "_" };
    check_names("a tS @ i: _:", starts, 5, 5, expected);
}

static void what_is_before_the_first_phone_is_a_pause_like_any_other(void)
{
    const uint32_t starts[] = { 700, 900 };
    const char *const expected[] = { "_", "_", "b", "_", "_" };
    check_names("b _|", starts, 2, 5, expected);
    check_names("", NULL, 0, 2, (const char *const[]){ "_", "_" });
    check_names("a", starts, 1, 0, NULL);
}

static void frames_start_anew_with_each_chunk(void)
{
    enum { FRAMES = 5001 };
    static uint16_t classes[FRAMES];
    const uint32_t starts[] = { 0, 1600000 }; /* the second chunk */
    struct name_list names = { 0 };
    check_status(frame_phones_write(classes, FRAMES, &names, "a b", starts, 2), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(names.names[classes[4998]], "a");
    CU_ASSERT_STRING_EQUAL(names.names[classes[4999]], "b");
    name_list_end(&names);
}

static void names_and_starts_that_do_not_match_are_refused(void)
{
    const uint32_t starts[] = { 0, 100, 200 };
    uint16_t classes[4];
    struct name_list names = { 0 };
    check_status(frame_phones_write(classes, 4, &names, "a b", starts, 3), STATUS_CORRUPT,
                 "3 starts");
    check_status(frame_phones_write(classes, 4, &names, "a b c d", starts, 3), STATUS_CORRUPT,
                 "more names");
    check_status(frame_phones_write(classes, 4, &names, "a  b", starts, 3), STATUS_CORRUPT, NULL);
    name_list_end(&names);
}

static void lists_of_names_have_an_end(void)
{
    char text[16], longest[NAME_LIST_BYTES + 1];
    size_t number = 0;
    struct name_list names = { 0 };
    for (int n = 0; n < NAME_LIST_MAX; n++) {
        const int length = snprintf(text, sizeof text, "p%d", n);
        check_status(name_list_place(&number, &names, text, (size_t)length), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(number, (size_t)n);
    }
    check_status(name_list_place(&number, &names, "p7x", 2), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(number, 7);
    check_status(name_list_place(&number, &names, "new", 3), STATUS_INVALID, "new");
    memset(longest, 'a', sizeof longest);
    check_status(name_list_place(&number, &names, longest, NAME_LIST_BYTES), STATUS_INVALID,
                 "64 bytes");
    name_list_end(&names);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a unit for each phone tells all", a_unit_for_each_phone_tells_all },
        { "two units for each phone tell all but split it",
          two_units_for_each_phone_tell_all_but_split_it },
        { "units that do not depend on the phone tell nothing",
          units_that_do_not_depend_on_the_phone_tell_nothing },
        { "a table in between", a_table_in_between },
        { "large counts keep their digits", large_counts_keep_their_digits },
        { "tables without anything to tell are 0", tables_without_anything_to_tell_are_0 },
        { "a frame has the phone at its middle", a_frame_has_the_phone_at_its_middle },
        { "what is before the first phone is a pause like any other",
          what_is_before_the_first_phone_is_a_pause_like_any_other },
        { "frames start anew with each chunk", frames_start_anew_with_each_chunk },
        { "names and starts that do not match are refused",
          names_and_starts_that_do_not_match_are_refused },
        { "lists of names have an end", lists_of_names_have_an_end },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "unit_quality", cases);
}
