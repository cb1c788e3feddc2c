/** The ViT-VQGAN on the tape, to be trained. Its parameters have the names and shapes of
 * tokenizers/image/vit_vqgan.h, so that what is trained here is what that runs. Local.
 *
 * As upstream: positions are fixed, codes are compared by cosine, and the gradient of what the
 * decoder takes in goes straight to the latents. Codes do not decay.
 *
 * Source: as tokenizers/image/vit_vqgan.h; forward within 1e-4 of it.
 *
 * T: tokens of a picture, p: side of a patch, C: values of a code. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_TRAINED_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_TRAINED_H

#include "nn/parameters.h"
#include "nn/tape.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/vit_vqgan_config.h"

struct vit_vqgan_trained; /* opaque */

/** Adds the net's parameters to a set that is not laid out yet, and which outlives the net.
 * Ownership: the caller's.
 * Errors: STATUS_INVALID for sizes that do not fit together; STATUS_NO_MEMORY. */
enum status vit_vqgan_trained_create(struct vit_vqgan_trained **out, struct parameter_set *set,
                                     const struct vit_vqgan_config *config);

/** NULL is allowed. */
void vit_vqgan_trained_destroy(struct vit_vqgan_trained *net);

/** The net's sizes; borrowed from it. */
const struct vit_vqgan_config *vit_vqgan_trained_sizes(const struct vit_vqgan_trained *net);

/** The codebook: [K][C], rows of any length. */
struct parameter *vit_vqgan_trained_codes(const struct vit_vqgan_trained *net);

/** Draws first values from the seed, once the set is laid out: those of vit_vqgan_untrained. */
void vit_vqgan_trained_draw(struct vit_vqgan_trained *net, uint64_t seed);

/** Takes all values from weights of these sizes, under the public names.
 * Errors: STATUS_CORRUPT, as tensor_table_read. */
enum status vit_vqgan_trained_fill(struct vit_vqgan_trained *net, const struct tensor_table *table);

/** Arrays of the tape. */
struct vit_vqgan_trained_run {
    struct array *latents;   /* [count * T][C]: before quantisation */
    struct array *codes;     /* [count * T][C]: the nearest codes, of length 1 */
    struct array *code_loss; /* 1 x 1: mean square of latent and code apart, both of length 1; the
                                code moved towards the latent, and `beta` times the other way */
    struct array *patches;   /* [count * T][3 p p]: pictures made again, not clamped */
    const int32_t *ids;      /* [count * T], valid until tape_reset; NULL where the tape is spent */
};

/** Runs the net.
 *
 *     patches [count * T][3][p][p]  in  0 .. 1, in the order of tokenizers/image/patches.h;
 *                                       borrowed until tape_reset */
struct vit_vqgan_trained_run vit_vqgan_trained_run(const struct vit_vqgan_trained *net,
                                                   struct tape *tape, const float *patches,
                                                   size_t count, float beta);

#endif
