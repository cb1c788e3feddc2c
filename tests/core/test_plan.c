/* Plans that are right: defaults, every kind of value, paths, overrides. */
#include "core/file.h"
#include "core/plan.h"
#include "tests/core/plan_scratch.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_path(const char *path, const char *folder, const char *name)
{
    char expected[PATH_BYTES];
    path_join(expected, folder, name);
    CU_ASSERT_STRING_EQUAL(path, expected);
}

/* The folder of the scratch files, without links. */
static const char *plan_folder(void)
{
    static char absolute[PATH_BYTES];
    char folder[PATH_BYTES];
    path_folder(folder, check_scratch("plan.yaml"));
    CU_ASSERT_PTR_NOT_NULL(realpath(folder, absolute));
    return absolute;
}

static void a_minimal_plan_has_the_defaults(void)
{
    struct plan plan;
    check_status(plan_read(&plan, plan_scratch(PLAN_MINIMUM), NULL), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(plan.seed, 1);
    CU_ASSERT_EQUAL(plan.shard_captions, 128);
    CU_ASSERT_EQUAL(plan.shard_images, 64);
    CU_ASSERT_EQUAL(plan.reject_limit, 0.05);
    CU_ASSERT_EQUAL(plan.speak.voices.count, 5);
    CU_ASSERT_STRING_EQUAL(plan.speak.voices.items[4], "ar+f2");
    CU_ASSERT_EQUAL(plan.fit_units.clusters, 100);
    CU_ASSERT_EQUAL(plan.speech_units.layer, PLAN_LAYER_AUTO);
    CU_ASSERT_FALSE(plan.speech_units.features);
    CU_ASSERT_STRING_EQUAL(plan.image_units.resize, "bicubic");
    CU_ASSERT_PTR_NULL(plan.speech_units.kmeans);
    CU_ASSERT_PTR_NULL(plan.image_units.config);
    CU_ASSERT_PTR_NULL(plan.digests.manifest);
    plan_end(&plan);
}

static void every_kind_of_value_is_read(void)
{
    struct plan plan;
    check_status(plan_read(&plan,
                           plan_scratch("# a comment\n"
                                        "manifest: \"m \\u00e9.jsonl\"\n"
                                        "run: 'r''n'\n"
                                        "seed: 9000000000000000\n"
                                        "reject_limit: 0.125\n"
                                        "speak:\n"
                                        "  voices: [ar, \"en-us+f2\"]\n"
                                        "  pitch_min: 0\n"
                                        "speech_units:\n"
                                        "  hubert: /h\n"
                                        "  features: true\n"
                                        "  kmeans: k.npy\n"
                                        "image_units:\n"
                                        "  vit_vqgan: v\n"
                                        "  resize: lanczos\n"
                                        "  crop_tokens: 0\n"),
                           NULL),
                 STATUS_OK, NULL);
    check_path(plan.manifest, plan_folder(), "m \xC3\xA9.jsonl");
    check_path(plan.run, plan_folder(), "r'n");
    CU_ASSERT_EQUAL(plan.seed, 9000000000000000u);
    CU_ASSERT_EQUAL(plan.reject_limit, 0.125);
    CU_ASSERT_EQUAL(plan.speak.voices.count, 2);
    CU_ASSERT_STRING_EQUAL(plan.speak.voices.items[1], "en-us+f2");
    CU_ASSERT_EQUAL(plan.speak.pitch_min, 0);
    CU_ASSERT_STRING_EQUAL(plan.speech_units.hubert, "/h");
    CU_ASSERT_TRUE(plan.speech_units.features);
    check_path(plan.speech_units.kmeans, plan_folder(), "k.npy");
    CU_ASSERT_STRING_EQUAL(plan.image_units.resize, "lanczos");
    CU_ASSERT_EQUAL(plan.image_units.crop_tokens, 0);
    plan_end(&plan);
}

static void paths_start_from_the_plans_folder_wherever_one_stands(void)
{
    struct plan plan;
    char here[PATH_BYTES], folder[PATH_BYTES];
    plan_scratch(PLAN_MINIMUM);
    snprintf(folder, sizeof folder, "%s", plan_folder());
    CU_ASSERT_PTR_NOT_NULL(getcwd(here, sizeof here));
    CU_ASSERT_EQUAL(chdir(folder), 0);
    check_status(plan_read(&plan, "plan.yaml", NULL), STATUS_OK, NULL);
    check_path(plan.manifest, folder, "m.jsonl");
    check_path(plan.speech_units.hubert, folder, "hubert.safetensors");
    plan_end(&plan);
    CU_ASSERT_EQUAL(chdir(here), 0);
}

static void overrides_win_and_their_paths_start_here(void)
{
    struct plan plan;
    char here[PATH_BYTES];
    CU_ASSERT_PTR_NOT_NULL(getcwd(here, sizeof here));
    const struct option_texts sets = { .items = { "seed=5", "speak.voices=ar,en-us",
                                                  "run=elsewhere", "image_units.resize=bilinear",
                                                  "seed=6", "speech_units.features=true",
                                                  "speech_units.kmeans=/a=b" },
                                       .count = 7 };
    check_status(plan_read(&plan, plan_scratch(PLAN_MINIMUM "seed: 4\n"), &sets), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(plan.seed, 6);
    CU_ASSERT_EQUAL(plan.speak.voices.count, 2);
    CU_ASSERT_STRING_EQUAL(plan.speak.voices.items[0], "ar");
    check_path(plan.run, here, "elsewhere");
    check_path(plan.manifest, plan_folder(), "m.jsonl");
    CU_ASSERT_STRING_EQUAL(plan.image_units.resize, "bilinear");
    CU_ASSERT_TRUE(plan.speech_units.features);
    CU_ASSERT_STRING_EQUAL(plan.speech_units.kmeans, "/a=b");
    plan_end(&plan);
}

static void an_override_may_give_what_the_file_lacks(void)
{
    struct plan plan;
    const struct option_texts sets = { .items = { "run=r" }, .count = 1 };
    check_status(plan_read(&plan,
                           plan_scratch("manifest: m\nspeech_units: {hubert: h}\n"
                                        "image_units: {vit_vqgan: v}\n"),
                           &sets),
                 STATUS_OK, NULL);
    plan_end(&plan);
}

static void bad_overrides_are_named(void)
{
    static const struct {
        const char *set, *fragment;
    } table[] = {
        { "seed", "--set seed: expected KEY=VALUE" },
        { "=5", "--set =5" },
        { "sed=5", "--set sed=5: no such key" },
        { "speak=5", "--set speak=5: no such key" },
        { "speak.sed=5", "--set speak.sed=5: no such key" },
        { "seed=", "--set seed: \"\" is not a whole number" },
        { "seed=x", "--set seed: \"x\" is not a whole number" },
        { "seed=-1", "--set seed" },
        { "seed=1.5", "--set seed" },
        { "seed=9000000000000001", "--set seed" },
        { "seed=nan", "--set seed" },
        { "reject_limit=1.01", "0 .. 1" },
        { "reject_limit=nan", "--set reject_limit" },
        { "shard_images=0", "1 .. " },
        { "image_units.resize=nearest", "bicubic|bilinear|lanczos" },
        { "image_units.resize=bicubic|bilinear", "bicubic|bilinear|lanczos" },
        { "speech_units.features=yes", "true or false" },
        { "run=", "is not a path" },
        { "run=/tmp/\xFF", "UTF-8" },
        { "speak.voices=en,\xC3(", "UTF-8" },
    };
    const char *path = plan_scratch(PLAN_MINIMUM);
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        struct plan plan = { .seed = 99 };
        const struct option_texts sets = { .items = { table[t].set }, .count = 1 };
        check_status(plan_read(&plan, path, &sets), STATUS_INVALID, table[t].fragment);
        CU_ASSERT(plan.seed == 0 && plan.manifest == NULL);
    }
}

static void a_list_beyond_its_limit_is_refused_not_cut(void)
{
    struct plan plan;
    char set[512] = "speak.voices=v";
    for (size_t v = 1; v < OPTION_TEXTS_MAX; v++)
        strcat(set, ",v");
    const struct option_texts sets = { .items = { set }, .count = 1 };
    check_status(plan_read(&plan, plan_scratch(PLAN_MINIMUM), &sets), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(plan.speak.voices.count, OPTION_TEXTS_MAX);
    plan_end(&plan);
    strcat(set, ",v");
    check_status(plan_read(&plan, plan_scratch(PLAN_MINIMUM), &sets), STATUS_INVALID,
                 "speak.voices");
}

static void what_is_missing_is_named(void)
{
    static const char *const keys[] = { "manifest", "run" };
    static const char *const texts[] = {
        "run: r\nspeech_units: {hubert: h}\nimage_units: {vit_vqgan: v}\n",
        "manifest: m\nspeech_units: {hubert: h}\nimage_units: {vit_vqgan: v}\n",
    };
    for (size_t k = 0; k < 2; k++) {
        struct plan plan;
        char fragment[64];
        snprintf(fragment, sizeof fragment, "plan.yaml: %s is missing", keys[k]);
        check_status(plan_read(&plan, plan_scratch(texts[k]), NULL), STATUS_INVALID, fragment);
    }
}

static void nets_that_are_not_named_are_those_that_ship(void)
{
    struct plan plan;
    check_status(plan_read(&plan, plan_scratch("manifest: m\nrun: r\n"), NULL), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(plan.speech_units.hubert, plan_compact);
    CU_ASSERT_STRING_EQUAL(plan.image_units.vit_vqgan, plan_compact);
    CU_ASSERT_PTR_NULL(plan.generate.vocoder);
    plan_end(&plan);
    const struct option_texts sets = { .items = { "generate.im2sp=compact", "manifest=compact",
                                                  "generate.vocoder=./compact" },
                                       .count = 3 };
    check_status(plan_read(&plan, plan_scratch("run: r\n"), &sets), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(plan.generate.im2sp, plan_compact);
    CU_ASSERT_EQUAL(plan.manifest[0], '/'); /* a file: there is no manifest that ships */
    CU_ASSERT_EQUAL(plan.generate.vocoder[0], '/');
    plan_end(&plan);
}

static void centres_are_fitted_but_for_the_shipped_net_at_its_own_layer(void)
{
    static const struct {
        const char *text;
        bool fits;
    } table[] = {
        { "manifest: m\nrun: r\n", false },
        { "manifest: m\nrun: r\nspeech_units: {layer: auto}\n", false },
        { "manifest: m\nrun: r\nspeech_units: {layer: 1000}\n", true },
        { "manifest: m\nrun: r\nspeech_units: {kmeans: fit}\n", true },
        { "manifest: m\nrun: r\nspeech_units: {kmeans: compact, layer: 2}\n", false },
        { PLAN_MINIMUM, true },
        { "manifest: m\nrun: r\nspeech_units: {hubert: h, kmeans: ./fit}\n", false },
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        struct plan plan;
        check_status(plan_read(&plan, plan_scratch(table[t].text), NULL), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(plan_fits_units(&plan), table[t].fits);
        plan_end(&plan);
    }
}

static void values_that_contradict_each_other_are_refused(void)
{
    static const struct {
        const char *text, *fragment;
    } table[] = {
        { PLAN_MINIMUM "speak: {rate_wpm_min: 200}\n", "rate_wpm_min is above" },
        { PLAN_MINIMUM "speak: {pitch_min: 90}\n", "pitch_min is above" },
        { PLAN_MINIMUM "fit_units: {clusters: 10, frames_max: 9}\n", "frames_max is below" },
        { PLAN_MINIMUM "fit_units: {held_out_voices: [xx]}\n", "xx is not in speak.voices" },
    };
    for (size_t t = 0; t < sizeof table / sizeof table[0]; t++) {
        struct plan plan;
        check_status(plan_read(&plan, plan_scratch(table[t].text), NULL), STATUS_INVALID,
                     table[t].fragment);
    }
}

static void the_keys_are_listed_for_help(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    plan_write_keys(stream);
    fclose(stream);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  manifest "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "(required)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "  speak.rate_wpm_min "));
    CU_ASSERT_PTR_NULL(strstr(text, "digests"));
    free(text);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "defaults", a_minimal_plan_has_the_defaults },
        { "every kind of value", every_kind_of_value_is_read },
        { "paths start from the plan", paths_start_from_the_plans_folder_wherever_one_stands },
        { "overrides", overrides_win_and_their_paths_start_here },
        { "an override gives what the file lacks", an_override_may_give_what_the_file_lacks },
        { "bad overrides", bad_overrides_are_named },
        { "a list beyond its limit", a_list_beyond_its_limit_is_refused_not_cut },
        { "what is missing", what_is_missing_is_named },
        { "nets that ship", nets_that_are_not_named_are_those_that_ship },
        { "centres that ship", centres_are_fitted_but_for_the_shipped_net_at_its_own_layer },
        { "contradictions", values_that_contradict_each_other_are_refused },
        { "keys for help", the_keys_are_listed_for_help },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "plan", cases);
}
