/** An image-to-speech-unit model that nobody trained: weights drawn from a seed, under Hugging
 * Face's names. What it says depends on the picture and means nothing. */
#ifndef MODELS_IM2SP_UNTRAINED_H
#define MODELS_IM2SP_UNTRAINED_H

#include "models/im2sp_config.h"

#include <stdint.h>

/** Local. Fills `*out` with all tensors of a model of this size: matrices normal with a deviation
 * that keeps loudness, tables normal, gains 1, biases 0 but for that of a sequence's end, -3, so
 * that captions have some length. Each depends on `seed` and its name only.
 * On success the caller ends the table; on failure it is empty. Errors: STATUS_NO_MEMORY. */
enum status im2sp_untrained(struct tensor_table *out, const struct im2sp_config *config,
                            uint64_t seed);

#endif
