#include "stages/evaluate/phone_tally.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = NAME_LIST_MAX * 2 * TALLY_UNITS_COUNT * NAME_LIST_MAX };

static size_t row_at(struct tally_place place, size_t phone)
{
    const size_t held_out = place.is_held_out ? 1 : 0;
    return ((place.language * 2 + held_out) * TALLY_UNITS_COUNT + place.units) * NAME_LIST_MAX +
           phone;
}

enum status phone_tally_begin(struct phone_tally *tally, size_t clusters)
{
    *tally = (struct phone_tally){ .clusters = clusters };
    tally->rows =
        calloc(ROWS_MAX, sizeof *tally->rows); /* pages that nobody touches cost nothing */
    return tally->rows != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "counts of phones");
}

/* Rows that the languages so far can have. */
static size_t row_count(const struct phone_tally *tally)
{
    return row_at((struct tally_place){ .language = tally->languages.count }, 0);
}

void phone_tally_end(struct phone_tally *tally)
{
    for (size_t row = 0; tally->rows != NULL && row < row_count(tally); row++)
        free(tally->rows[row]);
    free(tally->rows);
    name_list_end(&tally->phones);
    name_list_end(&tally->languages);
    *tally = (struct phone_tally){ 0 };
}

static int64_t *row_for(struct phone_tally *tally, size_t row)
{
    if (tally->rows[row] == NULL)
        tally->rows[row] = calloc(tally->clusters, sizeof **tally->rows);
    if (tally->rows[row] == NULL)
        status_fail(STATUS_NO_MEMORY, "counts of %zu units", tally->clusters);
    return tally->rows[row];
}

enum status phone_tally_add(struct phone_tally *tally, struct tally_place place,
                            const uint16_t *phones, const uint16_t *units, size_t frames)
{
    for (size_t f = 0; f < frames; f++) {
        if (units[f] >= tally->clusters)
            return status_fail(STATUS_CORRUPT, "unit %u of %zu", units[f], tally->clusters);
        int64_t *row = row_for(tally, row_at(place, phones[f]));
        if (row == NULL)
            return STATUS_NO_MEMORY;
        row[units[f]]++;
    }
    return STATUS_OK;
}

/* Where a name stands in a list that holds it. */
static size_t number_of(const struct name_list *list, const char *name)
{
    size_t number = 0;
    while (number + 1 < list->count && strcmp(list->names[number], name) != 0)
        number++;
    return number;
}

/* The number in `united` of a row of `mine`. */
static size_t united_row(const struct phone_tally *united, const struct phone_tally *mine,
                         size_t row)
{
    const size_t phone = row % NAME_LIST_MAX, cell = row / NAME_LIST_MAX;
    const size_t language = cell / (2 * TALLY_UNITS_COUNT);
    const struct tally_place place = {
        .language = number_of(&united->languages, mine->languages.names[language]),
        .is_held_out = cell / TALLY_UNITS_COUNT % 2 == 1,
        .units = cell % TALLY_UNITS_COUNT,
    };
    return row_at(place, number_of(&united->phones, mine->phones.names[phone]));
}

/* Copies the rows of `mine` to their places in `united`, and marks them in `is_used`. */
static enum status copy_rows(struct phone_tally *united, int64_t *is_used,
                             const struct phone_tally *mine)
{
    for (size_t row = 0; row < row_count(mine); row++) {
        if (mine->rows[row] == NULL)
            continue;
        const size_t number = united_row(united, mine, row);
        int64_t *copy = row_for(united, number);
        if (copy == NULL)
            return STATUS_NO_MEMORY;
        memcpy(copy, mine->rows[row], mine->clusters * sizeof *copy);
        is_used[number] = 1;
    }
    return STATUS_OK;
}

/* Adds the rows up that any rank has. */
static enum status add_rows(struct phone_tally *united, const struct phone_tally *mine,
                            const struct team *team)
{
    const size_t count = row_count(united);
    int64_t *is_used = calloc(count + 1, sizeof *is_used);
    enum status outcome = STATUS_OK;
    if (is_used == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "counts of phones");
    if (outcome == STATUS_OK)
        outcome = copy_rows(united, is_used, mine);
    outcome = team_agree(team, "copy counts", outcome);
    if (outcome == STATUS_OK) {
        team_sum(team, is_used, count);
        for (size_t row = 0; row < count && outcome == STATUS_OK; row++)
            if (is_used[row] > 0 && row_for(united, row) == NULL)
                outcome = STATUS_NO_MEMORY;
        outcome = team_agree(team, "prepare counts", outcome);
    }
    for (size_t row = 0; row < count && outcome == STATUS_OK; row++)
        if (is_used[row] > 0)
            team_sum(team, united->rows[row], united->clusters);
    free(is_used);
    return outcome;
}

enum status phone_tally_unite(struct phone_tally *united, const struct phone_tally *mine,
                              const struct team *team)
{
    enum status outcome = phone_tally_begin(united, mine->clusters);
    outcome = team_agree(team, "begin counts", outcome);
    if (outcome == STATUS_OK)
        outcome = name_list_unite(&united->phones, &mine->phones, team);
    if (outcome == STATUS_OK)
        outcome = name_list_unite(&united->languages, &mine->languages, team);
    if (outcome == STATUS_OK)
        outcome = add_rows(united, mine, team);
    if (outcome != STATUS_OK)
        phone_tally_end(united);
    return outcome;
}

static bool takes(enum tally_voices voices, bool is_held_out)
{
    return voices == TALLY_ALL_VOICES || (voices == TALLY_HELD_OUT_VOICES) == is_held_out;
}

static void add_cell(int64_t *counts, const struct phone_tally *tally, struct tally_place place)
{
    for (size_t p = 0; p < tally->phones.count; p++) {
        const int64_t *row = tally->rows[row_at(place, p)];
        for (size_t k = 0; row != NULL && k < tally->clusters; k++)
            counts[p * tally->clusters + k] += row[k];
    }
}

enum status phone_tally_measure(struct unit_quality *out, const struct phone_tally *tally,
                                enum tally_units units, enum tally_voices voices, size_t language)
{
    const size_t P = tally->phones.count, K = tally->clusters;
    int64_t *counts = calloc(P * K + 1, sizeof *counts);
    if (counts == NULL)
        return status_fail(STATUS_NO_MEMORY, "counts of %zu phones and %zu units", P, K);
    for (size_t l = 0; l < tally->languages.count; l++)
        for (int held_out = 0; held_out < 2; held_out++)
            if ((language == TALLY_ALL_LANGUAGES || language == l) && takes(voices, held_out == 1))
                add_cell(counts, tally, (struct tally_place){ l, held_out == 1, units });
    unit_quality_measure(out, counts, P, K);
    free(counts);
    return STATUS_OK;
}
