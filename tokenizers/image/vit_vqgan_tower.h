/** One transformer of a ViT-VQGAN: pre-norm blocks with a Tanh in the feed-forward part, and a last
 * norm. Part of vit_vqgan.c. */
#ifndef TOKENIZERS_IMAGE_VIT_VQGAN_TOWER_H
#define TOKENIZERS_IMAGE_VIT_VQGAN_TOWER_H

#include "core/status.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/image/vit_vqgan_config.h"
#include "tokenizers/image/vit_vqgan_weights.h"

#include <stddef.h>

/** Buffers for both towers; all owned. R: rows of a pass. */
struct vit_vqgan_workspace {
    float *stream; /* [R][D] */
    float *normed; /* [R][D or I]: rows after a norm; what attention gives */
    float *qkv;    /* [R][3 I] */
    float *hidden; /* [some rows][F] */
    float *scores; /* attention's scratch */
};

/** Local. Buffers for passes of `row_count` rows, `token_count` a picture. On failure `*workspace`
 * is empty. Errors: STATUS_NO_MEMORY. */
enum status vit_vqgan_workspace_begin(struct vit_vqgan_workspace *workspace,
                                      const struct vit_vqgan_config *config, size_t row_count,
                                      size_t token_count);

/** Frees. An all-zero struct is allowed. */
void vit_vqgan_workspace_end(struct vit_vqgan_workspace *workspace);

/** A pass: the pictures that go through together, and who watches. */
struct vit_vqgan_pass {
    struct vit_vqgan_trace trace; /* put NULL: nobody */
    size_t first_picture;         /* of the call */
    size_t picture_count, token_count;
    float norm_eps;
};

/** Shows `values` [picture_count][token_count][columns] to the trace, picture by picture. */
void vit_vqgan_pass_show(const struct vit_vqgan_pass *pass, const char *name, const float *values,
                         size_t columns);

/** Local. From workspace->stream [rows][D] to workspace->normed [rows][D], with
 * rows = picture_count * token_count. `prefix` ("enc", "dec") names what is traced. Allocates
 * nothing, cannot fail. */
void vit_vqgan_tower_run(const struct vit_vqgan_tower *tower,
                         const struct vit_vqgan_tower_weights *weights,
                         struct vit_vqgan_workspace *workspace, const struct vit_vqgan_pass *pass,
                         const char *prefix);

#endif
