#include "stages/picture_pixels.h"

#include "core/file.h"
#include "storage/picture_file.h"

#include <stdlib.h>

static enum status resize(uint8_t *pixels, const struct rgb_image *image,
                          const struct picture_view *view)
{
    struct resize_window window;
    const enum status outcome = view->window(&window, view->net, image->width, image->height);
    return outcome == STATUS_OK ? resize_picture(pixels, image->pixels, image->width, image->height,
                                                 &window, view->filter)
                                : outcome;
}

enum status picture_pixels_read(uint8_t *pixels, struct picture_source *source, const char *path,
                                const struct picture_view *view)
{
    struct rgb_image image = { 0 };
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome = file_read(&bytes, &byte_count, path, PICTURE_FILE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = picture_decode(&image, bytes, byte_count, NULL, path);
    if (outcome == STATUS_OK)
        outcome = resize(pixels, &image, view);
    if (outcome == STATUS_OK)
        *source = (struct picture_source){ image.width, image.height, byte_count };
    rgb_image_end(&image);
    free(bytes);
    return outcome;
}
