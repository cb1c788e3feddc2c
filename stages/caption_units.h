/** The units of a generated caption, out of its ids. Local. */
#ifndef STAGES_CAPTION_UNITS_H
#define STAGES_CAPTION_UNITS_H

#include "models/generation.h"

/** The units of a result, without its beginning and without ids that stand for no unit.
 * `*units` [`*count`] is the caller's, to free; NULL on failure. Errors: STATUS_NO_MEMORY. */
enum status caption_units(uint16_t **units, size_t *count, enum unit_ids ids,
                          const struct generation_result *result);

#endif
