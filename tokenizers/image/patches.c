#include "tokenizers/image/patches.h"

#include <string.h>

/* Planes and patches have runs of `patch` pixels in common. Where run `run` of all [3][H][W/p]
 * begins in the patches; in the planes it begins at run * patch. */
static size_t place_in_patches(const struct patches_shape *shape, size_t run)
{
    const size_t p = shape->patch, columns = shape->width / p;
    const size_t column = run % columns, y = run / columns % shape->height;
    const size_t channel = run / columns / shape->height;
    return (((y / p * columns + column) * 3 + channel) * p + y % p) * p;
}

static size_t run_count(const struct patches_shape *shape)
{
    return 3 * shape->height * (shape->width / shape->patch);
}

void patches_from_planes(float *patches, const float *planes, const struct patches_shape *shape)
{
    const size_t p = shape->patch, count = run_count(shape);
    for (size_t run = 0; run < count; run++)
        memcpy(patches + place_in_patches(shape, run), planes + run * p, p * sizeof *patches);
}

void patches_to_planes(float *planes, const float *patches, const struct patches_shape *shape)
{
    const size_t p = shape->patch, count = run_count(shape);
    for (size_t run = 0; run < count; run++)
        memcpy(planes + run * p, patches + place_in_patches(shape, run), p * sizeof *planes);
}
