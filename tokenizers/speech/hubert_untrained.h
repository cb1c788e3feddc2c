/** A HuBERT that nobody trained: seeded random weights, for quick starts, tests and measurements.
 *
 * Its features are those of a random net: they differ from frame to frame and from sound to sound,
 * and say no more. */
#ifndef TOKENIZERS_SPEECH_HUBERT_UNTRAINED_H
#define TOKENIZERS_SPEECH_HUBERT_UNTRAINED_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/speech/hubert_config.h"

#include <stdint.h>

/** Local. Adds the tensors of a net of this config to `table` (which may be all zero), under
 * Hugging Face's names. Each is a function of the seed and its name alone. Write the config beside
 * it with hubert_config_write. On failure the table may hold a part; end it.
 *
 * Errors: STATUS_INVALID (a tensor is there already), STATUS_NO_MEMORY. */
enum status hubert_untrained(struct tensor_table *table, const struct hubert_config *config,
                             uint64_t seed);

#endif
