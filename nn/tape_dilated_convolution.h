/** Convolutions of generators of sound, on the tape: step 1, as long out as in, an activation
 * before, perhaps a residual connection behind, all in one. Local; see nn/tape.h.
 *
 * nn/tape_convolution.h can do the same in several operations. Such nets have few channels and very
 * many rows, so what they cost is mostly what they read and write: here an activation and a sum
 * cost nothing extra, and products are those of nn/narrow_matmul.h. */
#ifndef NN_TAPE_DILATED_CONVOLUTION_H
#define NN_TAPE_DILATED_CONVOLUTION_H

#include "nn/tape.h"

struct dilated_convolution {
    size_t kernel;   /* odd; zeros stand on both sides */
    size_t dilation; /* at least 1 */
    float slope;     /* of the leaky rectifier before: 0 to 1; 1: none */
};

/** residual + bias + the convolution of leaky_relu(x), of each segment alone.
 *
 *     x        [T][C]
 *     weight   [N][C * kernel]  PyTorch's [N][C][kernel]
 *     bias     [1][N]           NULL for none
 *     residual [T][N]           NULL for none
 *     returns  [T][N] */
struct array *tape_dilated_convolution(struct tape *tape, struct array *x,
                                       const struct segments *segments, struct array *weight,
                                       struct array *bias, struct array *residual,
                                       const struct dilated_convolution *convolution);

#endif
