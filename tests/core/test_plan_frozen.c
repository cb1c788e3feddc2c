/* The frozen copy of a plan: written, read back the same, and compared with another. */
#include "core/plan.h"
#include "tests/core/plan_scratch.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *written(const struct plan *plan)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    plan_write(stream, plan);
    fclose(stream);
    return text;
}

/* Reads the minimal plan with overrides, writes it, reads that and writes it again. */
static void check_round_trip(const struct option_texts *sets)
{
    struct plan first, second;
    check_status(plan_read(&first, plan_scratch(PLAN_MINIMUM), sets), STATUS_OK, NULL);
    char *once = written(&first);
    const enum status outcome = plan_read(&second, plan_scratch(once), NULL);
    check_status(outcome, STATUS_OK, NULL);
    if (outcome == STATUS_OK) {
        char *twice = written(&second);
        CU_ASSERT_STRING_EQUAL(once, twice);
        CU_ASSERT_STRING_EQUAL(first.run, second.run);
        CU_ASSERT_EQUAL(first.speak.voices.count, second.speak.voices.count);
        for (size_t v = 0; v < first.speak.voices.count; v++)
            CU_ASSERT_STRING_EQUAL(first.speak.voices.items[v], second.speak.voices.items[v]);
        check_status(plan_check_same(&first, &second), STATUS_OK, NULL);
        plan_end(&second);
        free(twice);
    }
    free(once);
    plan_end(&first);
}

static void the_defaults_come_back(void)
{
    check_round_trip(NULL);
}

static void values_of_every_kind_come_back(void)
{
    const struct option_texts sets = {
        .items = { "seed=9000000000000000", "reject_limit=0.1", "speech_units.features=true",
                   "image_units.resize=lanczos", "speech_units.kmeans=/k",
                   "speak.voices=", "digests.manifest=0123", "reject_limit=0.30000000000000004" },
        .count = 8
    };
    check_round_trip(&sets);
}

static void awkward_texts_come_back(void)
{
    static const char *const texts[] = {
        "/a \"quoted\" 'name'",
        "/back\\slash\\n",
        "/tab\there",
        "/line\nbreak\r\n  indented",
        "/all\001\002\037\177 controls",
        "/Arabic \xD9\x86\xD8\xAC\xD9\x85\xD8\xA9 and \xF0\x9F\x98\x80",
        "/next\xC2\x85line",
        "/line\xE2\x80\xA8separator and paragraph\xE2\x80\xA9separator",
        "/c1\xC2\x80\xC2\x9F",
        "/mark\xEF\xBB\xBF",
        "/no character \xEF\xBF\xBE \xEF\xBF\xBF",
        "/colon: # not a comment - [x] {y} *z &a !b %c @d `e",
        "/trailing blanks   ",
        "/\xC2\xA0",
    };
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        char run[128], voices[256];
        snprintf(run, sizeof run, "run=%s", texts[t]);
        snprintf(voices, sizeof voices, "speak.voices=%s,,%s", texts[t], texts[t]);
        const struct option_texts sets = { .items = { run, voices }, .count = 2 };
        check_round_trip(&sets);
    }
}

/* The minimal plan and the same with one override: the same for content or not? */
static enum status compare(const char *set)
{
    struct plan plain, changed;
    const struct option_texts sets = { .items = { set }, .count = 1 };
    check_status(plan_read(&plain, plan_scratch(PLAN_MINIMUM), NULL), STATUS_OK, NULL);
    check_status(plan_read(&changed, plan_scratch(PLAN_MINIMUM), &sets), STATUS_OK, NULL);
    const enum status outcome = plan_check_same(&changed, &plain);
    plan_end(&plain);
    plan_end(&changed);
    return outcome;
}

static void differences_in_content_are_named_with_both_values(void)
{
    check_status(compare("seed=2"), STATUS_INVALID, "seed is 2, was 1 in the run");
    check_status(compare("speak.voices=ar"), STATUS_INVALID, "speak.voices is [\"ar\"], was [");
    check_status(compare("speak.voices="), STATUS_INVALID, "speak.voices is [], was [");
    check_status(compare("image_units.resize=lanczos"), STATUS_INVALID, "image_units.resize");
    check_status(compare("speech_units.features=true"), STATUS_INVALID,
                 "speech_units.features is true, was false");
    check_status(compare("digests.manifest=ab"), STATUS_INVALID,
                 "digests.manifest is \"ab\", was absent");
    check_status(compare("shard_captions=64"), STATUS_INVALID, "shard_captions");
}

static void differences_that_steer_only_are_none(void)
{
    check_status(compare("seed=1"), STATUS_OK, NULL);
    check_status(compare("manifest=/elsewhere/m.jsonl"), STATUS_OK, NULL);
    check_status(compare("run=/elsewhere"), STATUS_OK, NULL);
    check_status(compare("reject_limit=0.5"), STATUS_OK, NULL);
    check_status(compare("speech_units.hubert=/moved"), STATUS_OK, NULL);
    check_status(compare("speech_units.kmeans=/moved"), STATUS_OK, NULL);
    check_status(compare("image_units.config=/moved"), STATUS_OK, NULL);
}

static void the_end_of_an_empty_plan_is_allowed(void)
{
    struct plan plan = { 0 };
    plan_end(&plan);
    check_status(plan_set_text(&plan.digests.hubert, "one"), STATUS_OK, NULL);
    check_status(plan_set_text(&plan.digests.hubert, "two"), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(plan.digests.hubert, "two");
    plan_end(&plan);
    CU_ASSERT_PTR_NULL(plan.digests.hubert);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "defaults come back", the_defaults_come_back },
        { "every kind comes back", values_of_every_kind_come_back },
        { "awkward texts come back", awkward_texts_come_back },
        { "differences in content", differences_in_content_are_named_with_both_values },
        { "differences that steer only", differences_that_steer_only_are_none },
        { "the end of an empty plan", the_end_of_an_empty_plan_is_allowed },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "plan_frozen", cases);
}
