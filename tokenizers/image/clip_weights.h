/** A CLIP image encoder's tensors under the names of the public files. Part of clip.c and
 * clip_untrained.c. */
#ifndef TOKENIZERS_IMAGE_CLIP_WEIGHTS_H
#define TOKENIZERS_IMAGE_CLIP_WEIGHTS_H

#include "core/status.h"
#include "nn/tensor_table.h"
#include "tokenizers/image/clip_config.h"
#include "tokenizers/image/vision_tower.h"

#include <stddef.h>

/** D: width, T: tokens, E: values of an embedding. */
struct clip_weights {
    const float *patch;                   /* [D][3][patch][patch] */
    const float *class_token;             /* [D] */
    const float *position;                /* [T][D] */
    const float *pre_gain, *pre_offset;   /* [D], of the norm before the blocks */
    struct vision_block *blocks;          /* [layers], owned */
    const float *post_gain, *post_offset; /* [D], of the norm after them */
    const float *projection;              /* [E][D] */

    float **owned; /* owned: copies of what could not be borrowed */
    size_t owned_count;
};

/** What a tensor is for, which decides how it is drawn where there was no training. */
enum clip_role {
    CLIP_MATRIX,
    CLIP_NORMAL, /* of standard deviation 1 / sqrt(width) */
    CLIP_ZEROS,  /* a bias or an offset */
    CLIP_ONES    /* a gain */
};

enum { CLIP_NAME_BYTES = 192, CLIP_PARTS_MAX = 3 };

/** One array of the weights and the tensors that make it: one, or q, k and v below one another. */
struct clip_entry {
    enum clip_role role;
    size_t part_count;
    char names[CLIP_PARTS_MAX][CLIP_NAME_BYTES];
    size_t dimension_count, shape[4]; /* of each part, as in the file */
    bool is_transposed;               /* the file has a matrix [D][E] for [E][D] */
    const float **values;             /* where the weights keep them */
};

/** Local. Makes room for the blocks of `config`; all values are NULL. On failure `*weights` is
 * empty. Errors: STATUS_NO_MEMORY. */
enum status clip_weights_begin(struct clip_weights *weights, const struct clip_config *config);

/** Local. Calls `visit` with each array that `config` calls for, until one call fails. Returns that
 * failure. */
enum status clip_weights_visit(struct clip_weights *weights, const struct clip_config *config,
                               const char *prefix,
                               enum status (*visit)(void *payload, const struct clip_entry *entry),
                               void *payload);

/** Local. Begins `*weights` and takes every tensor that `config` calls for. What can be borrowed
 * from the table is, so the table must outlive the weights. The text encoder's tensors, and all
 * others beside the image encoder, are ignored.
 *
 * On failure `*weights` is empty. Errors: STATUS_CORRUPT, naming a tensor that is missing,
 * misshapen, not finite, or belongs to the image encoder but to no part that is known;
 * STATUS_NO_MEMORY. */
enum status clip_weights_take(struct clip_weights *weights, const struct tensor_table *table,
                              const struct clip_config *config, const char *prefix);

/** Frees. An all-zero struct is allowed. */
void clip_weights_end(struct clip_weights *weights);

#endif
