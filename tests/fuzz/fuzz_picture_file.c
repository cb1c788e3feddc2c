/* Whatever the bytes, the picture reader gives a picture of the size it declared, or says why not;
 * and what it gives can be resized and written again. The two bytes at the end say how to decode,
 * so that a file of the golden data is a seed as it is. */
#include "storage/jpeg_image.h"
#include "storage/picture_file.h"
#include "storage/png_image.h"
#include "tokenizers/image/resize.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count);

/* Small enough for thousands of inputs a second. */
enum { PIXELS_MAX = 1 << 18, SIDE = 16 };

static void write_again(const struct rgb_image *image)
{
    const struct jpeg_image_options options = { .quality = 50, .subsampling = JPEG_420 };
    uint8_t *written = NULL;
    size_t written_bytes = 0;
    if (image->width * image->height > 1 << 12)
        return;
    if (jpeg_image_encode(&written, &written_bytes, image, &options) == STATUS_OK)
        free(written);
    if (png_image_encode(&written, &written_bytes, image) == STATUS_OK)
        free(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    const unsigned choice =
        byte_count < 2 ? 0 : bytes[byte_count - 1] + 256u * bytes[byte_count - 2];
    const struct picture_options options = { .pixels_max = PIXELS_MAX,
                                             .scaled_side_min = choice % 2 == 0 ? 0 : SIDE,
                                             .apply_orientation = choice / 2 % 2 != 0 };
    const enum resize_filter filter = (enum resize_filter)(choice / 4 % 3);
    uint8_t small[SIDE * SIDE * 3];
    struct rgb_image image;
    if (picture_decode(&image, bytes, byte_count, &options, "fuzz") != STATUS_OK) {
        if (image.pixels != NULL)
            abort();
        return 0;
    }
    if (image.width == 0 || image.height == 0 || image.width * image.height > PIXELS_MAX)
        abort();
    struct resize_window window = resize_squash(SIDE, SIDE);
    (void)resize_picture(small, image.pixels, image.width, image.height, &window, filter);
    if (resize_short_side(&window, image.width, image.height, SIDE, SIDE,
                          RESIZE_CROP_TORCHVISION) == STATUS_OK)
        (void)resize_picture(small, image.pixels, image.width, image.height, &window, filter);
    write_again(&image);
    rgb_image_end(&image);
    return 0;
}
