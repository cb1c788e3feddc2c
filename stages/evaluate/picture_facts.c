#include "stages/evaluate/picture_facts.h"

#include "recognition/vocabulary.h"
#include "storage/ground_truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fact {
    char *picture; /* owned */
    size_t kind, colour, place;
};

struct picture_facts {
    struct vocabulary *kinds, *colours, *places;
    struct fact *facts; /* [count] by picture */
    size_t count, room;
};

static enum status place_name(size_t *number, struct vocabulary *names, const char *name)
{
    if (strlen(name) >= WORD_BYTES)
        return status_fail(STATUS_INVALID, "ground truth: \"%.40s...\" is too long", name);
    return vocabulary_place(number, names, name);
}

static enum status take_object(void *payload, const struct ground_truth_object *object)
{
    struct picture_facts *facts = payload;
    struct fact fact = { 0 };
    if (facts->count == facts->room) {
        const size_t room = facts->room > 0 ? 2 * facts->room : 256;
        struct fact *grown = realloc(facts->facts, room * sizeof *grown);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "%zu facts", room);
        facts->facts = grown;
        facts->room = room;
    }
    enum status outcome = place_name(&fact.kind, facts->kinds, object->kind);
    if (outcome == STATUS_OK)
        outcome = place_name(&fact.colour, facts->colours, object->colour);
    if (outcome == STATUS_OK)
        outcome = place_name(&fact.place, facts->places, object->place);
    if (outcome != STATUS_OK)
        return outcome;
    fact.picture = strdup(object->picture);
    if (fact.picture == NULL)
        return status_fail(STATUS_NO_MEMORY, "facts");
    facts->facts[facts->count++] = fact;
    return STATUS_OK;
}

static int compare_pictures(const void *a, const void *b)
{
    return strcmp(((const struct fact *)a)->picture, ((const struct fact *)b)->picture);
}

enum status picture_facts_read(struct picture_facts **out, const char *path)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return status_fail(STATUS_NO_MEMORY, "facts");
    enum status outcome = vocabulary_create(&(*out)->kinds);
    if (outcome == STATUS_OK)
        outcome = vocabulary_create(&(*out)->colours);
    if (outcome == STATUS_OK)
        outcome = vocabulary_create(&(*out)->places);
    if (outcome == STATUS_OK)
        outcome = ground_truth_read(path, take_object, *out);
    if (outcome == STATUS_OK && (*out)->count > 0)
        qsort((*out)->facts, (*out)->count, sizeof *(*out)->facts, compare_pictures);
    if (outcome != STATUS_OK) {
        picture_facts_destroy(*out);
        *out = NULL;
    }
    return outcome;
}

void picture_facts_destroy(struct picture_facts *facts)
{
    if (facts == NULL)
        return;
    vocabulary_destroy(facts->kinds);
    vocabulary_destroy(facts->colours);
    vocabulary_destroy(facts->places);
    for (size_t f = 0; f < facts->count; f++)
        free(facts->facts[f].picture);
    free(facts->facts);
    free(facts);
}

/* What the caption in hand was found to name. */
struct naming {
    const struct picture_facts *facts;
    const struct fact *there; /* [there_count] of the picture */
    size_t there_count;
    bool *is_named; /* [kinds] */
    size_t kinds, colours, places, wrong_kinds, wrong_colours, wrong_places;
};

static void find_picture(struct naming *naming, const char *picture)
{
    const struct picture_facts *facts = naming->facts;
    size_t low = 0, high = facts->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(facts->facts[middle].picture, picture) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (high < facts->count && strcmp(facts->facts[high].picture, picture) == 0)
        high++;
    naming->there = facts->facts + low;
    naming->there_count = high - low;
}

/* "star" and "stars". */
static bool find_kind(size_t *kind, const struct picture_facts *facts, const char *word)
{
    char stem[WORD_BYTES];
    const size_t length = strlen(word);
    if (vocabulary_find(kind, facts->kinds, word))
        return true;
    if (length < 2 || word[length - 1] != 's')
        return false;
    memcpy(stem, word, length - 1);
    stem[length - 1] = '\0';
    return vocabulary_find(kind, facts->kinds, stem);
}

/* `before`: the word before it, perhaps its colour. */
static void name_kind(struct naming *naming, size_t kind, const char *before)
{
    size_t colour = 0;
    const bool has_colour = vocabulary_find(&colour, naming->facts->colours, before);
    bool is_there = false, is_coloured = false;
    for (size_t f = 0; f < naming->there_count; f++) {
        is_there |= naming->there[f].kind == kind;
        is_coloured |= naming->there[f].kind == kind && naming->there[f].colour == colour;
    }
    naming->is_named[kind] = true;
    naming->kinds++;
    naming->wrong_kinds += !is_there;
    naming->colours += has_colour;
    naming->wrong_colours += has_colour && !is_coloured;
}

static void name_place(struct naming *naming, size_t place)
{
    bool is_there = false;
    for (size_t f = 0; f < naming->there_count; f++)
        is_there |= naming->there[f].place == place;
    naming->places++;
    naming->wrong_places += !is_there;
}

/* The place that the text begins with, of two words or one; the text then moves behind it. */
static bool read_place(size_t *place, const struct picture_facts *facts, const char **text)
{
    char first[WORD_BYTES], second[WORD_BYTES], next[WORD_BYTES], both[WORD_BYTES];
    const char *after_one = *text;
    if (!word_next(first, &after_one))
        return false;
    const char *after_two = after_one, *after = after_one;
    bool is_found = false;
    if (word_next(second, &after_two) &&
        snprintf(both, sizeof both, "%s %s", first, second) < (int)sizeof both &&
        vocabulary_find(place, facts->places, both)) {
        is_found = true;
        after = after_two;
    } else
        is_found = vocabulary_find(place, facts->places, first);
    *text = after;
    return is_found && !(word_next(next, &after) && strcmp(next, "of") == 0);
}

static void read_caption(struct naming *naming, const char *caption)
{
    char before[WORD_BYTES] = "", word[WORD_BYTES];
    for (const char *at = caption, *next = caption; word_next(word, &next); at = next) {
        size_t number = 0;
        const char *behind = at;
        if (find_kind(&number, naming->facts, word))
            name_kind(naming, number, before);
        else if (read_place(&number, naming->facts, &behind)) {
            name_place(naming, number);
            next = behind;
        }
        memcpy(before, word, sizeof before);
    }
}

static void add_naming(struct fact_tally *tally, const struct naming *naming)
{
    const bool kinds_right = naming->kinds > 0 && naming->wrong_kinds == 0;
    const bool colours_right = naming->colours > 0 && naming->wrong_colours == 0;
    tally->captions++;
    tally->kinds_right += kinds_right;
    tally->colours_right += colours_right;
    tally->places_named += naming->places > 0;
    tally->places_right += naming->places > 0 && naming->wrong_places == 0;
    tally->all_right += kinds_right && colours_right && naming->wrong_places == 0;
    for (size_t f = 0; f < naming->there_count; f++) {
        bool is_again = false;
        for (size_t g = 0; g < f; g++)
            is_again |= naming->there[g].kind == naming->there[f].kind;
        tally->kinds += !is_again;
        tally->kinds_named += !is_again && naming->is_named[naming->there[f].kind];
    }
}

enum status fact_tally_add(struct fact_tally *tally, const struct picture_facts *facts,
                           const char *picture, const char *caption)
{
    struct naming naming = { .facts = facts };
    find_picture(&naming, picture);
    if (naming.there_count == 0)
        return STATUS_OK;
    naming.is_named = calloc(vocabulary_count(facts->kinds), sizeof *naming.is_named);
    if (naming.is_named == NULL)
        return status_fail(STATUS_NO_MEMORY, "facts");
    read_caption(&naming, caption);
    add_naming(tally, &naming);
    free(naming.is_named);
    return STATUS_OK;
}
