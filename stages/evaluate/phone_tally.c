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
    tally->rows = calloc(ROWS_MAX, sizeof *tally->rows); /* pages that nobody touches cost nothing */
    return tally->rows != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "counts of phones");
}

void phone_tally_end(struct phone_tally *tally)
{
    for (size_t row = 0; tally->rows != NULL && row < row_at((struct tally_place){ tally->languages.count, false, 0 }, 0); row++)
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
