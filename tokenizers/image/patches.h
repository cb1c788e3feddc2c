/** Pictures cut into square patches, in the order in which nets take them. Local; allocates
 * nothing, cannot fail.
 *
 *     patches [H/p * W/p][3][p][p]  row by row: a convolution's weight [D][3][p][p] is then the
 *                                   matrix of a plain product
 *     planes  [3][H][W]             H and W multiples of p */
#ifndef TOKENIZERS_IMAGE_PATCHES_H
#define TOKENIZERS_IMAGE_PATCHES_H

#include <stddef.h>

struct patches_shape {
    size_t height, width, patch;
};

/** Patches from planes. */
void patches_from_planes(float *patches, const float *planes, const struct patches_shape *shape);

/** Planes from patches. */
void patches_to_planes(float *planes, const float *patches, const struct patches_shape *shape);

#endif
