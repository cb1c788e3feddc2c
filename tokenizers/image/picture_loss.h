/** What pictures that a net made differ from those that it should have made, on the tape. Local;
 * see nn/tape.h.
 *
 * Three parts: absolute differences, squared ones, and differences of edges: between neighbouring
 * pixels, across and down, of both pictures, at several scales, each half the one before (means of
 * 2 x 2 pixels). The last part stands where other trainings have a perceptual loss of a net that
 * somebody else trained: it tells a blurred or shifted edge from a right one. */
#ifndef TOKENIZERS_IMAGE_PICTURE_LOSS_H
#define TOKENIZERS_IMAGE_PICTURE_LOSS_H

#include "nn/tape.h"
#include "tokenizers/image/patches.h"

struct picture_loss_weights {
    float absolute, squared, edges;
};

enum { PICTURE_LOSS_SCALES_MAX = 4 };

/** The scales that pictures of this size have: as long as both sides are even and above 2. */
size_t picture_loss_scales(const struct patches_shape *shape);

/** The weighted sum of mean |x - y|, mean (x - y)^2, and the mean over scales of mean |edge of x -
 * edge of y|; each mean over all values of a picture; the sum over pictures, divided by `divisor`.
 *
 *     made    [count * T][3][p][p]  patches of `count` pictures
 *     wanted  [count * T][3][p][p]  likewise; borrowed until tape_reset
 *     returns 1 x 1 */
struct array *picture_loss(struct tape *tape, struct array *made, const float *wanted, size_t count,
                           const struct patches_shape *shape,
                           const struct picture_loss_weights *weights, double divisor);

#endif
