/** ViT-VQGAN: pictures to discrete units, and back.
 *
 * Source: Yu et al. 2022 (arXiv:2110.04627) as written by thuanz123/enhancing-transformers
 * e1c185d (class ViTVQ); names, shapes and numbers are that program's. Single precision, inference
 * only. All functions are local. A net holds its workspace, so it serves one thread; no call but
 * vit_vqgan_create allocates.
 *
 * H, W: the picture's height and width; T: its tokens, row by row; C: values of a code. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/picture_trace.h"
#include "tokenizers/image/vit_vqgan_config.h"

#include <stddef.h>
#include <stdint.h>

struct vit_vqgan; /* opaque: weights and workspace */

/** Makes a net of the weights in `table`, which are borrowed where they can be: the table must
 * outlive the net. `settings` (NULL: none) is the configuration beside the weights; see
 * vit_vqgan_config_of_weights. On success `*out` is the caller's, ended with vit_vqgan_destroy; on
 * failure it is NULL.
 *
 * Errors: STATUS_CORRUPT    a tensor is missing, misshapen, not finite or unknown (loss.* is
 * ignored) STATUS_INVALID    the settings do not fit the weights STATUS_NO_MEMORY */
enum status vit_vqgan_create(struct vit_vqgan **out, const struct tensor_table *table,
                             const struct settings *settings);

/** NULL is allowed. */
void vit_vqgan_destroy(struct vit_vqgan *net);

/** The net's sizes; borrowed from it. */
const struct vit_vqgan_config *vit_vqgan_sizes(const struct vit_vqgan *net);

/** Pictures to tokens.
 *
 *     tokens  [count][T]        out  0 .. K - 1: the code nearest by cosine, the lowest on a tie
 *     latents [count][T][C]     out  before quantisation; NULL: not wanted
 *     pixels  [count][H][W][3]  in   RGB levels; the net sees level / 255
 *
 * Within 2e-5 of the reference inside and 4e-6 at the latents (tests/golden/vit-vqgan-tiny). With
 * 512 tokens or more a picture's result does not depend on its neighbours in the call; with fewer,
 * its last bits may. */
void vit_vqgan_encode(uint16_t *tokens, float *latents, struct vit_vqgan *net,
                      const uint8_t *pixels, size_t count);

/** As vit_vqgan_encode, from planes of floats, 0 .. 1.
 *
 *     planes [count][3][H][W]  in  finite */
void vit_vqgan_encode_planes(uint16_t *tokens, float *latents, struct vit_vqgan *net,
                             const float *planes, size_t count);

/** Tokens to pictures.
 *
 *     planes [count][3][H][W]  out  not clamped; NULL: not wanted
 *     pixels [count][H][W][3]  out  clamped and rounded levels; NULL: not wanted
 *     tokens [count][T]        in
 *
 * Errors: STATUS_INVALID, naming the first token that is not in the codebook; nothing is written.
 */
enum status vit_vqgan_decode(float *planes, uint8_t *pixels, struct vit_vqgan *net,
                             const uint16_t *tokens, size_t count);

/** The codebook, borrowed from the net: [K][C]. As the weights have it, which is what SeiT and
 * Image-to-Speech feed on; and with rows of length 1, which is what matching and decoding use. */
const float *vit_vqgan_codes(const struct vit_vqgan *net);
const float *vit_vqgan_unit_codes(const struct vit_vqgan *net);

/** From now on calls show the trace each array between input and output, as
 * tests/golden/vit-vqgan-tiny/README.md names them: patch_embed, enc_in, enc_block1_after_attn,
 * enc_block1, ..., enc_out, z, quant (unit codes); quant, post_quant, dec_in, ..., dec_out. `trace`
 * is copied. NULL ends that. */
void vit_vqgan_set_trace(struct vit_vqgan *net, const struct picture_trace *trace);

#endif
