#include "stages/page/page_media.h"

#include "core/file.h"
#include "storage/jpeg_image.h"
#include "storage/picture_file.h"
#include "tokenizers/image/resize.h"

#include <stdlib.h>

enum { JPEG_QUALITY = 88 };

enum status page_media_image(const char *path, const struct rgb_image *image)
{
    const struct jpeg_image_options options = { .quality = JPEG_QUALITY, .subsampling = JPEG_444 };
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    enum status outcome = jpeg_image_encode(&bytes, &byte_count, image, &options);
    if (outcome == STATUS_OK)
        outcome = file_write(path, bytes, byte_count);
    free(bytes);
    return outcome;
}

static size_t scaled(size_t side, size_t side_max, size_t longest)
{
    const size_t result = (side * side_max + longest / 2) / longest;
    return result > 0 ? result : 1;
}

static enum status shrink(struct rgb_image *out, const struct rgb_image *image, size_t side_max)
{
    const size_t longest = image->width > image->height ? image->width : image->height;
    const struct resize_window window = resize_squash(scaled(image->width, side_max, longest),
                                                      scaled(image->height, side_max, longest));
    enum status outcome = rgb_image_begin(out, window.width, window.height, 0, "a smaller picture");
    if (outcome == STATUS_OK)
        outcome = resize_picture(out->pixels, image->pixels, image->width, image->height, &window,
                                 RESIZE_LANCZOS);
    return outcome;
}

enum status page_media_picture(const char *path, const char *source, size_t side_max)
{
    struct rgb_image image = { 0 }, small = { 0 };
    enum status outcome = picture_file_read(&image, source, NULL);
    if (outcome == STATUS_OK && (image.width > side_max || image.height > side_max)) {
        outcome = shrink(&small, &image, side_max);
        if (outcome == STATUS_OK)
            outcome = page_media_image(path, &small);
    } else if (outcome == STATUS_OK)
        outcome = page_media_image(path, &image);
    rgb_image_end(&image);
    rgb_image_end(&small);
    return outcome;
}

enum status page_media_sound(const char *path, const struct audio *audio)
{
    int16_t *samples = malloc((audio->sample_count + 1) * sizeof *samples);
    if (samples == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu samples", path, audio->sample_count);
    audio_quantise(samples, audio->samples, audio->sample_count);
    const enum status outcome =
        audio_file_write_wav(path, samples, audio->sample_count, audio->rate_hz);
    free(samples);
    return outcome;
}
