#include "recognition/vocabulary.h"

#include <stdlib.h>
#include <string.h>

/* A hash table with open addressing. */
struct vocabulary {
    char (*words)[WORD_BYTES]; /* [capacity] */
    size_t *slots;             /* [2 * capacity] number + 1, or 0; capacity is a power of two */
    size_t count, capacity;
};

enum { FIRST_CAPACITY = 64 };

/* FNV-1a. */
static uint64_t hash(const char *word)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (; *word != '\0'; word++)
        sum = (sum ^ (unsigned char)*word) * UINT64_C(0x100000001b3);
    return sum;
}

/* Where the word stands, or would. */
static size_t *find_slot(const struct vocabulary *vocabulary, const char *word)
{
    const size_t mask = 2 * vocabulary->capacity - 1;
    size_t s = (size_t)hash(word) & mask;
    while (vocabulary->slots[s] != 0 &&
           strcmp(vocabulary->words[vocabulary->slots[s] - 1], word) != 0)
        s = (s + 1) & mask;
    return &vocabulary->slots[s];
}

static enum status grow(struct vocabulary *vocabulary, size_t capacity)
{
    char(*words)[WORD_BYTES] = realloc(vocabulary->words, capacity * sizeof *words);
    if (words != NULL)
        vocabulary->words = words;
    size_t *slots = calloc(2 * capacity, sizeof *slots);
    if (words == NULL || slots == NULL) {
        free(slots);
        return status_fail(STATUS_NO_MEMORY, "vocabulary of %zu words", capacity);
    }
    free(vocabulary->slots);
    vocabulary->slots = slots;
    vocabulary->capacity = capacity;
    for (size_t n = 0; n < vocabulary->count; n++)
        *find_slot(vocabulary, words[n]) = n + 1;
    return STATUS_OK;
}

enum status vocabulary_create(struct vocabulary **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "vocabulary");
    const enum status outcome = grow(*out, FIRST_CAPACITY);
    if (outcome != STATUS_OK) {
        vocabulary_destroy(*out);
        *out = NULL;
    }
    return outcome;
}

void vocabulary_destroy(struct vocabulary *vocabulary)
{
    if (vocabulary == NULL)
        return;
    free(vocabulary->words);
    free(vocabulary->slots);
    free(vocabulary);
}

enum status vocabulary_place(size_t *number, struct vocabulary *vocabulary, const char *word)
{
    size_t *slot = find_slot(vocabulary, word);
    if (*slot == 0) {
        if (vocabulary->count == VOCABULARY_MAX)
            return status_fail(STATUS_INVALID, "%s: more than %d different words", word,
                               VOCABULARY_MAX);
        if (vocabulary->count == vocabulary->capacity) {
            const enum status outcome = grow(vocabulary, 2 * vocabulary->capacity);
            if (outcome != STATUS_OK)
                return outcome;
            slot = find_slot(vocabulary, word);
        }
        strcpy(vocabulary->words[vocabulary->count], word);
        *slot = ++vocabulary->count;
    }
    *number = *slot - 1;
    return STATUS_OK;
}

bool vocabulary_find(size_t *number, const struct vocabulary *vocabulary, const char *word)
{
    const size_t slot = *find_slot(vocabulary, word);
    *number = slot > 0 ? slot - 1 : 0;
    return slot > 0;
}

size_t vocabulary_count(const struct vocabulary *vocabulary)
{
    return vocabulary->count;
}

const char *vocabulary_word(const struct vocabulary *vocabulary, size_t number)
{
    return vocabulary->words[number];
}
