/** A CLIP image encoder that nobody trained: weights drawn from a seed, under OpenAI's names. Its
 * embeddings carry what random projections keep; it stands in where only the machinery matters:
 * first steps, benchmarks, tests. */
#ifndef TOKENIZERS_IMAGE_CLIP_UNTRAINED_H
#define TOKENIZERS_IMAGE_CLIP_UNTRAINED_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/clip_config.h"

#include <stdint.h>

/** Local. Fills `*out` with all tensors of the image encoder, whatever config->naming says:
 * matrices uniform as Glorot and Bengio 2010, gains 1, biases 0; class token, positions and
 * projection normal of deviation 1 / sqrt(width), as upstream starts them. Each tensor depends on
 * `seed` and its name only.
 *
 * On success the caller ends the table; on failure it is empty. Errors: STATUS_NO_MEMORY. */
enum status clip_untrained(struct tensor_table *out, const struct clip_config *config,
                           uint64_t seed);

#endif
