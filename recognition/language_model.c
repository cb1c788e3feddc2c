#include "recognition/language_model.h"

#include "recognition/vocabulary.h"

#include <math.h>
#include <stdlib.h>

enum { BEGIN, END };

/* A key holds the numbers of two or three words, the last one lowest. */
enum { WORD_BITS = 21 };
_Static_assert(VOCABULARY_MAX <= 1 << WORD_BITS, "three words fit into a key");

/* Keys in the order of the texts. */
struct gram_list {
    uint64_t *keys; /* [count] */
    size_t count, room;
};

struct language_model {
    struct vocabulary *words;
    struct gram_list pairs, triples;
};

/* Each key once, ascending. */
struct gram {
    uint64_t key;
    size_t count;
};

struct gram_table {
    struct gram *grams; /* [count] */
    size_t count;
};

/* How often something stands before a word, and before how many different ones. */
struct followers {
    size_t places, kinds;
};

/* What the texts come to, without the words that are left out. */
struct counts {
    size_t *of;                  /* [words] how often a word stands, but for beginnings */
    struct followers *followers; /* [words] */
    size_t words, total;
    struct gram_table pairs, triples;
};

static size_t word_of(uint64_t key, unsigned from_last)
{
    return (size_t)(key >> (WORD_BITS * from_last)) & ((1u << WORD_BITS) - 1);
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
    free(model->pairs.keys);
    free(model->triples.keys);
    free(model);
}

static enum status add_key(struct gram_list *list, uint64_t key)
{
    if (list->count == list->room) {
        const size_t room = list->room > 0 ? 2 * list->room : 1024;
        uint64_t *keys = realloc(list->keys, room * sizeof *keys);
        if (keys == NULL)
            return status_fail(STATUS_NO_MEMORY, "language model of %zu words", room);
        list->keys = keys;
        list->room = room;
    }
    list->keys[list->count++] = key;
    return STATUS_OK;
}

/* `before`: the last two words, 0 of which are there at the beginning of a sentence. */
static enum status add_word(struct language_model *model, const size_t before[2], size_t known,
                            size_t word)
{
    const uint64_t pair = (uint64_t)before[1] << WORD_BITS | word;
    enum status outcome = add_key(&model->pairs, pair);
    if (outcome == STATUS_OK && known == 2)
        outcome = add_key(&model->triples, (uint64_t)before[0] << (2 * WORD_BITS) | pair);
    return outcome;
}

enum status language_model_add(struct language_model *model, const char *text)
{
    char word[WORD_BYTES];
    size_t before[2] = { BEGIN, BEGIN }, known = 1;
    enum status outcome = STATUS_OK;
    while (outcome == STATUS_OK && word_next(word, &text)) {
        size_t number = 0;
        outcome = vocabulary_place(&number, model->words, word);
        if (outcome == STATUS_OK)
            outcome = add_word(model, before, known, number);
        before[0] = before[1];
        before[1] = number;
        known = 2;
    }
    if (outcome == STATUS_OK && known == 2)
        outcome = add_word(model, before, known, END);
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

static int compare_keys(const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Counts the keys, which become sorted, but those with a word that is left out. */
static enum status count_grams(struct gram_table *table, struct gram_list *list, unsigned words,
                               const bool *is_left_out)
{
    table->grams = malloc((list->count + 1) * sizeof *table->grams);
    if (table->grams == NULL)
        return status_fail(STATUS_NO_MEMORY, "language model of %zu words", list->count);
    if (list->count > 0)
        qsort(list->keys, list->count, sizeof *list->keys, compare_keys);
    for (size_t k = 0; k < list->count; k++) {
        const uint64_t key = list->keys[k];
        bool is_whole = true;
        for (unsigned w = 0; w < words; w++)
            is_whole &= !is_left_out[word_of(key, w)];
        if (is_whole && table->count > 0 && table->grams[table->count - 1].key == key)
            table->grams[table->count - 1].count++;
        else if (is_whole)
            table->grams[table->count++] = (struct gram){ key, 1 };
    }
    return STATUS_OK;
}

static void end_counts(struct counts *counts)
{
    free(counts->of);
    free(counts->followers);
    free(counts->pairs.grams);
    free(counts->triples.grams);
}

static enum status begin_counts(struct counts *counts, struct language_model *model,
                                const bool *is_left_out)
{
    const size_t words = vocabulary_count(model->words);
    *counts = (struct counts){ .of = calloc(words, sizeof *counts->of),
                               .followers = calloc(words, sizeof *counts->followers) };
    if (counts->of == NULL || counts->followers == NULL)
        return status_fail(STATUS_NO_MEMORY, "counts of %zu words", words);
    for (size_t w = 0; w < words; w++)
        counts->words += !is_left_out[w];
    if (counts->words <= LANGUAGE_MODEL_ENDS)
        return status_fail(STATUS_INVALID, "language model: no word is left");
    for (size_t k = 0; k < model->pairs.count; k++) {
        const size_t word = word_of(model->pairs.keys[k], 0);
        counts->of[word]++;
        counts->total += !is_left_out[word];
    }
    enum status outcome = count_grams(&counts->pairs, &model->pairs, 2, is_left_out);
    if (outcome == STATUS_OK)
        outcome = count_grams(&counts->triples, &model->triples, 3, is_left_out);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t p = 0; p < counts->pairs.count; p++) {
        struct followers *followers = &counts->followers[word_of(counts->pairs.grams[p].key, 1)];
        followers->places += counts->pairs.grams[p].count;
        followers->kinds++;
    }
    return STATUS_OK;
}

/* What is left for followers that were never seen. */
static double rest_of(struct followers followers)
{
    return followers.kinds > 0
               ? (double)followers.kinds / (double)(followers.places + followers.kinds)
               : 1.0;
}

static double share_of(struct followers followers, size_t count, double otherwise)
{
    const double rest = rest_of(followers);
    return (1.0 - rest) * (double)count / (double)followers.places + rest * otherwise;
}

static double word_share(const struct counts *counts, size_t word)
{
    return (double)counts->of[word] / (double)counts->total;
}

static double pair_share(const struct counts *counts, const struct gram *pair)
{
    return share_of(counts->followers[word_of(pair->key, 1)], pair->count,
                    word_share(counts, word_of(pair->key, 0)));
}

/* The pair that a triple ends with, which was counted too. */
static const struct gram *last_pair(const struct counts *counts, uint64_t triple)
{
    const uint64_t key = triple & ((UINT64_C(1) << (2 * WORD_BITS)) - 1);
    return bsearch(&key, counts->pairs.grams, counts->pairs.count, sizeof *counts->pairs.grams,
                   compare_keys);
}

/* What follows a pair, from triple `*at` on, which moves behind it. Both go up alike. */
static struct followers read_followers(const struct gram_table *triples, uint64_t pair, size_t *at)
{
    struct followers followers = { 0 };
    for (; *at < triples->count && triples->grams[*at].key >> WORD_BITS == pair; ++*at) {
        followers.places += triples->grams[*at].count;
        followers.kinds++;
    }
    return followers;
}

static void write_words(FILE *stream, const struct language_model *model,
                        const struct counts *counts, const bool *is_left_out)
{
    fprintf(stream, "\\1-grams:\n");
    for (size_t w = 0; w < vocabulary_count(model->words); w++) {
        if (is_left_out[w])
            continue;
        const double share = word_share(counts, w);
        fprintf(stream, "%.5f %s", share > 0.0 ? log10(share) : -99.0,
                vocabulary_word(model->words, w));
        if (w != END)
            fprintf(stream, " %.5f", log10(rest_of(counts->followers[w])));
        fprintf(stream, "\n");
    }
}

static void write_pairs(FILE *stream, const struct language_model *model,
                        const struct counts *counts)
{
    size_t at = 0;
    fprintf(stream, "\n\\2-grams:\n");
    for (size_t p = 0; p < counts->pairs.count; p++) {
        const struct gram *pair = &counts->pairs.grams[p];
        const size_t last = word_of(pair->key, 0);
        const struct followers followers = read_followers(&counts->triples, pair->key, &at);
        fprintf(stream, "%.5f %s %s", log10(pair_share(counts, pair)),
                vocabulary_word(model->words, word_of(pair->key, 1)),
                vocabulary_word(model->words, last));
        if (last != END)
            fprintf(stream, " %.5f", log10(rest_of(followers)));
        fprintf(stream, "\n");
    }
}

static void write_triples(FILE *stream, const struct language_model *model,
                          const struct counts *counts)
{
    fprintf(stream, "\n\\3-grams:\n");
    for (size_t begin = 0, end = 0; begin < counts->triples.count; begin = end) {
        const uint64_t first = counts->triples.grams[begin].key >> WORD_BITS;
        const struct followers followers = read_followers(&counts->triples, first, &end);
        for (size_t t = begin; t < end; t++) {
            const struct gram *triple = &counts->triples.grams[t];
            const double otherwise = pair_share(counts, last_pair(counts, triple->key));
            fprintf(stream, "%.5f %s %s %s\n", log10(share_of(followers, triple->count, otherwise)),
                    vocabulary_word(model->words, word_of(triple->key, 2)),
                    vocabulary_word(model->words, word_of(triple->key, 1)),
                    vocabulary_word(model->words, word_of(triple->key, 0)));
        }
    }
}

enum status language_model_write(FILE *stream, struct language_model *model,
                                 const bool *is_left_out)
{
    struct counts counts;
    enum status outcome = begin_counts(&counts, model, is_left_out);
    if (outcome == STATUS_OK) {
        fprintf(stream, "\\data\\\nngram 1=%zu\nngram 2=%zu\nngram 3=%zu\n\n", counts.words,
                counts.pairs.count, counts.triples.count);
        write_words(stream, model, &counts, is_left_out);
        write_pairs(stream, model, &counts);
        write_triples(stream, model, &counts);
        fprintf(stream, "\n\\end\\\n");
        if (fflush(stream) != 0 || ferror(stream))
            outcome = status_fail(STATUS_IO, "language model: cannot write it");
    }
    end_counts(&counts);
    return outcome;
}
