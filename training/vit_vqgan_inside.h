/** The inside of the ViT-VQGAN objective, shared by training/vit_vqgan.c (steps) and
 * training/vit_vqgan_validate.c. */
#ifndef TRAINING_VIT_VQGAN_INSIDE_H
#define TRAINING_VIT_VQGAN_INSIDE_H

#include "training/code_watch.h"
#include "training/vit_vqgan.h"

struct vit_vqgan_objective {
    struct vit_vqgan_objective_options options;
    struct vit_vqgan_trained *net;
    struct code_watch *watch;
    struct picture_batches *batches;
    size_t tokens; /* of a picture */
    struct patches_shape shape;
};

/** Pictures of a batch that go through the net together. */
struct vit_vqgan_pass {
    struct vit_vqgan_trained_run run;
    const float *wanted;   /* [count * tokens][3][p][p]: what went in */
    const size_t *indices; /* [count]: of the pictures, in the batch */
    size_t count;
    size_t next; /* the first picture after them */
};

/** Resets the tape and runs the pictures from `first` on that could be read, as many as pass_tokens
 * allows. False, with nothing on the tape, where the batch has none any more. `step` tells how they
 * are cropped and flipped; NULL: not, and nothing is remembered for a way back. */
bool vit_vqgan_run_pass(struct vit_vqgan_pass *pass, const struct vit_vqgan_objective *self,
                        struct tape *tape, const struct picture_batch *pictures, size_t first,
                        const struct objective_batch *step);

/** As objective.validate. */
enum status vit_vqgan_validate(struct objective_metrics *metrics, void *self,
                               const struct team *team,
                               const struct objective_validation *validation);

#endif
