#include "storage/rgb_image.h"

#include <stdlib.h>
#include <string.h>

enum status rgb_image_begin(struct rgb_image *image, size_t width, size_t height, size_t pixels_max,
                            const char *name)
{
    const size_t most = pixels_max == 0 ? PICTURE_PIXELS_MAX : pixels_max;
    *image = (struct rgb_image){ 0 };
    if (width == 0 || height == 0)
        return status_fail(STATUS_CORRUPT, "%s: %zu x %zu pixels", name, width, height);
    if (width > most / height || width * height > SIZE_MAX / 3)
        return status_fail(STATUS_INVALID, "%s: %zu x %zu pixels, at most %zu are accepted", name,
                           width, height, most);

    image->pixels = malloc(width * height * 3);
    if (image->pixels == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu x %zu pixels", name, width, height);
    image->width = width;
    image->height = height;
    return STATUS_OK;
}

void rgb_image_end(struct rgb_image *image)
{
    free(image->pixels);
    *image = (struct rgb_image){ 0 };
}

enum status rgb_image_orient(struct rgb_image *image, int orientation)
{
    if (orientation < 2 || orientation > 8)
        return STATUS_OK;

    const bool swaps = orientation >= 5;
    const bool from_right =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_bottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    struct rgb_image turned = { .width = swaps ? image->height : image->width,
                                .height = swaps ? image->width : image->height };
    turned.pixels = malloc(turned.width * turned.height * 3);
    if (turned.pixels == NULL)
        return status_fail(STATUS_NO_MEMORY, "turning a picture of %zu x %zu pixels", image->width,
                           image->height);

    uint8_t *target = turned.pixels;
    for (size_t y = 0; y < turned.height; y++)
        for (size_t x = 0; x < turned.width; x++, target += 3) {
            const size_t column = swaps ? y : x, row = swaps ? x : y;
            const size_t source_x = from_right ? image->width - 1 - column : column;
            const size_t source_y = from_bottom ? image->height - 1 - row : row;
            memcpy(target, image->pixels + (source_y * image->width + source_x) * 3, 3);
        }
    free(image->pixels);
    *image = turned;
    return STATUS_OK;
}
