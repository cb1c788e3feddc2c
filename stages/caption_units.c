#include "stages/caption_units.h"

#include <stdlib.h>

enum status caption_units(uint16_t **units, size_t *count, enum unit_ids ids,
                          const struct generation_result *result)
{
    *count = 0;
    *units = malloc(result->count * sizeof **units);
    if (*units == NULL)
        return status_fail(STATUS_NO_MEMORY, "a caption of %zu units", result->count);
    for (size_t i = 1; i < result->count; i++) {
        const int32_t unit = unit_ids_to_unit(ids, result->ids[i]);
        if (unit >= 0)
            (*units)[(*count)++] = (uint16_t)unit;
    }
    return STATUS_OK;
}
