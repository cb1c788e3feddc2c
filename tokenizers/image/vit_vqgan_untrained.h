/** A ViT-VQGAN that nobody trained: weights drawn from a seed, under the public names. Its units
 * carry what random projections keep, and its pictures are noise; it stands in where only the
 * machinery matters: first steps, benchmarks, tests. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_UNTRAINED_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_UNTRAINED_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/vit_vqgan_config.h"
#include "tokenizers/image/vit_vqgan_weights.h"

#include <stddef.h>
#include <stdint.h>

/** Local. Fills `*out` with all tensors of a ViT-VQGAN: matrices uniform as Glorot and Bengio 2010
 * (the upstream initialisation), gains 1, biases 0, codes normal, positions as
 * vit_vqgan_sine_positions; except that the patch matrix is four times that and its bias moves the
 * middle of the pixels' range to 0, so that tokens depend on the picture more than on the place.
 * Each tensor depends on `seed` and its name only.
 *
 * On success the caller ends the table; on failure it is empty.
 * Errors: STATUS_INVALID (a dim that is no multiple of 4), STATUS_NO_MEMORY. */
enum status vit_vqgan_untrained(struct tensor_table *out, const struct vit_vqgan_config *config,
                                uint64_t seed);

/** One tensor of these, from `seed` and its name.
 *
 *     values [product of entry->shape]  out
 *     patch  [D][3][patch][patch]       in   the patch matrix, already drawn; only its bias uses it
 *
 * Local; cannot fail. */
void vit_vqgan_untrained_draw(float *values, const struct vit_vqgan_entry *entry,
                              const struct vit_vqgan_config *config, const float *patch,
                              uint64_t seed);

/** The fixed table of positions that upstream starts from.
 *
 *     table [rows * columns][D]  out  D a multiple of 4: sine and cosine of the column at D / 4
 *                                     frequencies each, then the same of the row
 *
 * Local; allocates nothing, cannot fail. Source: enhancing-transformers e1c185d, within 1e-6. */
void vit_vqgan_sine_positions(float *table, size_t rows, size_t columns, size_t D);

#endif
