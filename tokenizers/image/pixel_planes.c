#include "tokenizers/image/pixel_planes.h"

#include <math.h>

void pixel_planes(float *planes, const uint8_t *pixels, size_t width, size_t height,
                  const float mean[3], const float deviation[3])
{
    const size_t count = width * height;
    for (size_t c = 0; c < 3; c++) {
        float table[256]; /* one value a level */
        for (size_t level = 0; level < 256; level++) {
            const float share = (float)level / 255.0f;
            table[level] = mean == NULL ? share : (share - mean[c]) / deviation[c];
        }
        float *plane = planes + c * count; /* [height][width] */
        for (size_t p = 0; p < count; p++)
            plane[p] = table[pixels[3 * p + c]];
    }
}

void pixel_planes_to_levels(uint8_t *pixels, const float *planes, size_t width, size_t height)
{
    const size_t count = width * height;
    for (size_t c = 0; c < 3; c++) {
        const float *plane = planes + c * count; /* [height][width] */
        for (size_t p = 0; p < count; p++)
            pixels[3 * p + c] = (uint8_t)rintf(fminf(fmaxf(plane[p], 0.0f), 1.0f) * 255.0f);
    }
}
