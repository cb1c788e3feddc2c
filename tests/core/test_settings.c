/* The flat table of settings: kinds, replacement, order, ranges. */
#include "core/settings.h"
#include "tests/support/check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static void values_come_back_by_key_and_kind(void)
{
    struct settings *settings = settings_create("config.json");
    check_status(settings_put_number(settings, "encoder.dim", 64), STATUS_OK, NULL);
    check_status(settings_put_switch(settings, "norm", true), STATUS_OK, NULL);
    check_status(settings_put_text(settings, "type", "hubert"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(settings_source(settings), "config.json");
    CU_ASSERT_EQUAL(settings_number(settings, "encoder.dim", 1), 64.0);
    CU_ASSERT_TRUE(settings_switch(settings, "norm", false));
    CU_ASSERT_STRING_EQUAL(settings_text(settings, "type", ""), "hubert");
    CU_ASSERT_TRUE(settings_has(settings, "type"));
    CU_ASSERT_FALSE(settings_has(settings, "typ"));
    CU_ASSERT_FALSE(settings_has(settings, "encoder"));
    settings_destroy(settings);
}

static void absent_or_of_another_kind_is_the_fallback(void)
{
    struct settings *settings = settings_create("s");
    settings_put_text(settings, "text", "5");
    settings_put_number(settings, "number", 1);
    settings_put_switch(settings, "switch", true);
    CU_ASSERT_EQUAL(settings_number(settings, "text", 7), 7.0);
    CU_ASSERT_EQUAL(settings_number(settings, "switch", 7), 7.0);
    CU_ASSERT_FALSE(settings_switch(settings, "number", false));
    CU_ASSERT_STRING_EQUAL(settings_text(settings, "number", "none"), "none");
    CU_ASSERT_EQUAL(settings_number(settings, "absent", 9), 9.0);
    settings_destroy(settings);
}

static void all_entries_are_taken_over_and_replace(void)
{
    struct settings *from = settings_create("from"), *to = settings_create("to");
    settings_put_number(from, "number", 2);
    settings_put_switch(from, "switch", true);
    settings_put_text(from, "text", "new");
    settings_put_text(to, "text", "old");
    check_status(settings_put_all(to, from), STATUS_OK, NULL);
    check_status(settings_put_all(to, NULL), STATUS_OK, NULL);
    settings_destroy(from);
    CU_ASSERT_EQUAL(settings_count(to), 3);
    CU_ASSERT_EQUAL(settings_number(to, "number", 0), 2.0);
    CU_ASSERT_TRUE(settings_switch(to, "switch", false));
    CU_ASSERT_STRING_EQUAL(settings_text(to, "text", ""), "new");
    settings_destroy(to);
}

static void no_settings_at_all_are_allowed(void)
{
    size_t value = 5;
    CU_ASSERT_EQUAL(settings_count(NULL), 0);
    CU_ASSERT_FALSE(settings_has(NULL, "x"));
    CU_ASSERT_EQUAL(settings_number(NULL, "x", 3), 3.0);
    CU_ASSERT_TRUE(settings_switch(NULL, "x", true));
    CU_ASSERT_STRING_EQUAL(settings_text(NULL, "x", "y"), "y");
    check_status(settings_read_count(&value, NULL, "x", 0, 9), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(value, 5);
    settings_destroy(NULL);
}

static void a_second_value_replaces_the_first_in_its_place(void)
{
    struct settings *settings = settings_create("s");
    settings_put_text(settings, "a", "first");
    settings_put_number(settings, "b", 2);
    settings_put_text(settings, "a", "second");
    CU_ASSERT_STRING_EQUAL(settings_text(settings, "a", ""), "second");
    settings_put_number(settings, "a", 3);
    CU_ASSERT_EQUAL(settings_number(settings, "a", 0), 3.0);
    CU_ASSERT_STRING_EQUAL(settings_text(settings, "a", "gone"), "gone");
    CU_ASSERT_EQUAL(settings_count(settings), 2);
    CU_ASSERT_STRING_EQUAL(settings_key(settings, 0), "a");
    CU_ASSERT_STRING_EQUAL(settings_key(settings, 1), "b");
    settings_destroy(settings);
}

static void many_keys_keep_their_order(void)
{
    struct settings *settings = settings_create("s");
    char key[32];
    for (int k = 0; k < 300; k++) {
        snprintf(key, sizeof key, "key.%d", k);
        settings_put_number(settings, key, k);
    }
    CU_ASSERT_EQUAL(settings_count(settings), 300);
    CU_ASSERT_STRING_EQUAL(settings_key(settings, 299), "key.299");
    CU_ASSERT_EQUAL(settings_number(settings, "key.17", -1), 17.0);
    settings_destroy(settings);
}

static void a_count_out_of_range_or_broken_is_refused(void)
{
    struct settings *settings = settings_create("config.json");
    const double bad[] = { 0.0, 11.0, 2.5, -1.0, NAN, INFINITY, -INFINITY, DBL_MAX };
    size_t value = 5;
    for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
        settings_put_number(settings, "layers", bad[b]);
        check_status(settings_read_count(&value, settings, "layers", 1, 10), STATUS_INVALID,
                     "config.json: layers");
        CU_ASSERT_EQUAL(value, 5);
    }
    settings_put_text(settings, "layers", "3");
    check_status(settings_read_count(&value, settings, "layers", 1, 10), STATUS_INVALID, "1 .. 10");
    settings_put_number(settings, "layers", 10);
    check_status(settings_read_count(&value, settings, "layers", 1, 10), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(value, 10);
    settings_destroy(settings);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "all entries", all_entries_are_taken_over_and_replace },
        { "values come back by key and kind", values_come_back_by_key_and_kind },
        { "absent or of another kind", absent_or_of_another_kind_is_the_fallback },
        { "no settings at all", no_settings_at_all_are_allowed },
        { "a second value replaces the first", a_second_value_replaces_the_first_in_its_place },
        { "many keys keep their order", many_keys_keep_their_order },
        { "counts out of range", a_count_out_of_range_or_broken_is_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "settings", cases);
}
