/* The image-to-speech-unit model against Im2Sp on GIT, recorded in golden/im2sp-tiny: every array
 * between picture and logits, both variants, every form of file. */
#include "nn/norm.h"
#include "tests/models/im2sp_golden.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float relative_limit = 1e-4f; /* as the golden's README suggests */

static float largest_of(const struct tensor *tensor)
{
    float largest = 0.0f;
    for (size_t i = 0; i < tensor->count; i++)
        largest = fmaxf(largest, fabsf(((const float *)tensor->data)[i]));
    return largest;
}

/* Compares `count` values with those of the tensor from `at` on. */
static void check_near(const struct tensor *tensor, size_t at, const float *values, size_t count)
{
    float worst = 0.0f;
    CU_ASSERT_FATAL(at + count <= tensor->count);
    for (size_t i = 0; i < count; i++) {
        const float distance = fabsf(values[i] - ((const float *)tensor->data)[at + i]);
        worst = distance <= worst ? worst : distance;
    }
    CU_ASSERT(worst <= relative_limit * largest_of(tensor));
    if (!(worst <= relative_limit * largest_of(tensor)))
        fprintf(stderr, "%s is off by %g of %g\n", tensor->name, (double)worst,
                (double)largest_of(tensor));
}

struct watch {
    const struct im2sp_golden *golden;
    size_t sample;  /* the golden's, of picture 0 of the call */
    size_t checked; /* arrays */
};

/* Rows that are padding see other things upstream, where a mask hides padding from them; nothing
 * reads them. */
static size_t real_rows(const struct im2sp_golden *golden, size_t sample)
{
    const struct tensor *lengths = tensor_table_find(&golden->inputs, "lengths");
    return (size_t)((const int64_t *)lengths->data)[sample];
}

/* decoder.layer.i holds a picture's rows, then its ids'. */
static void check_traced(void *payload, size_t number, const char *name, const float *values,
                         size_t rows, size_t columns)
{
    struct watch *watch = payload;
    char whole[64];
    const bool is_units = strstr(name, ".units") != NULL, is_image = strstr(name, ".image") != NULL;
    const size_t length = strlen(name) - (is_units || is_image ? 6 : 0);
    snprintf(whole, sizeof whole, "%.*s", (int)length, name);
    const struct tensor *tensor = tensor_table_find(&watch->golden->expected, whole);
    if (tensor == NULL)
        return;
    const size_t all = tensor->count / tensor->shape[0];
    size_t at = (watch->sample + number) * all;
    const bool is_text = is_units || strcmp(name, "text_embedding") == 0;
    if (is_units)
        at += (tensor->shape[1] - rows) * columns;
    check_near(tensor, at, values,
               (is_text ? real_rows(watch->golden, watch->sample) : rows) * columns);
    watch->checked++;
}

static double log_sum(const float *logits, size_t V)
{
    double largest = -INFINITY, sum = 0.0;
    for (size_t v = 0; v < V; v++)
        largest = fmax(largest, (double)logits[v]);
    for (size_t v = 0; v < V; v++)
        sum += exp((double)logits[v] - largest);
    return largest + log(sum);
}

/* Adds the cross-entropy of each id after the first that is no padding. */
static void add_loss(double *sum, size_t *count, const float *logits, const int64_t *ids, size_t L,
                     size_t V)
{
    for (size_t i = 0; i + 1 < L; i++) {
        if (ids[i + 1] == UNIT_ID_PAD)
            continue;
        *sum += log_sum(logits + i * V, V) - (double)logits[i * V + (size_t)ids[i + 1]];
        *count += 1;
    }
}

static void check_forced(struct im2sp_golden *golden, struct watch *watch)
{
    const struct tensor *ids = tensor_table_find(&golden->inputs, "input_ids");
    const struct tensor *logits = im2sp_golden_find(golden, "logits");
    const size_t L = ids->shape[1], V = im2sp_sizes(golden->net)->vocabulary;
    float *cache = calloc(im2sp_cache_count(golden->net, L), sizeof *cache);
    float *found = malloc(L * V * sizeof *found);
    struct im2sp_row *rows = calloc(L, sizeof *rows);
    double loss = 0.0;
    size_t count = 0;
    for (size_t p = 0; p < golden->count; p++) {
        const int64_t *row_ids = (const int64_t *)ids->data + p * L;
        for (size_t i = 0; i < L; i++)
            rows[i] = (struct im2sp_row){ golden->pictures[p], cache, i, (uint16_t)row_ids[i] };
        watch->sample = p;
        im2sp_step(found, golden->net, rows, L, L);
        check_near(logits, p * L * V, found, real_rows(golden, p) * V);
        add_loss(&loss, &count, found, row_ids, L, V);
    }
    const float expected = *(const float *)im2sp_golden_find(golden, "loss")->data;
    CU_ASSERT_DOUBLE_EQUAL(loss / (double)count, expected, relative_limit * (double)expected);
    free(cache);
    free(found);
    free(rows);
}

static void check_variant(const char *variant, const char *file)
{
    struct im2sp_golden golden;
    im2sp_golden_begin(&golden, variant, file);
    const struct im2sp_config *sizes = im2sp_sizes(golden.net);
    struct watch watch = { .golden = &golden };
    im2sp_set_trace(golden.net, &(struct im2sp_trace){ check_traced, &watch });
    im2sp_golden_encode(&golden, golden.count);
    const size_t vision = sizes->encoder.layers + (sizes->input == IM2SP_PIXELS ? 3 : 2);
    CU_ASSERT_EQUAL(watch.checked, golden.count * (vision + 1 + sizes->layers));
    watch.checked = 0;
    check_forced(&golden, &watch);
    CU_ASSERT_EQUAL(watch.checked, golden.count * (1 + sizes->layers));
    im2sp_golden_end(&golden);
}

static void pixels_give_the_references_arrays(void)
{
    check_variant("pixel", "model.safetensors");
    check_variant("pixel", "checkpoint.ckpt");
}

static void image_units_give_the_references_arrays(void)
{
    check_variant("imgunit", "model.safetensors");
    check_variant("imgunit", "checkpoint.ckpt");
}

/* One id at a time, or all at once, alone or beside others: the same bits. */
static void steps_do_not_depend_on_their_company(void)
{
    struct im2sp_golden golden;
    im2sp_golden_begin(&golden, "pixel", "model.safetensors");
    const struct tensor *ids = tensor_table_find(&golden.inputs, "input_ids");
    const size_t L = ids->shape[1], V = im2sp_sizes(golden.net)->vocabulary, B = golden.count;
    const size_t cache_count = im2sp_cache_count(golden.net, L);
    float *caches = calloc(B * cache_count, sizeof *caches);
    float *together = malloc(B * L * V * sizeof *together), *alone = malloc(V * sizeof *alone);
    struct im2sp_row *rows = calloc(B * L, sizeof *rows);
    im2sp_golden_encode(&golden, B);
    for (size_t i = 0; i < B * L; i++)
        rows[i] = (struct im2sp_row){ golden.pictures[i / L], caches + i / L * cache_count, i % L,
                                      (uint16_t)((const int64_t *)ids->data)[i] };
    im2sp_step(together, golden.net, rows, B * L, L);
    memset(caches, 0, B * cache_count * sizeof *caches);
    im2sp_golden_encode(&golden, 1);
    size_t wrong = 0;
    for (size_t i = 0; i < B * L; i++) {
        im2sp_step(alone, golden.net, &rows[i], 1, L);
        wrong += memcmp(alone, together + i * V, V * sizeof *alone) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(caches);
    free(together);
    free(alone);
    free(rows);
    im2sp_golden_end(&golden);
}

static void ids_are_the_references(void)
{
    struct im2sp_golden golden;
    im2sp_golden_begin(&golden, "imgunit", "model.safetensors");
    const struct tensor *to_id = im2sp_golden_find(&golden, "map.unit_to_id");
    const struct tensor *to_unit = im2sp_golden_find(&golden, "map.id_to_unit");
    const enum unit_ids ids = im2sp_sizes(golden.net)->ids;
    CU_ASSERT_EQUAL(ids, UNIT_IDS_PUBLIC);
    CU_ASSERT_EQUAL(unit_ids_vocabulary(to_id->count), to_unit->count);
    for (size_t u = 0; u < to_id->count; u++)
        CU_ASSERT_EQUAL(unit_ids_of_unit(ids, (uint16_t)u), ((const int64_t *)to_id->data)[u]);
    for (size_t i = 0; i < to_unit->count; i++)
        CU_ASSERT_EQUAL(unit_ids_to_unit(ids, (uint16_t)i), ((const int64_t *)to_unit->data)[i]);
    im2sp_golden_end(&golden);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "pixels give the reference's arrays", pixels_give_the_references_arrays },
        { "image units give the reference's arrays", image_units_give_the_references_arrays },
        { "steps do not depend on their company", steps_do_not_depend_on_their_company },
        { "ids are the reference's", ids_are_the_references },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "im2sp_golden", cases);
}
