/** CLIP image encoders: pictures to embeddings.
 *
 * Source: Radford et al. 2021 (arXiv:2103.00020) as written by openai/CLIP d05afc4 (class
 * VisionTransformer); the same net from OpenCLIP's and Hugging Face's files. Single precision,
 * inference only. All functions are local. A net holds its workspace, so it serves one thread; no
 * call but clip_create allocates.
 *
 * S: side of the pictures, D: width, T: tokens with the class token first, E: values of an
 * embedding. */
#ifndef TOKENIZERS_IMAGE_CLIP_H
#define TOKENIZERS_IMAGE_CLIP_H

#include "core/settings.h"
#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/clip_config.h"
#include "tokenizers/image/picture_trace.h"

#include <stddef.h>
#include <stdint.h>

struct clip; /* opaque: weights and workspace */

/** Makes a net of the image encoder in `table`, whatever stands before its names; a text encoder
 * beside it is ignored. Weights are borrowed where they can be: the table must outlive the net.
 * `settings` (NULL: none) is the configuration beside the weights; see clip_config_of_weights. On
 * success `*out` is the caller's, ended with clip_destroy; on failure it is NULL.
 *
 * Errors: STATUS_CORRUPT    no CLIP ViT; a tensor of it is missing, misshapen, not finite, unknown
 *         STATUS_INVALID    the settings do not fit the weights
 *         STATUS_NO_MEMORY */
enum status clip_create(struct clip **out, const struct tensor_table *table,
                        const struct settings *settings);

/** NULL is allowed. */
void clip_destroy(struct clip *net);

/** The net's sizes; borrowed from it. */
const struct clip_config *clip_sizes(const struct clip *net);

/** Pictures to embeddings, as the projection gives them: not scaled to length 1.
 *
 *     embeddings [count][E]        out
 *     pixels     [count][S][S][3]  in   RGB levels of the window that clip_config_window names
 *
 * Within 2e-5 of the reference inside and 5e-6 at the embedding (tests/golden/clip-vit-tiny). The
 * last bits of a picture's result may depend on how many there are in the call. */
void clip_encode(float *embeddings, struct clip *net, const uint8_t *pixels, size_t count);

/** As clip_encode, from planes of floats that have been normalised.
 *
 *     planes [count][3][S][S]  in  (level / 255 - mean) / deviation; finite */
void clip_encode_planes(float *embeddings, struct clip *net, const float *planes, size_t count);

/** From now on calls show the trace each array between input and output, as
 * tests/golden/clip-vit-tiny/README.md names them: patch, embed, ln_pre, block1_after_attn,
 * block1_fc1, block1, ..., pooled, embedding_normalised. `trace` is copied. NULL ends that. */
void clip_set_trace(struct clip *net, const struct picture_trace *trace);

#endif
