/* Plan files that are wrong: each is refused with file, line and key. */
#include "core/plan.h"
#include "tests/core/plan_scratch.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The plan `text`, whose fault is told as "plan.yaml:LINE: KEY" and with `what`. */
static void check_bad(const char *text, size_t line, const char *key, const char *what)
{
    struct plan plan = { .seed = 99 };
    char place[128];
    const enum status outcome = plan_read(&plan, plan_scratch(text), NULL);
    snprintf(place, sizeof place, "plan.yaml:%zu: %s", line, key);
    check_status(outcome, STATUS_INVALID, place);
    check_status(outcome, STATUS_INVALID, what);
    CU_ASSERT(plan.seed == 0 && plan.manifest == NULL);
}

static void unknown_keys(void)
{
    check_bad(PLAN_MINIMUM "sead: 3\n", 5, "sead", "no such key");
    check_bad("\n\nsead: 3\n" PLAN_MINIMUM, 3, "sead", "no such key");
    check_bad(PLAN_MINIMUM "speak:\n  pitch_min: 3\n  rate: 3\n", 7, "speak.rate", "no such key");
    check_bad(PLAN_MINIMUM "speak: {pitch_min: 3,\n        rate: 3}\n", 6, "speak.rate",
              "no such key");
    check_bad(PLAN_MINIMUM "pitch_min: 3\n", 5, "pitch_min", "no such key");
    check_bad(PLAN_MINIMUM "speak.pitch_min: 3\n", 5, "speak.pitch_min", "");
    check_bad(PLAN_MINIMUM "Seed: 3\n", 5, "Seed", "no such key");
    check_bad(PLAN_MINIMUM "\"\": 3\n", 5, "", "no such key");
}

static void keys_given_twice(void)
{
    check_bad(PLAN_MINIMUM "seed: 3\nseed: 3\n", 6, "seed", "line 5");
    check_bad(PLAN_MINIMUM "speak: {pitch_min: 3, pitch_min: 4}\n", 5, "speak.pitch_min", "line 5");
    check_bad(PLAN_MINIMUM "run: other\n", 5, "run", "line 2");
    check_bad(PLAN_MINIMUM "speak: {pitch_min: 3}\nspeak: {pitch_min: 4}\n", 6, "speak", "line 5");
    check_bad(PLAN_MINIMUM "speak: {pitch_min: 3}\nspeak: {pitch_max: 40}\n", 6, "speak", "line 5");
}

static void values_of_the_wrong_kind(void)
{
    check_bad(PLAN_MINIMUM "seed: many\n", 5, "seed", "not a whole number");
    check_bad(PLAN_MINIMUM "seed: 1.5\n", 5, "seed", "not a whole number");
    check_bad(PLAN_MINIMUM "seed: \"\"\n", 5, "seed", "not a whole number");
    check_bad(PLAN_MINIMUM "seed:\n", 5, "seed", "not a whole number");
    check_bad(PLAN_MINIMUM "seed: ~\n", 5, "seed", "not a whole number");
    check_bad(PLAN_MINIMUM "reject_limit: .nan\n", 5, "reject_limit", "not a number");
    check_bad(PLAN_MINIMUM "reject_limit: 5 %\n", 5, "reject_limit", "not a number");
    check_bad("manifest:\n" PLAN_MINIMUM, 2, "manifest", "line 1");
    check_bad("manifest: m\nrun: \"\"\n", 2, "run", "not a path");
    check_bad("image_units:\n  vit_vqgan: v\n\n  resize: nearest\n", 4, "image_units.resize",
              "bicubic|bilinear|lanczos");
    check_bad("speech_units:\n  hubert: h\n  features: 1\n", 3, "speech_units.features",
              "true or false");
}

static void values_out_of_range(void)
{
    check_bad(PLAN_MINIMUM "seed: -1\n", 5, "seed", "0 .. ");
    check_bad(PLAN_MINIMUM "shard_captions: 0\n", 5, "shard_captions", "1 .. 1000000");
    check_bad(PLAN_MINIMUM "shard_captions: 1000001\n", 5, "shard_captions", "1 .. 1000000");
    check_bad(PLAN_MINIMUM "seed: 1e300\n", 5, "seed", "0 .. ");
    check_bad(PLAN_MINIMUM "reject_limit: 1.0001\n", 5, "reject_limit", "0 .. 1");
    check_bad(PLAN_MINIMUM "pack:\n  deflate_level: 10\n", 6, "pack.deflate_level", "0 .. 9");
}

static void structure_of_the_wrong_kind(void)
{
    check_bad(PLAN_MINIMUM "seed: [1, 2]\n", 5, "seed", "");
    check_bad(PLAN_MINIMUM "seed: {a: 1}\n", 5, "seed", "");
    check_bad(PLAN_MINIMUM "seed:\n  - 1\n", 5, "seed", "");
    check_bad(PLAN_MINIMUM "speak: {voices: en}\n", 5, "speak.voices", "");
    check_bad(PLAN_MINIMUM "speak:\n  pitch_min: 4\n  voices: en\n", 7, "speak.voices", "");
    check_bad(PLAN_MINIMUM "speak: {voices: {a: b}}\n", 5, "speak.voices", "");
    check_bad(PLAN_MINIMUM "speak: {voices: [[a]]}\n", 5, "speak.voices", "");
    check_bad(PLAN_MINIMUM "speak: loud\n", 5, "speak", "");
    check_bad(PLAN_MINIMUM "speak: [loud]\n", 5, "speak", "");
    check_bad(PLAN_MINIMUM "speak:\n", 5, "speak", "");
    check_bad(PLAN_MINIMUM "[a]: 1\n", 5, "", "");
    check_bad(PLAN_MINIMUM "speak: {[a]: 1}\n", 5, "", "");
}

static void files_that_are_no_plan(void)
{
    check_bad("", 1, "", "mapping");
    check_bad("# only a comment\n", 1, "", "mapping");
    check_bad("- a\n- b\n", 1, "", "mapping");
    check_bad("just words\n", 1, "", "mapping");
    check_bad(PLAN_MINIMUM "seed: [1\n", 6, "not YAML", "");
    check_bad(PLAN_MINIMUM "\tseed: 1\n", 5, "not YAML", "");
    check_bad("manifest: \"m\nrun: r\n", 3, "not YAML", "");
    check_bad(PLAN_MINIMUM "seed: *nothing\n", 5, "not YAML", "");
    check_bad("run: \xFF\n", 1, "not YAML", "");
    check_bad("run: a\001b\n", 1, "not YAML", "");
    check_bad(PLAN_MINIMUM "---\nseed: 5\n", 6, "", "one document");
}

static void a_text_with_a_zero_character(void)
{
    check_bad("manifest: m\nrun: \"a\\0b\"\n", 2, "run", "zero");
}

static void lists_and_texts_beyond_their_limits(void)
{
    char text[9000] = PLAN_MINIMUM "speak: {voices: [v";
    for (size_t v = 0; v < OPTION_TEXTS_MAX; v++)
        strcat(text, ",v");
    strcat(text, "]}\n");
    check_bad(text, 5, "speak.voices", "");

    strcpy(text, PLAN_MINIMUM "speak: {voices: [");
    memset(text + strlen(text), 'v', 5000);
    strcat(text, "]}\n");
    check_bad(text, 5, "speak.voices", "");
}

static void a_nest_of_brackets_and_a_bomb_of_aliases_end_quickly(void)
{
    static char text[200000];
    strcpy(text, "speak: ");
    memset(text + 7, '[', 100000);
    struct plan plan;
    check_status(plan_read(&plan, plan_scratch(text), NULL), STATUS_INVALID, "plan.yaml");
    check_bad("manifest: &a [x,x,x,x,x,x,x,x,x]\n"
              "run: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
              "seed: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
              "shard_captions: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
              "shard_images: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
              "reject_limit: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
              1, "manifest", "");
    check_status(plan_read(&plan, plan_scratch("speak: &s\n  pitch_min: *s\n"), NULL),
                 STATUS_INVALID, "plan.yaml:");
}

static void an_absent_a_huge_and_a_strange_file(void)
{
    struct plan plan;
    check_status(plan_read(&plan, check_scratch("absent.yaml"), NULL), STATUS_NOT_FOUND,
                 "absent.yaml");
    check_status(plan_read(&plan, check_scratch("no/such/plan.yaml"), NULL), STATUS_NOT_FOUND,
                 "no/such/plan.yaml");
    check_status(plan_read(&plan, "/dev/zero", NULL), STATUS_INVALID, "/dev/zero");
    char *text = malloc((1 << 20) + 2);
    memset(text, '\n', (1 << 20) + 1);
    text[(1 << 20) + 1] = '\0';
    check_status(plan_read(&plan, plan_scratch(text), NULL), STATUS_INVALID, "1048577 bytes");
    free(text);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "unknown keys", unknown_keys },
        { "keys given twice", keys_given_twice },
        { "values of the wrong kind", values_of_the_wrong_kind },
        { "values out of range", values_out_of_range },
        { "structure of the wrong kind", structure_of_the_wrong_kind },
        { "files that are no plan", files_that_are_no_plan },
        { "a text with a zero character", a_text_with_a_zero_character },
        { "beyond limits", lists_and_texts_beyond_their_limits },
        { "nests and bombs", a_nest_of_brackets_and_a_bomb_of_aliases_end_quickly },
        { "absent, huge and strange files", an_absent_a_huge_and_a_strange_file },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "plan_bad", cases);
}
