/** Convolutions on the tape, channels last. Local; see nn/tape.h. Golden: nn-ops/conv*, within 1e-5
 * relative, gradients too. */
#ifndef NN_TAPE_CONVOLUTION_H
#define NN_TAPE_CONVOLUTION_H

#include "nn/tape.h"

struct convolution {
    size_t kernel, stride, padding; /* padding with zeros on both sides */
    size_t dilation, groups;        /* 1 where not wanted */
    size_t output_padding;          /* transposed ones only: further frames at the end */
};

/** Frames out of `frames`; 0 where the kernel does not fit. */
size_t convolution_frames(const struct convolution *convolution, size_t frames);
size_t convolution_transposed_frames(const struct convolution *convolution, size_t frames);

/** A convolution over time, of each segment alone.
 *
 *     x       [T][C]
 *     weight  [N][C / groups * kernel]  PyTorch's [N][C / groups][kernel]
 *     bias    [1][N]                    NULL for none
 *     returns [T'][N], with the segments `out`: starts [count + 1] filled by the caller with
 *             sums of convolution_frames (or less: the last frames are then not made), borrowed
 *             until tape_reset */
struct array *tape_convolution(struct tape *tape, struct array *x, const struct segments *in,
                               const struct segments *out, struct array *weight, struct array *bias,
                               const struct convolution *convolution);

/** A transposed convolution over time: the gradient of a convolution as a function of its own.
 *
 *     weight [C][N / groups * kernel]  PyTorch's [C][N / groups][kernel]
 *
 * Else as above, with convolution_transposed_frames. */
struct array *tape_convolution_transposed(struct tape *tape, struct array *x,
                                          const struct segments *in, const struct segments *out,
                                          struct array *weight, struct array *bias,
                                          const struct convolution *convolution);

struct convolution_2d {
    size_t images, height, width;   /* of the input; its rows are [images][height][width] */
    size_t kernel, stride, padding; /* the same both ways */
};

/** A convolution over pictures.
 *
 *     x       [images * height * width][C]
 *     weight  [N][C * kernel * kernel]  PyTorch's [N][C][kernel][kernel]
 *     bias    [1][N]                    NULL for none
 *     returns [images * height' * width'][N] */
struct array *tape_convolution_2d(struct tape *tape, struct array *x, struct array *weight,
                                  struct array *bias, const struct convolution_2d *convolution);

#endif
