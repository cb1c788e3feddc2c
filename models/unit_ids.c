#include "models/unit_ids.h"

/* Padding, beginning and end take an id each. */
enum { SPECIAL_COUNT = 3 };

size_t unit_ids_vocabulary(size_t units)
{
    return (units < UNIT_ID_BEGIN - 1 ? UNIT_ID_BEGIN - 1 : units) + SPECIAL_COUNT;
}

size_t unit_ids_units(size_t vocabulary)
{
    return vocabulary - SPECIAL_COUNT;
}

uint16_t unit_ids_of_unit(enum unit_ids ids, uint16_t unit)
{
    const uint16_t last_below = ids == UNIT_IDS_PUBLIC ? UNIT_ID_BEGIN - 1 : UNIT_ID_BEGIN - 2;
    return (uint16_t)(unit + (unit <= last_below ? 1 : SPECIAL_COUNT));
}

int32_t unit_ids_to_unit(enum unit_ids ids, uint16_t id)
{
    if (ids == UNIT_IDS_PUBLIC)
        return id <= UNIT_ID_BEGIN ? id - 1 : id - SPECIAL_COUNT;
    if (id == UNIT_ID_PAD || id == UNIT_ID_BEGIN || id == UNIT_ID_END)
        return -1;
    return id < UNIT_ID_BEGIN ? id - 1 : id - SPECIAL_COUNT;
}
