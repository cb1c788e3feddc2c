/** Pictures as nets want them: one plane a channel, floating point. */
#ifndef TOKENIZERS_IMAGE_PIXEL_PLANES_H
#define TOKENIZERS_IMAGE_PIXEL_PLANES_H

#include <stddef.h>
#include <stdint.h>

/** Planes of (level / 255 - mean) / deviation.
 *
 *     planes [3][height][width]  out
 *     pixels [height][width][3]  in   RGB levels
 *     mean, deviation            in   of each channel; both NULL: level / 255 alone
 *
 * Local; allocates nothing, cannot fail. Equals torchvision's ToTensor and Normalize exactly, which
 * also work in single precision. */
void pixel_planes(float *planes, const uint8_t *pixels, size_t width, size_t height,
                  const float mean[3], const float deviation[3]);

/** Levels from planes: clamped to 0 .. 1, times 255, rounded half to even.
 *
 *     pixels [height][width][3]  out
 *     planes [3][height][width]  in   finite
 *
 * Local; allocates nothing, cannot fail. */
void pixel_planes_to_levels(uint8_t *pixels, const float *planes, size_t width, size_t height);

#endif
