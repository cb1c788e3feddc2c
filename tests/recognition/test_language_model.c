/* The language model, against shares worked out by hand. */
#include "recognition/language_model.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct language_model *model_of(const char *const *texts, size_t count)
{
    struct language_model *model = NULL;
    check_status(language_model_create(&model), STATUS_OK, NULL);
    for (size_t t = 0; t < count; t++)
        check_status(language_model_add(model, texts[t]), STATUS_OK, NULL);
    return model;
}

/* Leaves out the word `without`. The caller frees the text. */
static char *written(struct language_model *model, const char *without)
{
    char *text = NULL;
    size_t bytes = 0;
    const size_t words = language_model_word_count(model);
    bool *is_left_out = calloc(words, sizeof *is_left_out);
    for (size_t w = 0; w < words; w++)
        is_left_out[w] = strcmp(language_model_word(model, w), without) == 0;
    FILE *stream = open_memstream(&text, &bytes);
    check_status(language_model_write(stream, model, is_left_out), STATUS_OK, NULL);
    fclose(stream);
    free(is_left_out);
    return text;
}

/* The share that the line of these words has; and the rest that stands behind it. */
static double share(const char *arpa, const char *words, double *rest)
{
    char *lines = strdup(arpa), *state = NULL;
    double found = -1.0;
    for (char *line = strtok_r(lines, "\n", &state); line != NULL;
         line = strtok_r(NULL, "\n", &state)) {
        char *end = NULL;
        const double value = strtod(line, &end);
        const size_t length = strlen(words);
        if (end == line || *end != ' ' || strncmp(end + 1, words, length) != 0)
            continue;
        char *const after = end + 1 + length;
        const double behind = strtod(after, &end);
        if (*end != '\0')
            continue;
        if (rest != NULL)
            *rest = pow(10.0, behind);
        found = pow(10.0, value);
    }
    free(lines);
    return found;
}

static void shares_are_witten_and_bell_s(void)
{
    /* Words: a 2, b 1, c 1, ends 2, of 6. */
    static const char *const texts[] = { "a b.", "A c", "...", "" };
    struct language_model *model = model_of(texts, 4);
    char *arpa = written(model, "");
    double rest = 0.0;
    CU_ASSERT_PTR_NOT_NULL(strstr(arpa, "ngram 1=5\nngram 2=5\nngram 3=4\n"));
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "a", &rest), 2.0 / 6, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(rest, 2.0 / 4, 1e-4); /* two kinds of followers in two places */
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "<s>", &rest), 0.0, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(rest, 1.0 / 3, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "</s>", NULL), 2.0 / 6, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "<s> a", NULL), 2.0 / 3 * 1 + 1.0 / 3 * 2 / 6, 1e-4);
    const double a_b = 1.0 / 2 * 1 / 2 + 1.0 / 2 * 1 / 6;
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "a b", &rest), a_b, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(rest, 1.0 / 2, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "<s> a b", NULL), 1.0 / 2 * 1 / 2 + 1.0 / 2 * a_b, 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "c </s>", NULL), 1.0 / 2 * 1 + 1.0 / 2 * 2 / 6, 1e-4);
    CU_ASSERT_EQUAL(share(arpa, "a </s>", NULL), -1.0);
    free(arpa);
    language_model_destroy(model);
}

/* Over all words, what may follow `before` sums to one: seen followers, and the rest over what may
 * follow the end of it, `shorter`; NULL for one word. */
static double whole(const char *arpa, const struct language_model *model, const char *before,
                    const char *shorter)
{
    double sum = 0.0, rest = 1.0, rest_of_shorter = 1.0;
    share(arpa, before, &rest);
    if (shorter != NULL)
        share(arpa, shorter, &rest_of_shorter);
    for (size_t w = 1; w < language_model_word_count(model); w++) {
        const char *word = language_model_word(model, w);
        char all[256];
        snprintf(all, sizeof all, "%s %s", before, word);
        double seen = share(arpa, all, NULL), otherwise = share(arpa, word, NULL);
        if (shorter != NULL) {
            snprintf(all, sizeof all, "%s %s", shorter, word);
            const double seen_shorter = share(arpa, all, NULL);
            otherwise = seen_shorter >= 0.0 ? seen_shorter : rest_of_shorter * otherwise;
        }
        sum += seen >= 0.0 ? seen : rest * otherwise;
    }
    return sum;
}

static void shares_sum_to_one(void)
{
    static const char *const texts[] = { "a red star and a red car", "a star",
                                         "the car and a star" };
    struct language_model *model = model_of(texts, 3);
    char *arpa = written(model, "");
    for (size_t h = 0; h < language_model_word_count(model); h++) {
        const char *before = language_model_word(model, h);
        if (strcmp(before, "</s>") != 0)
            CU_ASSERT_DOUBLE_EQUAL(whole(arpa, model, before, NULL), 1.0, 1e-3);
    }
    CU_ASSERT_DOUBLE_EQUAL(whole(arpa, model, "a red", "red"), 1.0, 1e-3);
    CU_ASSERT_DOUBLE_EQUAL(whole(arpa, model, "<s> a", "a"), 1.0, 1e-3);
    free(arpa);
    language_model_destroy(model);
}

static void words_left_out_are_nowhere(void)
{
    static const char *const texts[] = { "a zyzzx b", "a b" };
    struct language_model *model = model_of(texts, 2);
    char *arpa = written(model, "zyzzx");
    CU_ASSERT_PTR_NULL(strstr(arpa, "zyzzx"));
    CU_ASSERT_PTR_NOT_NULL(strstr(arpa, "ngram 1=4\nngram 2=3\nngram 3=2\n"));
    CU_ASSERT_DOUBLE_EQUAL(share(arpa, "a b", NULL), 1.0 / 2 + 1.0 / 2 * 2 / 6, 1e-4);
    free(arpa);
    language_model_destroy(model);
}

static void a_model_without_words_is_refused(void)
{
    static const char *const texts[] = { "", "?" };
    const bool is_left_out[LANGUAGE_MODEL_ENDS] = { false };
    struct language_model *model = model_of(texts, 2);
    check_status(language_model_write(stdout, model, is_left_out), STATUS_INVALID, "no word");
    language_model_destroy(model);
    language_model_destroy(NULL);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "shares are Witten and Bell's", shares_are_witten_and_bell_s },
        { "shares sum to one", shares_sum_to_one },
        { "words left out are nowhere", words_left_out_are_nowhere },
        { "a model without words is refused", a_model_without_words_is_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "language_model", cases);
}
