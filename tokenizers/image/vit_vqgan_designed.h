/** A compact ViT-VQGAN that was calculated, not trained: a cosine transform of each patch, and a
 * codebook of patches as the given pictures have them, written as the weights of the ordinary net.
 *
 * Its units stand for the look of a patch, and its pictures can be recognised; a trained net knows
 * more of how patches hang together. Blocks of both towers add nothing. What the other parts do
 * is said in the source. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_DESIGNED_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_DESIGNED_H

#include "core/status.h"
#include "nn/tensor_table.h"

#include <stddef.h>
#include <stdint.h>

/** Local. Fills `*out` with the tensors of a net of vit_vqgan_config_compact(), under the public
 * names.
 *
 *     pixels [picture_count][256][256][3]  in  RGB levels; examples for the 8,192 codes
 *
 * The same pictures and the same seed give the same net on the same machine. On success the caller
 * ends the table; on failure it is empty.
 * Errors: STATUS_INVALID (fewer different patches than codes: give eight pictures or more),
 * STATUS_NO_MEMORY. */
enum status vit_vqgan_designed(struct tensor_table *out, const uint8_t *pixels,
                               size_t picture_count, uint64_t seed);

#endif
