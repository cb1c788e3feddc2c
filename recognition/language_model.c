#include "recognition/language_model.h"

#include "recognition/vocabulary.h"

#include <math.h>
#include <stdlib.h>

enum { BEGIN, END };

struct language_model {
    struct vocabulary *words;
    uint64_t *pairs; /* [pair_count] a word and the next one, in the order of the texts */
    size_t pair_count, pair_room;
};

/* What the pairs come to, without the words that are left out. */
struct counts {
    size_t *before;    /* [words] how often a word stands before another */
    size_t *after;     /* [words] and after one */
    size_t *followers; /* [words] different words after it */
    size_t words, pairs, total;
};

static size_t first_of(uint64_t pair)
{
    return (size_t)(pair >> 32);
}

static size_t second_of(uint64_t pair)
{
    return (size_t)(pair & UINT32_MAX);
}

enum status language_model_create(struct language_model **out)
{
    size_t number = 0;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "language model");
    enum status outcome = vocabulary_create(&(*out)->words);
    if (outcome == STATUS_OK)
        outcome = vocabulary_place(&number, (*out)->words, "<s>");
    if (outcome == STATUS_OK)
        outcome = vocabulary_place(&number, (*out)->words, "</s>");
    if (outcome != STATUS_OK) {
        language_model_destroy(*out);
        *out = NULL;
    }
    return outcome;
}

void language_model_destroy(struct language_model *model)
{
    if (model == NULL)
        return;
    vocabulary_destroy(model->words);
    free(model->pairs);
    free(model);
}

static enum status add_pair(struct language_model *model, size_t first, size_t second)
{
    if (model->pair_count == model->pair_room) {
        const size_t room = model->pair_room > 0 ? 2 * model->pair_room : 1024;
        uint64_t *pairs = realloc(model->pairs, room * sizeof *pairs);
        if (pairs == NULL)
            return status_fail(STATUS_NO_MEMORY, "language model of %zu words", room);
        model->pairs = pairs;
        model->pair_room = room;
    }
    model->pairs[model->pair_count++] = (uint64_t)first << 32 | second;
    return STATUS_OK;
}

enum status language_model_add(struct language_model *model, const char *text)
{
    char word[WORD_BYTES];
    size_t before = BEGIN;
    enum status outcome = STATUS_OK;
    while (outcome == STATUS_OK && word_next(word, &text)) {
        size_t number = 0;
        outcome = vocabulary_place(&number, model->words, word);
        if (outcome == STATUS_OK)
            outcome = add_pair(model, before, number);
        before = number;
    }
    if (outcome == STATUS_OK && before != BEGIN)
        outcome = add_pair(model, before, END);
    return outcome;
}

size_t language_model_word_count(const struct language_model *model)
{
    return vocabulary_count(model->words);
}

const char *language_model_word(const struct language_model *model, size_t number)
{
    return vocabulary_word(model->words, number);
}

bool language_model_find(size_t *number, const struct language_model *model, const char *word)
{
    return vocabulary_find(number, model->words, word);
}

static int compare_pairs(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* The pairs from `at` on that are equal. */
static size_t run_of(const struct language_model *model, size_t at)
{
    size_t count = 1;
    while (at + count < model->pair_count && model->pairs[at + count] == model->pairs[at])
        count++;
    return count;
}

static void end_counts(struct counts *counts)
{
    free(counts->before);
    free(counts->after);
    free(counts->followers);
}

static enum status begin_counts(struct counts *counts, const struct language_model *model,
                                const bool *is_left_out)
{
    const size_t words = vocabulary_count(model->words);
    *counts = (struct counts){ .before = calloc(words, sizeof(size_t)),
                               .after = calloc(words, sizeof(size_t)),
                               .followers = calloc(words, sizeof(size_t)) };
    if (counts->before == NULL || counts->after == NULL || counts->followers == NULL) {
        end_counts(counts);
        return status_fail(STATUS_NO_MEMORY, "counts of %zu words", words);
    }
    for (size_t w = 0; w < words; w++)
        counts->words += !is_left_out[w];
    for (size_t at = 0, count = 0; at < model->pair_count; at += count) {
        const size_t first = first_of(model->pairs[at]), second = second_of(model->pairs[at]);
        count = run_of(model, at);
        if (is_left_out[second])
            continue;
        counts->after[second] += count;
        counts->total += count;
        if (is_left_out[first])
            continue;
        counts->before[first] += count;
        counts->followers[first]++;
        counts->pairs++;
    }
    return STATUS_OK;
}

/* What a word's followers that were never seen share. */
static double rest_of(const struct counts *counts, size_t word)
{
    const double seen = (double)counts->before[word], kinds = (double)counts->followers[word];
    return kinds / (seen + kinds);
}

static double frequency(const struct counts *counts, size_t word)
{
    return (double)counts->after[word] / (double)counts->total;
}

static void write_words(FILE *stream, const struct language_model *model,
                        const struct counts *counts, const bool *is_left_out)
{
    fprintf(stream, "\\1-grams:\n");
    for (size_t w = 0; w < vocabulary_count(model->words); w++) {
        if (is_left_out[w])
            continue;
        const double share = frequency(counts, w);
        fprintf(stream, "%.5f %s", share > 0.0 ? log10(share) : -99.0,
                vocabulary_word(model->words, w));
        if (w != END)
            fprintf(stream, " %.5f", counts->followers[w] > 0 ? log10(rest_of(counts, w)) : 0.0);
        fprintf(stream, "\n");
    }
}

static void write_pairs(FILE *stream, const struct language_model *model,
                        const struct counts *counts, const bool *is_left_out)
{
    fprintf(stream, "\n\\2-grams:\n");
    for (size_t at = 0, count = 0; at < model->pair_count; at += count) {
        const size_t first = first_of(model->pairs[at]), second = second_of(model->pairs[at]);
        count = run_of(model, at);
        if (is_left_out[first] || is_left_out[second])
            continue;
        const double rest = rest_of(counts, first);
        const double share = (1.0 - rest) * (double)count / (double)counts->before[first] +
                             rest * frequency(counts, second);
        fprintf(stream, "%.5f %s %s\n", log10(share), vocabulary_word(model->words, first),
                vocabulary_word(model->words, second));
    }
}

enum status language_model_write(FILE *stream, struct language_model *model,
                                 const bool *is_left_out)
{
    struct counts counts;
    if (model->pair_count > 0)
        qsort(model->pairs, model->pair_count, sizeof *model->pairs, compare_pairs);
    enum status outcome = begin_counts(&counts, model, is_left_out);
    if (outcome != STATUS_OK)
        return outcome;
    if (counts.words <= LANGUAGE_MODEL_ENDS) {
        end_counts(&counts);
        return status_fail(STATUS_INVALID, "language model: no word is left");
    }
    fprintf(stream, "\\data\\\nngram 1=%zu\nngram 2=%zu\n\n", counts.words, counts.pairs);
    write_words(stream, model, &counts, is_left_out);
    write_pairs(stream, model, &counts, is_left_out);
    fprintf(stream, "\n\\end\\\n");
    end_counts(&counts);
    if (fflush(stream) != 0 || ferror(stream))
        return status_fail(STATUS_IO, "language model: cannot write it");
    return STATUS_OK;
}
