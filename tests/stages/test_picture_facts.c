/* What captions name rightly of pictures whose ground truth is known. */
#include "core/file.h"
#include "stages/evaluate/picture_facts.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

static const char truth[] =
    "{\"id\": \"p2\", \"objects\": [{\"kind\": \"tree\", \"colour\": \"green\", \"place\": "
    "\"left\"}]}\n"
    "{\"id\": \"p1\", \"width\": 4, \"objects\": [\n"
    "{\"id\": \"p3\", \"objects\": []}\n";

static struct picture_facts *facts_of(const char *text)
{
    struct picture_facts *facts = NULL;
    const char *path = check_scratch("ground_truth.jsonl");
    check_status(file_write(path, text, strlen(text)), STATUS_OK, NULL);
    check_status(picture_facts_read(&facts, path), STATUS_OK, NULL);
    return facts;
}

static const char two_pictures[] =
    "{\"id\": \"p2\", \"objects\": [{\"kind\": \"tree\", \"colour\": \"green\", \"place\": "
    "\"left\"},"
    " {\"kind\": \"star\", \"colour\": \"red\", \"place\": \"top right\"},"
    " {\"kind\": \"star\", \"colour\": \"red\", \"place\": \"top\"}]}\n"
    "{\"id\": \"p1\", \"width\": 4, \"objects\": [{\"kind\": \"fish\", \"colour\": \"blue\","
    " \"place\": \"bottom\", \"x\": 1}]}\n"
    "{\"id\": \"p3\", \"objects\": []}\n";

static struct fact_tally named(const char *picture, const char *caption)
{
    struct fact_tally tally = { 0 };
    struct picture_facts *facts = facts_of(two_pictures);
    check_status(fact_tally_add(&tally, facts, picture, caption), STATUS_OK, NULL);
    picture_facts_destroy(facts);
    return tally;
}

static void what_is_there_is_right(void)
{
    const struct fact_tally tally =
        named("p2", "Two small red stars at the top right and on the left a green tree.");
    CU_ASSERT_EQUAL(tally.captions, 1);
    CU_ASSERT_EQUAL(tally.kinds_right, 1);
    CU_ASSERT_EQUAL(tally.colours_right, 1);
    CU_ASSERT_EQUAL(tally.places_named, 1);
    CU_ASSERT_EQUAL(tally.places_right, 1);
    CU_ASSERT_EQUAL(tally.all_right, 1);
    CU_ASSERT_EQUAL(tally.kinds, 2);
    CU_ASSERT_EQUAL(tally.kinds_named, 2);
}

static void what_is_not_there_is_wrong(void)
{
    struct fact_tally tally = named("p2", "a red star and a blue fish");
    CU_ASSERT_EQUAL(tally.kinds_right + tally.colours_right + tally.all_right, 0);
    CU_ASSERT_EQUAL(tally.places_named, 0);
    CU_ASSERT_EQUAL(tally.kinds_named, 1);
    /* Both colours are in the picture, but of other things. */
    tally = named("p2", "a green star and a red tree");
    CU_ASSERT_EQUAL(tally.kinds_right, 1);
    CU_ASSERT_EQUAL(tally.colours_right + tally.all_right, 0);
    tally = named("p2", "a red star at the bottom");
    CU_ASSERT_EQUAL(tally.colours_right, 1);
    CU_ASSERT_EQUAL(tally.places_named, 1);
    CU_ASSERT_EQUAL(tally.places_right + tally.all_right, 0);
    tally = named("p1", "at the top right there is a blue fish");
    CU_ASSERT_EQUAL(tally.places_right, 0);
}

static void backgrounds_and_relations_are_nobody_s(void)
{
    /* "blue" is no thing's colour, "left of" no place. */
    const struct fact_tally tally = named("p1", "on a red striped background a blue fish to the "
                                                "left of it");
    CU_ASSERT_EQUAL(tally.colours_right, 1);
    CU_ASSERT_EQUAL(tally.places_named, 0);
    CU_ASSERT_EQUAL(tally.all_right, 1);
}

static void nothing_named_is_not_right(void)
{
    const struct fact_tally tally = named("p2", "");
    CU_ASSERT_EQUAL(tally.captions, 1);
    CU_ASSERT_EQUAL(tally.kinds_right + tally.colours_right + tally.all_right, 0);
    CU_ASSERT_EQUAL(named("p2", "the tree is on the left").all_right, 0); /* no colour */
}

static void pictures_without_facts_count_nowhere(void)
{
    CU_ASSERT_EQUAL(named("p3", "a red star").captions, 0);
    CU_ASSERT_EQUAL(named("p", "a red star").captions, 0);
    CU_ASSERT_EQUAL(named("p9", "a red star").captions, 0);
}

static void bad_files_are_refused(void)
{
    static const char *const texts[] = { truth,
                                         "{\"objects\": []}\n",
                                         "{\"id\": \"a\"}\n",
                                         "7\n",
                                         "{\"id\": \"a\", \"objects\": [{\"kind\": \"star\"}]}\n",
                                         "{\"id\": \"a\", \"objects\": [3]}\n" };
    struct picture_facts *facts = NULL;
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        const char *path = check_scratch("bad.jsonl");
        check_status(file_write(path, texts[t], strlen(texts[t])), STATUS_OK, NULL);
        const enum status outcome = picture_facts_read(&facts, path);
        CU_ASSERT(outcome == STATUS_INVALID || outcome == STATUS_CORRUPT);
        CU_ASSERT_PTR_NOT_NULL(strstr(status_text(), t == 0 ? "bad.jsonl:2" : "bad.jsonl:1"));
        CU_ASSERT_PTR_NULL(facts);
    }
    check_status(picture_facts_read(&facts, check_scratch("none")), STATUS_NOT_FOUND, "none");
    char text[256];
    snprintf(text, sizeof text,
             "{\"id\": \"a\", \"objects\": [{\"kind\": \"%0100d\", \"colour\": \"red\", \"place\": "
             "\"top\"}]}\n",
             7);
    const char *path = check_scratch("long.jsonl");
    check_status(file_write(path, text, strlen(text)), STATUS_OK, NULL);
    check_status(picture_facts_read(&facts, path), STATUS_INVALID, "too long");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what is there is right", what_is_there_is_right },
        { "what is not there is wrong", what_is_not_there_is_wrong },
        { "backgrounds and relations are nobody's", backgrounds_and_relations_are_nobody_s },
        { "nothing named is not right", nothing_named_is_not_right },
        { "pictures without facts count nowhere", pictures_without_facts_count_nowhere },
        { "bad files are refused", bad_files_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "picture_facts", cases);
}
