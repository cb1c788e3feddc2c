/* JPEG pictures: encoding, decoding, options, and files that lie. What PIL makes of recorded files
 * is in tokenizers/test_image_preprocess.c. */
#include "core/random.h"
#include "storage/exif_orientation.h"
#include "storage/jpeg_image.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const struct jpeg_image_options plain = { .quality = 90, .subsampling = JPEG_420 };

/* Smooth enough for JPEG, different in every corner. */
static struct rgb_image draw(size_t width, size_t height)
{
    struct rgb_image image;
    check_status(rgb_image_begin(&image, width, height, 0, "drawing"), STATUS_OK, NULL);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            uint8_t *pixel = image.pixels + (y * width + x) * 3;
            pixel[0] = (uint8_t)(255 * x / width);
            pixel[1] = (uint8_t)(255 * y / height);
            pixel[2] = (uint8_t)(255 * (x + y) / (width + height));
        }
    return image;
}

static uint8_t *encode(size_t *byte_count, size_t width, size_t height,
                       const struct jpeg_image_options *options)
{
    uint8_t *bytes = NULL;
    struct rgb_image image = draw(width, height);
    check_status(jpeg_image_encode(&bytes, byte_count, &image, options), STATUS_OK, NULL);
    rgb_image_end(&image);
    return bytes;
}

static int worst_difference(const struct rgb_image *a, const struct rgb_image *b)
{
    int worst = 0;
    if (a->width != b->width || a->height != b->height)
        return 256;
    for (size_t i = 0; i < a->width * a->height * 3; i++) {
        const int difference = abs((int)a->pixels[i] - (int)b->pixels[i]);
        worst = difference > worst ? difference : worst;
    }
    return worst;
}

static void what_is_encoded_comes_back(void)
{
    for (int subsampling = JPEG_444; subsampling <= JPEG_420; subsampling++)
        for (int progressive = 0; progressive < 2; progressive++) {
            const struct jpeg_image_options options = { .quality = 95,
                                                        .subsampling = (unsigned)subsampling,
                                                        .progressive = progressive };
            size_t byte_count = 0;
            struct rgb_image image = draw(67, 45), back;
            uint8_t *bytes = encode(&byte_count, 67, 45, &options);
            check_status(jpeg_image_decode(&back, bytes, byte_count, NULL, "drawing"), STATUS_OK,
                         NULL);
            CU_ASSERT(worst_difference(&image, &back) <= 12);
            rgb_image_end(&image);
            rgb_image_end(&back);
            free(bytes);
        }
}

static void the_same_picture_gives_the_same_bytes(void)
{
    size_t first_count = 0, second_count = 0;
    uint8_t *first = encode(&first_count, 300, 200, &plain);
    uint8_t *second = encode(&second_count, 300, 200, &plain);
    CU_ASSERT_EQUAL_FATAL(first_count, second_count);
    CU_ASSERT_EQUAL(memcmp(first, second, first_count), 0);
    free(first);
    free(second);
}

/* Noise at the best quality does not fit the buffer that encoding begins with. */
static void large_files_grow(void)
{
    struct rgb_image image = draw(512, 512), back;
    struct random_stream stream = random_stream_numbered(1, 1, "noise");
    const struct jpeg_image_options options = { .quality = 100, .subsampling = JPEG_444 };
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    for (size_t i = 0; i < 512 * 512 * 3; i++)
        image.pixels[i] = (uint8_t)random_bits(&stream);
    check_status(jpeg_image_encode(&bytes, &byte_count, &image, &options), STATUS_OK, NULL);
    CU_ASSERT(byte_count > 300000);
    check_status(jpeg_image_decode(&back, bytes, byte_count, NULL, "noise"), STATUS_OK, NULL);
    CU_ASSERT(worst_difference(&image, &back) <= 8);
    rgb_image_end(&image);
    rgb_image_end(&back);
    free(bytes);
}

static void grayscale_has_three_equal_channels(void)
{
    const struct jpeg_image_options options = { .quality = 90, .grayscale = true };
    size_t byte_count = 0, unequal = 0;
    struct rgb_image back;
    uint8_t *bytes = encode(&byte_count, 33, 20, &options);
    check_status(jpeg_image_decode(&back, bytes, byte_count, NULL, "gray"), STATUS_OK, NULL);
    for (size_t p = 0; back.pixels != NULL && p < back.width * back.height; p++)
        unequal += back.pixels[3 * p] != back.pixels[3 * p + 1] ||
                   back.pixels[3 * p] != back.pixels[3 * p + 2];
    CU_ASSERT_EQUAL(unequal, 0);
    rgb_image_end(&back);
    free(bytes);
}

static void senseless_encodings_are_refused(void)
{
    uint8_t *bytes = NULL;
    size_t byte_count = 0;
    struct rgb_image image = draw(4, 4);
    struct jpeg_image_options options = plain;
    options.quality = 0;
    check_status(jpeg_image_encode(&bytes, &byte_count, &image, &options), STATUS_INVALID,
                 "quality 0");
    options.quality = 101;
    check_status(jpeg_image_encode(&bytes, &byte_count, &image, &options), STATUS_INVALID,
                 "quality 101");
    const struct rgb_image wide = { .width = 70000, .height = 1, .pixels = image.pixels };
    check_status(jpeg_image_encode(&bytes, &byte_count, &wide, &plain), STATUS_INVALID, "70000");
    CU_ASSERT_PTR_NULL(bytes);
    rgb_image_end(&image);
}

static void every_cut_is_noticed(void)
{
    for (int progressive = 0; progressive < 2; progressive++) {
        const struct jpeg_image_options options = { .quality = 60, .progressive = progressive };
        size_t byte_count = 0;
        uint8_t *bytes = encode(&byte_count, 40, 24, &options);
        for (size_t count = 0; count < byte_count; count++) {
            /* A buffer of its own, so that reading past the cut is seen. */
            uint8_t *cut = malloc(count > 0 ? count : 1);
            struct rgb_image image;
            memcpy(cut, bytes, count);
            check_status(jpeg_image_decode(&image, cut, count, NULL, "cut.jpg"), STATUS_CORRUPT,
                         "cut.jpg");
            CU_ASSERT_PTR_NULL(image.pixels);
            free(cut);
        }
        free(bytes);
    }
}

static void damaged_bytes_never_crash(void)
{
    struct random_stream stream = random_stream_numbered(3, 0, "damage");
    const struct jpeg_image_options options = { .quality = 60, .progressive = true };
    const struct picture_options limits = { .pixels_max = 1 << 20, .apply_orientation = true };
    size_t byte_count = 0, failures = 0, rounds = 3000;
    uint8_t *bytes = encode(&byte_count, 40, 24, &options), *damaged = malloc(byte_count);
    for (size_t r = 0; r < rounds; r++) {
        struct rgb_image image;
        memcpy(damaged, bytes, byte_count);
        for (uint32_t d = random_below(&stream, 4) + 1; d > 0; d--)
            damaged[random_below(&stream, (uint32_t)byte_count)] = (uint8_t)random_bits(&stream);
        const enum status outcome =
            jpeg_image_decode(&image, damaged, byte_count, &limits, "damaged.jpg");
        CU_ASSERT(outcome == STATUS_OK || outcome == STATUS_CORRUPT || outcome == STATUS_INVALID);
        CU_ASSERT((outcome == STATUS_OK) == (image.pixels != NULL));
        failures += outcome != STATUS_OK;
        rgb_image_end(&image);
    }
    CU_ASSERT(failures > 0 && failures < rounds);
    free(damaged);
    free(bytes);
}

static void declared_pixels_are_bounded(void)
{
    size_t byte_count = 0;
    struct rgb_image image;
    uint8_t *bytes = encode(&byte_count, 40, 24, &plain);
    const struct picture_options just = { .pixels_max = 40 * 24 };
    const struct picture_options less = { .pixels_max = 40 * 24 - 1 };
    check_status(jpeg_image_decode(&image, bytes, byte_count, &just, "a"), STATUS_OK, NULL);
    rgb_image_end(&image);
    check_status(jpeg_image_decode(&image, bytes, byte_count, &less, "a.jpg"), STATUS_INVALID,
                 "a.jpg");
    CU_ASSERT_PTR_NULL(image.pixels);
    free(bytes);
}

/* A progressive file whose last scan is repeated `times` times. */
static uint8_t *repeat_last_scan(size_t *byte_count, size_t times)
{
    const struct jpeg_image_options options = { .quality = 60, .progressive = true };
    size_t count = 0, scan = 0;
    uint8_t *bytes = encode(&count, 40, 24, &options);
    for (size_t i = 0; i + 1 < count; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xda)
            scan = i;
    const size_t scan_bytes = count - 2 - scan;
    uint8_t *repeated = malloc(count + times * scan_bytes);
    memcpy(repeated, bytes, count - 2);
    for (size_t t = 0; t < times; t++)
        memcpy(repeated + count - 2 + t * scan_bytes, bytes + scan, scan_bytes);
    *byte_count = count + times * scan_bytes;
    memcpy(repeated + *byte_count - 2, "\xff\xd9", 2);
    free(bytes);
    return repeated;
}

static void scans_are_bounded(void)
{
    const struct {
        size_t times;
        enum status expected;
    } cases[] = { { 5, STATUS_OK }, { 450, STATUS_OK }, { 600, STATUS_CORRUPT } };
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        size_t byte_count = 0;
        struct rgb_image image;
        uint8_t *bytes = repeat_last_scan(&byte_count, cases[c].times);
        check_status(jpeg_image_decode(&image, bytes, byte_count, NULL, "scans.jpg"),
                     cases[c].expected, "too many scans");
        rgb_image_end(&image);

        /* With pixels_max of just this size, only few scans of it are worth their time. */
        const struct picture_options tight = { .pixels_max = 40 * 24 };
        check_status(jpeg_image_decode(&image, bytes, byte_count, &tight, "scans.jpg"),
                     c == 0 ? STATUS_OK : STATUS_CORRUPT, "too many scans");
        rgb_image_end(&image);
        free(bytes);
    }
}

static void large_pictures_may_be_decoded_smaller(void)
{
    const size_t sides[][3] = { /* scaled_side_min, width, height */
                                { 0, 64, 48 }, { 100, 64, 48 }, { 25, 64, 48 }, { 24, 32, 24 },
                                { 7, 16, 12 }, { 6, 8, 6 },     { 1, 8, 6 }
    };
    size_t byte_count = 0;
    uint8_t *bytes = encode(&byte_count, 64, 48, &plain);
    for (size_t s = 0; s < sizeof sides / sizeof sides[0]; s++) {
        struct rgb_image image, small = draw(sides[s][1], sides[s][2]);
        const struct picture_options options = { .scaled_side_min = sides[s][0] };
        check_status(jpeg_image_decode(&image, bytes, byte_count, &options, "a"), STATUS_OK, NULL);
        CU_ASSERT_EQUAL(image.width, sides[s][1]);
        CU_ASSERT_EQUAL(image.height, sides[s][2]);
        CU_ASSERT(worst_difference(&image, &small) <= 32);
        rgb_image_end(&image);
        rgb_image_end(&small);
    }
    free(bytes);
}

/* Letters stand for pixels of a picture three wide, two high: "abc" above "def". */
static void the_eight_orientations_are_undone(void)
{
    static const char *const turned[] = { "abcdef", "abcdef", "cbafed", "fedcba", "defabc",
                                          "adbecf", "daebfc", "fcebda", "cfbead", "abcdef" };
    for (int orientation = 0; orientation <= 9; orientation++) {
        struct rgb_image image;
        check_status(rgb_image_begin(&image, 3, 2, 0, "letters"), STATUS_OK, NULL);
        for (size_t p = 0; p < 6; p++)
            memset(image.pixels + 3 * p, "abcdef"[p], 3);
        check_status(rgb_image_orient(&image, orientation), STATUS_OK, NULL);
        const bool is_upright = orientation < 5 || orientation == 9;
        CU_ASSERT_EQUAL(image.width, is_upright ? 3 : 2);
        CU_ASSERT_EQUAL(image.height, is_upright ? 2 : 3);
        for (size_t i = 0; i < 18; i++)
            CU_ASSERT_EQUAL(image.pixels[i], turned[orientation][i / 3]);
        rgb_image_end(&image);
    }
}

static const uint8_t little_exif[] = "Exif\0\0II\x2a\0\x08\0\0\0\x02\0"
                                     "\x0f\x01\x02\0\x04\0\0\0abc\0"
                                     "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0";
static const uint8_t big_exif[] = "Exif\0\0MM\0\x2a\0\0\0\x08\0\x01"
                                  "\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0";

static void exif_says_how_to_turn(void)
{
    CU_ASSERT_EQUAL(exif_orientation(little_exif, sizeof little_exif), 6);
    CU_ASSERT_EQUAL(exif_orientation(big_exif, sizeof big_exif), 3);
    for (size_t count = 0; count < sizeof little_exif - 5; count++) {
        uint8_t *cut = malloc(count > 0 ? count : 1);
        memcpy(cut, little_exif, count);
        CU_ASSERT_EQUAL(exif_orientation(cut, count), 1);
        free(cut);
    }
    uint8_t changed[sizeof big_exif];
    const struct {
        size_t at;
        uint8_t value;
    } changes[] = { { 25, 9 }, { 25, 0 }, { 19, 4 }, { 10, 255 }, { 13, 0xfe }, { 0, 'e' } };
    for (size_t c = 0; c < sizeof changes / sizeof changes[0]; c++) {
        memcpy(changed, big_exif, sizeof changed);
        changed[changes[c].at] = changes[c].value;
        CU_ASSERT_EQUAL(exif_orientation(changed, sizeof changed), 1);
    }
}

static void orientation_is_applied_only_where_asked(void)
{
    const struct picture_options asked = { .apply_orientation = true };
    size_t byte_count = 0;
    uint8_t *bytes = encode(&byte_count, 40, 24, &plain);
    const size_t block = sizeof little_exif, total = byte_count + 4 + block;
    uint8_t *tagged = malloc(total);
    memcpy(tagged, "\xff\xd8\xff\xe1\0", 5);
    tagged[5] = (uint8_t)(block + 2);
    memcpy(tagged + 6, little_exif, block);
    memcpy(tagged + 6 + block, bytes + 2, byte_count - 2);

    struct rgb_image as_is, turned;
    check_status(jpeg_image_decode(&as_is, tagged, total, NULL, "a"), STATUS_OK, NULL);
    check_status(jpeg_image_decode(&turned, tagged, total, &asked, "a"), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(as_is.width, 40);
    CU_ASSERT_EQUAL(turned.width, 24);
    check_status(rgb_image_orient(&as_is, 6), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(worst_difference(&as_is, &turned), 0);
    rgb_image_end(&as_is);
    rgb_image_end(&turned);
    free(tagged);
    free(bytes);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "what is encoded comes back", what_is_encoded_comes_back },
        { "same picture, same bytes", the_same_picture_gives_the_same_bytes },
        { "large files grow", large_files_grow },
        { "gray", grayscale_has_three_equal_channels },
        { "senseless encodings", senseless_encodings_are_refused },
        { "every cut is noticed", every_cut_is_noticed },
        { "damage never crashes", damaged_bytes_never_crash },
        { "declared pixels are bounded", declared_pixels_are_bounded },
        { "scans are bounded", scans_are_bounded },
        { "decoding smaller", large_pictures_may_be_decoded_smaller },
        { "eight orientations", the_eight_orientations_are_undone },
        { "EXIF", exif_says_how_to_turn },
        { "orientation only where asked", orientation_is_applied_only_where_asked },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "jpeg_image", cases);
}
