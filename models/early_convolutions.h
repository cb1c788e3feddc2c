/** Two convolutions before a picture's units become patches. Transformers over patches learn shapes
 * slowly, since nothing tells them that what lies side by side belongs together; a few convolutions
 * do, and learn them from many times fewer pictures.
 *
 * The first takes squares of 2 x 2 units, so that the grid has half the side; the second looks at
 * the neighbours of each. Behind either, a layer norm of each place's channels and GELU. The
 * convolution that makes the patches then goes over this grid. No square lies half outside, so a
 * shift of all units' vectors is a shift of the first convolution's biases.
 *
 * Source: Xiao et al. 2021 (arXiv:2106.14881); norms as in Liu et al. 2022 (arXiv:2201.03545). The
 * names are unitmill's own. On the tape, local; models/im2sp_convolutions.c has the same for
 * inference. */
#ifndef MODELS_EARLY_CONVOLUTIONS_H
#define MODELS_EARLY_CONVOLUTIONS_H

#include "nn/parameters.h"
#include "nn/tape.h"

enum { EARLY_CONVOLUTIONS = 2, EARLY_SHRINK = 2, EARLY_CHANNELS_MAX = 4096 };

/** Kernel, stride and padding of convolution `number`, and what it takes in. */
struct early_convolution {
    size_t kernel, stride, padding, channels;
};

/** `channels`: of a unit's vector; `width`: channels of the convolutions. */
struct early_convolution early_convolution_at(size_t number, size_t channels, size_t width);

/** "early.0.weight", "early.1.norm.bias", ...: weight and bias of the convolution, then those of
 * its norm. */
enum early_tensor { EARLY_WEIGHT, EARLY_BIAS, EARLY_GAIN, EARLY_OFFSET, EARLY_TENSORS };

/** The tensor's name after what stands before all of them, into [bytes]. */
void early_convolution_name(char *name, size_t bytes, const char *prefix, size_t number,
                            enum early_tensor tensor);

struct early_convolutions {
    struct parameter *parts[EARLY_CONVOLUTIONS][EARLY_TENSORS]; /* of a set; weights
                                                    [width][channels][kernel][kernel] */
};

/** Adds the parameters to a set that is not laid out yet. A NULL among them tells that memory was
 * lacking, which laying out the set reports. */
void early_convolutions_add(struct early_convolutions *convolutions, struct parameter_set *set,
                            const char *prefix, size_t channels, size_t width);

/** Weights uniform within 1 over the root of the inputs, norms that change nothing. */
void early_convolutions_draw(const struct early_convolutions *convolutions, uint64_t seed);

/** Pictures, side x side units each, side by side:
 *
 *     x       [images * side * side][channels]
 *     returns [images * (side / 2) * (side / 2)][width] */
struct array *early_convolutions_run(struct tape *tape,
                                     const struct early_convolutions *convolutions, struct array *x,
                                     size_t images, size_t side, float norm_eps);

/** Products of one picture, each with its sum. */
double early_convolutions_products(size_t channels, size_t width, size_t side);

#endif
