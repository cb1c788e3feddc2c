/** The ViT-VQGAN objective: a picture becomes codes, and a picture again that should be the same.
 * Losses: absolute and squared differences of pixels, differences of edges at several scales
 * (tokenizers/image/picture_loss.h), and those between latents and codes (nn/tape_quantise.h); each
 * the mean over the pictures of the batch of all ranks. Yu et al. 2021 (arXiv:2110.04627), section
 * 3, without its nets that judge pictures.
 *
 * Use of the codebook is watched, and codes that nothing uses are revived (training/code_watch.h).
 * Pictures that cannot be read are left out of their batch, and said. */
#ifndef TRAINING_VIT_VQGAN_H
#define TRAINING_VIT_VQGAN_H

#include "tokenizers/image/picture_loss.h"
#include "tokenizers/image/vit_vqgan_trained.h"
#include "training/objective.h"
#include "training/picture_batches.h"

struct vit_vqgan_objective_options {
    struct vit_vqgan_config net;
    struct picture_reader reader;
    struct picture_loss_weights weights;
    float commitment;      /* beta: how strongly latents are held to their codes */
    size_t revive_batches; /* codes unused for so many are revived; 0: never */
    size_t margin;         /* pixels that are cropped off at random, down and across */
    bool flips;            /* half of the pictures, at random, left to right */
    size_t pass_tokens;    /* in one pass, but one picture at least: bounds the memory */
};

/** Adds the net to a set that is not laid out yet. On success `objective->close` ends it. The
 * objective brings its own source of records. Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status vit_vqgan_objective_open(struct objective *objective, struct parameter_set *set,
                                     const struct vit_vqgan_objective_options *options);

/** The net within, borrowed: for first values from weights. */
struct vit_vqgan_trained *vit_vqgan_objective_net(const struct objective *objective);

#endif
