#include "bench/bench_photo.h"

#include "core/random.h"
#include "storage/jpeg_image.h"
#include "storage/picture_file.h"

#include <stdlib.h>

/* Squares of 1 to 128 pixels, each with a level of its own. */
enum { SEED = 1, QUALITY = 90, OCTAVES = 8, MEAN = 128 };

static double level_of(const double *noise, size_t x, size_t y, size_t octave)
{
    const size_t side = (size_t)1 << octave, columns = BENCH_PHOTO_WIDTH / side + 2;
    const double right = (double)(x % side) / (double)side;
    const double down = (double)(y % side) / (double)side;
    const double *corner = noise + y / side * columns + x / side;
    return (1.0 - down) * ((1.0 - right) * corner[0] + right * corner[1]) +
           down * ((1.0 - right) * corner[columns] + right * corner[columns + 1]);
}

static void draw(double *levels, double *noise, struct random_stream *stream)
{
    double deviation = 8.0;
    for (size_t octave = 0; octave < OCTAVES; octave++, deviation *= 1.15) {
        for (size_t i = 0; i < (BENCH_PHOTO_WIDTH + 2) * (BENCH_PHOTO_HEIGHT + 2); i++)
            noise[i] = deviation * random_normal(stream);
        for (size_t y = 0; y < BENCH_PHOTO_HEIGHT; y++)
            for (size_t x = 0; x < BENCH_PHOTO_WIDTH; x++)
                levels[y * BENCH_PHOTO_WIDTH + x] += level_of(noise, x, y, octave);
    }
}

static enum status paint(struct rgb_image *image)
{
    const size_t pixels = BENCH_PHOTO_WIDTH * BENCH_PHOTO_HEIGHT;
    struct random_stream stream = random_stream_for(SEED, "bench", "photo");
    double *levels = calloc(pixels, sizeof *levels);
    double *noise = calloc((BENCH_PHOTO_WIDTH + 2) * (BENCH_PHOTO_HEIGHT + 2), sizeof *noise);
    const bool has_memory = levels != NULL && noise != NULL;
    if (has_memory)
        draw(levels, noise, &stream);
    for (size_t i = 0; has_memory && i < 3 * pixels; i++) {
        const double tint = 12.0 * (double)(i % 3);
        const double level = MEAN + tint + levels[i / 3];
        image->pixels[i] = level < 0.0 ? 0 : level > 255.0 ? 255 : (uint8_t)level;
    }
    free(levels);
    free(noise);
    return has_memory ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "photo: no memory");
}

enum status bench_photo_begin(struct bench_photo *photo)
{
    const struct jpeg_image_options options = { .quality = QUALITY, .subsampling = JPEG_420 };
    struct rgb_image image = { 0 };
    *photo = (struct bench_photo){ 0 };
    enum status outcome =
        rgb_image_begin(&image, BENCH_PHOTO_WIDTH, BENCH_PHOTO_HEIGHT, 0, "photo");
    if (outcome == STATUS_OK)
        outcome = paint(&image);
    if (outcome == STATUS_OK)
        outcome = jpeg_image_encode(&photo->bytes, &photo->byte_count, &image, &options);
    rgb_image_end(&image);
    return outcome;
}

void bench_photo_end(struct bench_photo *photo)
{
    free(photo->bytes);
    *photo = (struct bench_photo){ 0 };
}

enum status bench_photo_read(uint8_t *pixels, const struct bench_photo *photo,
                             const struct resize_window *window, size_t count)
{
    enum status outcome = STATUS_OK;
    for (size_t p = 0; p < count && outcome == STATUS_OK; p++) {
        struct rgb_image image = { 0 };
        outcome = picture_decode(&image, photo->bytes, photo->byte_count, NULL, "photo");
        if (outcome == STATUS_OK)
            outcome = resize_picture(pixels, image.pixels, image.width, image.height, window,
                                     RESIZE_BICUBIC);
        rgb_image_end(&image);
    }
    return outcome;
}
