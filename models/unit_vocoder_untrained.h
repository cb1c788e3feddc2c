/** A unit vocoder that nobody trained: weights drawn from a seed, under the public names. It makes
 * a different hum for each unit; it stands in where only the machinery matters. */
#ifndef MODELS_UNIT_VOCODER_UNTRAINED_H
#define MODELS_UNIT_VOCODER_UNTRAINED_H

#include "models/unit_vocoder_config.h"

#include <stdint.h>

/** Local. Fills `*out` with all tensors of a vocoder of this size, weight norm in its two parts, as
 * the publishers have them. Each depends on `seed` and its name only. Durations are about 3 codes.
 * On success the caller ends the table; on failure it is empty. Errors: STATUS_NO_MEMORY. */
enum status unit_vocoder_untrained(struct tensor_table *out,
                                   const struct unit_vocoder_config *config, uint64_t seed);

#endif
