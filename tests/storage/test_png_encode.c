/* PNG encoding: what is written is read back, and sides are bounded. */
#include "core/random.h"
#include "storage/png_image.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static void pixels_come_back(void)
{
    static const size_t sides[][2] = { { 1, 1 }, { 1, 300 }, { 300, 1 }, { 37, 53 } };
    struct random_stream stream = random_stream_numbered(1, 0, "pixels");
    for (size_t s = 0; s < sizeof sides / sizeof sides[0]; s++) {
        struct rgb_image image, again;
        uint8_t *bytes = NULL;
        size_t byte_count = 0;
        CU_ASSERT_EQUAL(rgb_image_begin(&image, sides[s][0], sides[s][1], 0, "made"), STATUS_OK);
        for (size_t p = 0; p < 3 * image.width * image.height; p++)
            image.pixels[p] = (uint8_t)random_bits(&stream);
        check_status(png_image_encode(&bytes, &byte_count, &image), STATUS_OK, NULL);
        CU_ASSERT(png_image_is(bytes, byte_count));
        check_status(png_image_decode(&again, bytes, byte_count, NULL, "made"), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(again.width, image.width);
        CU_ASSERT_EQUAL(again.height, image.height);
        CU_ASSERT(again.pixels != NULL &&
                  memcmp(again.pixels, image.pixels, 3 * image.width * image.height) == 0);
        free(bytes);
        rgb_image_end(&again);
        rgb_image_end(&image);
    }
}

static void sides_are_bounded(void)
{
    uint8_t pixels[3] = { 0 }, *bytes = pixels;
    size_t byte_count = 1;
    const struct rgb_image flat = { .width = 1, .height = 0, .pixels = pixels };
    const struct rgb_image wide = { .width = 1000001, .height = 1, .pixels = pixels };
    check_status(png_image_encode(&bytes, &byte_count, &flat), STATUS_INVALID, "1 x 0");
    CU_ASSERT_PTR_NULL(bytes);
    CU_ASSERT_EQUAL(byte_count, 0);
    check_status(png_image_encode(&bytes, &byte_count, &wide), STATUS_INVALID, "1000001 x 1");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "pixels come back", pixels_come_back },
        { "sides are bounded", sides_are_bounded },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "png_encode", cases);
}
