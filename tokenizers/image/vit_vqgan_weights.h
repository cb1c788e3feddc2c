/** ViT-VQGAN's tensors under the names of the public checkpoints (thuanz123/enhancing-transformers,
 * without prefix). Part of vit_vqgan.c and vit_vqgan_untrained.c. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_WEIGHTS_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_WEIGHTS_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/vision_tower.h"
#include "tokenizers/image/vit_vqgan_config.h"

#include <stddef.h>

struct vit_vqgan_tower_weights {
    struct vision_block *blocks; /* [depth], owned */
    const float *gain, *offset;  /* [D], of the last norm */
    const float *position;       /* [tokens][D] */
};

struct vit_vqgan_weights {
    const float *patch, *patch_bias; /* [D][3][patch][patch], [D] */
    struct vit_vqgan_tower_weights encoder, decoder;
    const float *pre_quant, *pre_quant_bias;   /* [C][D of the encoder], [C] */
    const float *codes;                        /* [K][C] */
    const float *post_quant, *post_quant_bias; /* [D of the decoder][C], [D] */
    const float *to_pixel, *to_pixel_bias;     /* [D][3][patch][patch], [3] */

    float **owned; /* owned: copies of what could not be borrowed */
    size_t owned_count;
};

/** What a tensor is for, which decides how it is drawn where there was no training. */
enum vit_vqgan_role {
    VIT_VQGAN_PATCH, /* from pixels */
    VIT_VQGAN_PATCH_BIAS,
    VIT_VQGAN_MATRIX, /* also the convolution to pixels */
    VIT_VQGAN_ZEROS,  /* a bias or an offset */
    VIT_VQGAN_ONES,   /* a gain */
    VIT_VQGAN_POSITION,
    VIT_VQGAN_CODES
};

struct vit_vqgan_entry {
    char name[128];
    enum vit_vqgan_role role;
    size_t dimension_count, shape[4];
    const float **values; /* where the weights keep them */
};

/** Local. Makes room for the blocks of `config`; all values are NULL. On failure `*weights` is
 * empty. Errors: STATUS_NO_MEMORY. */
enum status vit_vqgan_weights_begin(struct vit_vqgan_weights *weights,
                                    const struct vit_vqgan_config *config);

/** Local. Calls `visit` with each tensor that `config` calls for, until one call fails. Returns
 * that failure. */
enum status
vit_vqgan_weights_visit(struct vit_vqgan_weights *weights, const struct vit_vqgan_config *config,
                        enum status (*visit)(void *payload, const struct vit_vqgan_entry *entry),
                        void *payload);

/** Local. Begins `*weights` and takes every tensor that `config` calls for. What can be borrowed
 * from the table is, so the table must outlive the weights. Tensors called "loss.*" are ignored.
 *
 * On failure `*weights` is empty. Errors: STATUS_CORRUPT, naming a tensor that is missing,
 * misshapen, not finite or no part of a ViT-VQGAN; STATUS_NO_MEMORY. */
enum status vit_vqgan_weights_take(struct vit_vqgan_weights *weights,
                                   const struct tensor_table *table,
                                   const struct vit_vqgan_config *config);

/** Frees. An all-zero struct is allowed. */
void vit_vqgan_weights_end(struct vit_vqgan_weights *weights);

#endif
