/* Generation against transformers' generate, recorded in golden/im2sp-tiny: greedy and beam search,
 * in batches of every size. */
#include "models/generation.h"
#include "tests/models/im2sp_golden.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float relative_limit = 1e-4f; /* as the golden's README suggests for logits */

/* Pictures of the golden one after the other, and what became of them. */
struct run {
    struct im2sp_golden *golden;
    const struct tensor *ids, *scores; /* expected; scores may be NULL */
    const char *name;                  /* "gen.greedy" */
    size_t next, taken;
};

static enum status give(void *payload, bool *is_there, float *picture, size_t *number,
                        const char **subject)
{
    struct run *run = payload;
    *is_there = run->next < run->golden->count;
    if (!*is_there)
        return STATUS_OK;
    *number = run->next++;
    *subject = "a picture";
    memcpy(picture, run->golden->pictures[*number],
           im2sp_picture_count(run->golden->net) * sizeof *picture);
    return STATUS_OK;
}

static void check_units(const struct run *run, const struct generation_result *result)
{
    char name[64];
    snprintf(name, sizeof name, "%s.units.%zu", run->name, result->number);
    const struct tensor *units = im2sp_golden_find(run->golden, name);
    const enum unit_ids ids = im2sp_sizes(run->golden->net)->ids;
    CU_ASSERT_EQUAL_FATAL(units->count, result->count - 1);
    for (size_t i = 0; i < units->count; i++)
        CU_ASSERT_EQUAL(unit_ids_to_unit(ids, result->ids[i + 1]),
                        ((const int64_t *)units->data)[i]);
}

static enum status take(void *payload, const struct generation_result *result)
{
    struct run *run = payload;
    const size_t L = run->ids->shape[1];
    const int64_t *expected = (const int64_t *)run->ids->data + result->number * L;
    size_t count = 0, wrong = 0;
    while (count < L && expected[count] != UNIT_ID_END)
        count++;
    run->taken++;
    CU_ASSERT_EQUAL(result->count, count);
    CU_ASSERT_EQUAL(result->is_cut, count == L);
    for (size_t i = 0; i < count && i < result->count; i++)
        wrong += (int64_t)result->ids[i] != expected[i];
    CU_ASSERT_EQUAL(wrong, 0);
    if (result->count == count)
        check_units(run, result);
    if (run->scores != NULL) {
        const float score = ((const float *)run->scores->data)[result->number];
        CU_ASSERT(fabsf(result->score - score) <= relative_limit * fabsf(score));
    }
    return STATUS_OK;
}

static void check_run(struct im2sp_golden *golden, const char *name,
                      struct generation_options options)
{
    char full[64];
    snprintf(full, sizeof full, "%s.ids", name);
    struct run run = { .golden = golden, .name = name, .ids = im2sp_golden_find(golden, full) };
    if (options.method == GENERATION_BEAM) {
        snprintf(full, sizeof full, "%s.scores", name);
        run.scores = im2sp_golden_find(golden, full);
    }
    for (options.batch = 1; options.batch <= golden->count + 1; options.batch++) {
        struct generation *generation = NULL;
        run.next = run.taken = 0;
        check_status(generation_create(&generation, golden->net, &options), STATUS_OK, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(generation);
        check_status(generation_run(generation, &(struct generation_ends){ give, take, &run }),
                     STATUS_OK, NULL);
        CU_ASSERT_EQUAL(run.taken, golden->count);
        generation_destroy(generation);
    }
}

/* Rows of the golden are as long as its longest answer; where one was cut, that is the limit. */
static size_t limit_of(const struct im2sp_golden *golden, const char *key, size_t fallback)
{
    return (size_t)settings_number(golden->weights.settings, key, (double)fallback);
}

static void check_variant(const char *variant)
{
    struct im2sp_golden golden;
    im2sp_golden_begin(&golden, variant, "model.safetensors");
    im2sp_golden_encode(&golden, golden.count);
    struct generation_options options = {
        .method = GENERATION_GREEDY,
        .captions = 1,
        .length_max = limit_of(&golden, "im2sp.max_length_greedy", 40),
        .beams = limit_of(&golden, "im2sp.num_beams", 3),
        .length_penalty = settings_number(golden.weights.settings, "im2sp.length_penalty", 1.0),
        .temperature = 1.0,
        .top_p = 1.0,
    };
    check_run(&golden, "gen.greedy", options);
    options.method = GENERATION_BEAM;
    check_run(&golden, "gen.beam3", options);
    options.method = GENERATION_SAMPLE; /* of one candidate: greedy */
    options.top_k = 1;
    check_run(&golden, "gen.greedy", options);
    options.top_k = 0;
    options.top_p = 1e-9;
    check_run(&golden, "gen.greedy", options);
    options.method = GENERATION_GREEDY;
    options.length_max = 8;
    check_run(&golden, "gen.greedy_max8", options);
    im2sp_golden_end(&golden);
}

static void pixels_say_what_the_reference_says(void)
{
    check_variant("pixel");
}

static void image_units_say_what_the_reference_says(void)
{
    check_variant("imgunit");
}

/* Logits of every step of the greedy search, until the sequence ends. */
static void logits_of_each_step_are_the_references(void)
{
    struct im2sp_golden golden;
    im2sp_golden_begin(&golden, "pixel", "model.safetensors");
    im2sp_golden_encode(&golden, golden.count);
    const struct tensor *ids = im2sp_golden_find(&golden, "gen.greedy.ids");
    const struct tensor *logits = im2sp_golden_find(&golden, "gen.greedy.step_logits");
    const size_t L = ids->shape[1], V = im2sp_sizes(golden.net)->vocabulary;
    float *cache = calloc(im2sp_cache_count(golden.net, L), sizeof *cache);
    float *found = malloc(V * sizeof *found), largest = 0.0f, worst = 0.0f;
    for (size_t i = 0; i < logits->count; i++)
        largest = fmaxf(largest, fabsf(((const float *)logits->data)[i]));
    for (size_t p = 0; p < golden.count; p++)
        for (size_t i = 0; i + 1 < L; i++) {
            const int64_t id = ((const int64_t *)ids->data)[p * L + i];
            const struct im2sp_row row = { golden.pictures[p], cache, i, (uint16_t)id };
            if (id == UNIT_ID_END)
                break;
            im2sp_step(found, golden.net, &row, 1, L);
            for (size_t v = 0; v < V; v++) {
                const float expected =
                    ((const float *)logits->data)[(p * logits->shape[1] + i) * V + v];
                worst = fmaxf(worst, fabsf(found[v] - expected));
            }
        }
    CU_ASSERT(worst <= relative_limit * largest);
    free(cache);
    free(found);
    im2sp_golden_end(&golden);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "pixels say what the reference says", pixels_say_what_the_reference_says },
        { "image units say what the reference says", image_units_say_what_the_reference_says },
        { "logits of each step are the reference's", logits_of_each_step_are_the_references },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "generation_golden", cases);
}
