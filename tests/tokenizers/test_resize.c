/* Resizing against a plain loop, windows, sizes at the edges. What PIL makes of recorded pictures
 * is in test_image_preprocess.c. */
#include "core/random.h"
#include "tests/support/check.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/resize.h"
#include "tokenizers/image/token_grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *draw(size_t width, size_t height)
{
    struct random_stream stream = random_stream_numbered(width, height, "pixels");
    uint8_t *pixels = malloc(width * height * 3);
    for (size_t i = 0; i < width * height * 3; i++)
        pixels[i] = (uint8_t)random_bits(&stream);
    return pixels;
}

static double support_of(enum resize_filter filter)
{
    return filter == RESIZE_BILINEAR ? 1.0 : filter == RESIZE_BICUBIC ? 2.0 : 3.0;
}

static double kernel(enum resize_filter filter, double x)
{
    const double a = fabs(x);
    if (a >= support_of(filter))
        return 0.0;
    if (filter == RESIZE_BILINEAR)
        return 1.0 - a;
    if (filter == RESIZE_BICUBIC)
        return a < 1.0 ? 1.5 * a * a * a - 2.5 * a * a + 1.0
                       : -0.5 * a * a * a + 2.5 * a * a - 4.0 * a + 2.0;
    return a == 0.0 ? 1.0 : 3.0 * sin(M_PI * a) * sin(M_PI * a / 3.0) / (M_PI * M_PI * a * a);
}

/* One line of `count` samples, `step` apart, becomes `out_count`: weights in double, one rounding.
 */
static void resize_line(uint8_t *out, size_t out_count, size_t out_step, const uint8_t *line,
                        size_t count, size_t step, enum resize_filter filter)
{
    const double scale = (double)count / (double)out_count, shrink = fmax(scale, 1.0);
    for (size_t o = 0; o < out_count; o++) {
        const double center = ((double)o + 0.5) * scale;
        double sum = 0.0, weights = 0.0;
        for (size_t i = 0; i < count; i++) {
            const double distance = (double)i + 0.5 - center;
            if (fabs(distance) >= support_of(filter) * shrink + 0.5)
                continue;
            const double weight = kernel(filter, distance / shrink);
            sum += weight * line[i * step];
            weights += weight;
        }
        out[o * out_step] = (uint8_t)fmin(fmax(floor(sum / weights + 0.5), 0.0), 255.0);
    }
}

static uint8_t *resize_plainly(const uint8_t *pixels, size_t width, size_t height, size_t out_width,
                               size_t out_height, enum resize_filter filter)
{
    uint8_t *narrow = malloc(out_width * height * 3), *out = malloc(out_width * out_height * 3);
    for (size_t y = 0; y < height; y++)
        for (size_t c = 0; c < 3; c++)
            resize_line(narrow + y * out_width * 3 + c, out_width, 3, pixels + y * width * 3 + c,
                        width, 3, filter);
    for (size_t i = 0; i < out_width * 3; i++)
        resize_line(out + i, out_height, out_width * 3, narrow + i, height, out_width * 3, filter);
    free(narrow);
    return out;
}

/* Returns the share of samples that differ, by 1 at most. */
static double compare_with_plain(size_t width, size_t height, size_t out_width, size_t out_height,
                                 enum resize_filter filter)
{
    const size_t count = out_width * out_height * 3;
    const struct resize_window window = resize_squash(out_width, out_height);
    uint8_t *pixels = draw(width, height), *out = malloc(count);
    uint8_t *expected = resize_plainly(pixels, width, height, out_width, out_height, filter);
    size_t unequal = 0, far_off = 0;
    check_status(resize_picture(out, pixels, width, height, &window, filter), STATUS_OK, NULL);
    for (size_t i = 0; i < count; i++) {
        unequal += out[i] != expected[i];
        far_off += abs((int)out[i] - (int)expected[i]) > 1;
    }
    CU_ASSERT_EQUAL(far_off, 0);
    free(pixels);
    free(out);
    free(expected);
    return (double)unequal / (double)count;
}

/* The plain loop weighs in double, so what lies half-way between two levels may go the other way.
 */
static void all_sizes_agree_with_a_plain_loop(void)
{
    static const size_t sides[] = { 1, 2, 3, 15, 16, 17, 31, 48, 64, 97 };
    const size_t side_count = sizeof sides / sizeof sides[0];
    struct random_stream stream = random_stream_numbered(5, 0, "sizes");
    for (int filter = RESIZE_BILINEAR; filter <= RESIZE_LANCZOS; filter++) {
        double unequal = 0.0;
        for (size_t i = 0; i < 60; i++) {
            size_t size[4];
            for (size_t s = 0; s < 4; s++)
                size[s] = sides[random_below(&stream, (uint32_t)side_count)];
            unequal +=
                compare_with_plain(size[0], size[1], size[2], size[3], (enum resize_filter)filter);
        }
        CU_ASSERT(unequal / 60.0 < 0.01);
    }
}

static void the_same_size_changes_nothing(void)
{
    uint8_t *pixels = draw(50, 40), *out = malloc(50 * 40 * 3);
    const struct resize_window window = resize_squash(50, 40);
    for (int filter = RESIZE_BILINEAR; filter <= RESIZE_LANCZOS; filter++) {
        check_status(resize_picture(out, pixels, 50, 40, &window, (enum resize_filter)filter),
                     STATUS_OK, NULL);
        CU_ASSERT_EQUAL(memcmp(out, pixels, 50 * 40 * 3), 0);
    }
    free(pixels);
    free(out);
}

/* Black and white lines make the filters overshoot as far as they can. */
static void extremes_are_clipped(void)
{
    uint8_t pixels[64 * 3], out[300 * 3];
    const struct resize_window window = resize_squash(300, 1);
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = i / 3 % 4 < 2 ? 0 : 255;
    check_status(resize_picture(out, pixels, 64, 1, &window, RESIZE_LANCZOS), STATUS_OK, NULL);
    size_t black = 0, white = 0;
    for (size_t i = 0; i < sizeof out; i++) {
        black += out[i] == 0;
        white += out[i] == 255;
    }
    CU_ASSERT(black > sizeof out / 8 && white > sizeof out / 8);
}

static void a_window_is_that_part_of_the_whole(void)
{
    const size_t width = 61, height = 83;
    const struct resize_window whole = resize_squash(100, 70);
    const struct resize_window part = {
        .full_width = 100, .full_height = 70, .left = 37, .top = 11, .width = 41, .height = 59
    };
    uint8_t *pixels = draw(width, height), *all = malloc(100 * 70 * 3), *some = malloc(41 * 59 * 3);
    for (int filter = RESIZE_BILINEAR; filter <= RESIZE_LANCZOS; filter++) {
        check_status(resize_picture(all, pixels, width, height, &whole, (enum resize_filter)filter),
                     STATUS_OK, NULL);
        check_status(resize_picture(some, pixels, width, height, &part, (enum resize_filter)filter),
                     STATUS_OK, NULL);
        for (size_t y = 0; y < part.height; y++)
            CU_ASSERT_EQUAL(memcmp(some + y * 41 * 3, all + ((y + 11) * 100 + 37) * 3, 41 * 3), 0);
    }
    free(pixels);
    free(all);
    free(some);
}

static void crops_are_where_the_references_put_them(void)
{
    const struct {
        size_t width, height, full_width, full_height, left[2], top[2];
    } cases[] = { /* torchvision, Hugging Face */
                  { 333, 217, 343, 224, { 60, 59 }, { 0, 0 } },
                  { 64, 81, 224, 283, { 0, 0 }, { 30, 29 } },
                  { 640, 480, 298, 224, { 37, 37 }, { 0, 0 } },
                  { 224, 225, 224, 225, { 0, 0 }, { 0, 0 } },
                  { 1,
                    RESIZE_SIDE_MAX,
                    224,
                    (size_t)224 * RESIZE_SIDE_MAX,
                    { 0, 0 },
                    { 117440400, 117440400 } }
    };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++)
        for (size_t r = 0; r < 2; r++) {
            struct resize_window window;
            check_status(resize_short_side(&window, cases[c].width, cases[c].height, 224, 224,
                                           (enum resize_crop)r),
                         STATUS_OK, NULL);
            CU_ASSERT_EQUAL(window.full_width, cases[c].full_width);
            CU_ASSERT_EQUAL(window.full_height, cases[c].full_height);
            CU_ASSERT_EQUAL(window.left, cases[c].left[r]);
            CU_ASSERT_EQUAL(window.top, cases[c].top[r]);
        }
}

/* A line of a million pixels, whose whole resized picture would not fit anywhere. */
static void extreme_shapes_take_little(void)
{
    const size_t length = RESIZE_SIDE_MAX;
    uint8_t *pixels = malloc(length * 3), out[32 * 32 * 3];
    struct resize_window window;
    memset(pixels, 77, length * 3);
    for (int is_tall = 0; is_tall < 2; is_tall++) {
        const size_t width = is_tall ? 1 : length, height = is_tall ? length : 1;
        check_status(resize_short_side(&window, width, height, 32, 32, RESIZE_CROP_TORCHVISION),
                     STATUS_OK, NULL);
        check_status(resize_picture(out, pixels, width, height, &window, RESIZE_BICUBIC), STATUS_OK,
                     NULL);
        CU_ASSERT(out[0] == 77 && out[sizeof out - 1] == 77);
        window = resize_squash(32, 32);
        check_status(resize_picture(out, pixels, width, height, &window, RESIZE_LANCZOS), STATUS_OK,
                     NULL);
        CU_ASSERT(out[0] == 77 && out[sizeof out - 1] == 77);
    }
    free(pixels);
}

static void senseless_sizes_are_refused(void)
{
    uint8_t pixels[12] = { 0 }, out[12];
    struct resize_window window = resize_squash(2, 2);
    const size_t too_long = (size_t)RESIZE_SIDE_MAX + 1;
    check_status(resize_picture(out, pixels, 0, 2, &window, RESIZE_BICUBIC), STATUS_INVALID,
                 "0 x 2");
    check_status(resize_picture(out, pixels, 2, too_long, &window, RESIZE_BICUBIC), STATUS_INVALID,
                 "2 x 1048577");
    window.left = 1;
    check_status(resize_picture(out, pixels, 2, 2, &window, RESIZE_BICUBIC), STATUS_INVALID,
                 "at 1");
    window = resize_squash(0, 2);
    check_status(resize_picture(out, pixels, 2, 2, &window, RESIZE_BICUBIC), STATUS_INVALID, NULL);
    check_status(resize_short_side(&window, 0, 5, 224, 224, RESIZE_CROP_TORCHVISION),
                 STATUS_INVALID, "0 x 5");
    check_status(resize_short_side(&window, 5, 5, 224, 225, RESIZE_CROP_TORCHVISION),
                 STATUS_INVALID, "225");
    check_status(resize_short_side(&window, 5, 5, 224, 0, RESIZE_CROP_TORCHVISION), STATUS_INVALID,
                 "crop of 0");
}

static void filters_have_names(void)
{
    enum resize_filter filter = RESIZE_BILINEAR;
    check_status(resize_filter_parse(&filter, "lanczos"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(filter, RESIZE_LANCZOS);
    check_status(resize_filter_parse(&filter, "cubic"), STATUS_INVALID, "bicubic");
    CU_ASSERT_EQUAL(filter, RESIZE_LANCZOS);
}

static void planes_and_levels_are_inverse(void)
{
    uint8_t pixels[256 * 3], back[256 * 3];
    float planes[256 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i % 3 == 0 ? i / 3 : i % 3 == 1 ? 255 - i / 3 : 7);
    pixel_planes(planes, pixels, 16, 16, NULL, NULL);
    CU_ASSERT_EQUAL(planes[0], 0.0f);
    CU_ASSERT_EQUAL(planes[255], 1.0f);
    CU_ASSERT_EQUAL(planes[256], 1.0f);
    pixel_planes_to_levels(back, planes, 16, 16);
    CU_ASSERT_EQUAL(memcmp(back, pixels, sizeof pixels), 0);

    const float beyond[3] = { -0.5f, 1.5f, 0.5f };
    pixel_planes_to_levels(back, beyond, 1, 1);
    CU_ASSERT(back[0] == 0 && back[1] == 255 && back[2] == 128);
    pixel_planes(planes, pixels, 1, 1, (const float[]){ 0.5f, 0.25f, 0.0f },
                 (const float[]){ 0.5f, 0.25f, 2.0f });
    CU_ASSERT_EQUAL(planes[0], -1.0f);
    CU_ASSERT_EQUAL(planes[1], 3.0f);
    CU_ASSERT_EQUAL(planes[2], 7.0f / 255.0f / 2.0f);
}

static void the_middle_of_a_token_grid_is_cut_out(void)
{
    uint16_t grid[32 * 32], out[28 * 28];
    for (size_t i = 0; i < 32 * 32; i++)
        grid[i] = (uint16_t)i;
    check_status(token_grid_crop(out, grid, 32, 32, 28, sizeof *grid), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(out[0], 2 * 32 + 2);
    CU_ASSERT_EQUAL(out[28 * 28 - 1], 29 * 32 + 29);
    check_status(token_grid_crop(out, grid, 32, 32, 27, sizeof *grid), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(out[0], 2 * 32 + 2); /* 2.5 becomes 2 */
    check_status(token_grid_crop(out, grid, 32, 32, 25, sizeof *grid), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(out[0], 4 * 32 + 4); /* 3.5 becomes 4 */
    check_status(token_grid_crop(grid, grid, 32, 32, 28, sizeof *grid), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(grid[28 * 28 - 1], 29 * 32 + 29);
    check_status(token_grid_crop(out, grid, 32, 30, 31, sizeof *grid), STATUS_INVALID, "31");
    check_status(token_grid_crop(out, grid, 32, 32, 0, sizeof *grid), STATUS_INVALID, "0 x 0");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "all sizes agree with a plain loop", all_sizes_agree_with_a_plain_loop },
        { "the same size changes nothing", the_same_size_changes_nothing },
        { "extremes are clipped", extremes_are_clipped },
        { "a window is part of the whole", a_window_is_that_part_of_the_whole },
        { "crops", crops_are_where_the_references_put_them },
        { "extreme shapes take little", extreme_shapes_take_little },
        { "senseless sizes", senseless_sizes_are_refused },
        { "filters have names", filters_have_names },
        { "planes and levels", planes_and_levels_are_inverse },
        { "the middle of a token grid", the_middle_of_a_token_grid_is_cut_out },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "resize", cases);
}
