/* PNG pictures, made here byte by byte, against what Pillow 9.4 makes of the same bytes; and files
 * that lie. */
#include "core/random.h"
#include "storage/png_image.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { GRAY = 0, RGB = 2, PALETTE = 3, GRAY_ALPHA = 4, RGB_ALPHA = 6, FILE_BYTES = 512 };

struct file {
    uint8_t bytes[FILE_BYTES];
    size_t count;
};

static void put_32(uint8_t *target, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        target[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t checksum(const uint8_t *bytes, size_t count)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1u) != 0 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

static void add_chunk(struct file *file, const char *type, const uint8_t *data, size_t count)
{
    uint8_t *at = file->bytes + file->count;
    put_32(at, (uint32_t)count);
    memcpy(at + 4, type, 4);
    if (count > 0)
        memcpy(at + 8, data, count);
    put_32(at + 8 + count, checksum(at + 4, count + 4));
    file->count += count + 12;
}

/* What a picture is made of; `rows` have a filter byte each. */
struct recipe {
    uint32_t width, height;
    uint8_t bits, color, is_interlaced;
    const uint8_t *rows;
    size_t row_bytes;
    const uint8_t *palette;
    size_t palette_bytes;
};

/* A zlib stream of one stored block. */
static size_t store(uint8_t *stream, const uint8_t *data, size_t count)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < count; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    const uint8_t head[] = {
        0x78, 0x01, 0x01, (uint8_t)count, 0, (uint8_t)~count, (uint8_t)(0xff)
    };
    memcpy(stream, head, sizeof head);
    memcpy(stream + sizeof head, data, count);
    put_32(stream + sizeof head + count, b << 16 | a);
    return sizeof head + count + 4;
}

static struct file make(const struct recipe *recipe)
{
    struct file file = { .bytes = "\x89PNG\r\n\x1a\n", .count = 8 };
    uint8_t header[13] = { 0 }, stream[256];
    put_32(header, recipe->width);
    put_32(header + 4, recipe->height);
    header[8] = recipe->bits;
    header[9] = recipe->color;
    header[12] = recipe->is_interlaced;
    add_chunk(&file, "IHDR", header, sizeof header);
    if (recipe->palette != NULL)
        add_chunk(&file, "PLTE", recipe->palette, recipe->palette_bytes);
    add_chunk(&file, "IDAT", stream, store(stream, recipe->rows, recipe->row_bytes));
    add_chunk(&file, "IEND", NULL, 0);
    return file;
}

static void check_pixels(const struct recipe *recipe, const uint8_t *expected)
{
    struct rgb_image image;
    const struct file file = make(recipe);
    check_status(png_image_decode(&image, file.bytes, file.count, NULL, "a.png"), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image.pixels);
    CU_ASSERT_EQUAL_FATAL(image.width, recipe->width);
    CU_ASSERT_EQUAL_FATAL(image.height, recipe->height);
    CU_ASSERT_EQUAL(memcmp(image.pixels, expected, image.width * image.height * 3), 0);
    rgb_image_end(&image);
}

/* Levels of gray pictures, once a pixel. */
static void check_levels(const struct recipe *recipe, const uint8_t *levels)
{
    uint8_t expected[64 * 3];
    for (size_t i = 0; i < recipe->width * recipe->height * 3; i++)
        expected[i] = levels[i / 3];
    check_pixels(recipe, expected);
}

static const uint8_t two_bit_rows[] = { 0, 0x1b };
static const struct recipe two_bit = { 4, 1, 2, GRAY, 0, two_bit_rows, 2, NULL, 0 };

static void gray_of_every_depth_is_scaled(void)
{
    const uint8_t one_bit_rows[] = { 0, 0xa5 };
    const struct recipe one_bit = { 8, 1, 1, GRAY, 0, one_bit_rows, 2, NULL, 0 };
    check_levels(&one_bit, (const uint8_t[]){ 255, 0, 255, 0, 0, 255, 0, 255 });
    check_levels(&two_bit, (const uint8_t[]){ 0, 85, 170, 255 });
    const uint8_t eight_bit_rows[] = { 0, 7, 200 };
    const struct recipe eight_bit = { 2, 1, 8, GRAY, 0, eight_bit_rows, 3, NULL, 0 };
    check_levels(&eight_bit, (const uint8_t[]){ 7, 200 });
}

static void sixteen_bit_gray_is_cut(void)
{
    const uint8_t rows[] = { 0, 0, 0, 0, 5, 1, 0, 0xff, 0xff };
    const struct recipe recipe = { 4, 1, 16, GRAY, 0, rows, sizeof rows, NULL, 0 };
    check_levels(&recipe, (const uint8_t[]){ 0, 5, 255, 255 });
}

static void sixteen_bit_color_keeps_the_high_byte(void)
{
    const uint8_t rows[] = { 0, 0x12, 0xff, 0x34, 0x80, 0xff, 0xff, 0, 0xff, 1, 0x80, 0x7f, 0x7f };
    const struct recipe recipe = { 2, 1, 16, RGB, 0, rows, sizeof rows, NULL, 0 };
    check_pixels(&recipe, (const uint8_t[]){ 18, 52, 255, 0, 1, 127 });
    const uint8_t alpha_rows[] = { 0, 0x12, 0xff, 0x34, 0x80, 0x7f, 0xff, 0, 0xff };
    const struct recipe alpha = { 2, 1, 16, GRAY_ALPHA, 0, alpha_rows, sizeof alpha_rows, NULL, 0 };
    check_levels(&alpha, (const uint8_t[]){ 18, 127 });
}

static void alpha_is_dropped(void)
{
    const uint8_t rows[] = { 0, 1, 2, 3, 0, 4, 5, 6, 128 };
    const struct recipe recipe = { 2, 1, 8, RGB_ALPHA, 0, rows, sizeof rows, NULL, 0 };
    check_pixels(&recipe, (const uint8_t[]){ 1, 2, 3, 4, 5, 6 });
}

static void palettes_are_expanded_and_an_index_beyond_is_gray(void)
{
    const uint8_t rows[] = { 0, 0, 1, 5, 255 }, palette[] = { 10, 20, 30, 40, 50, 60 };
    const struct recipe recipe = { 4, 1, 8, PALETTE, 0, rows, sizeof rows, palette, 6 };
    check_pixels(&recipe, (const uint8_t[]){ 10, 20, 30, 40, 50, 60, 5, 5, 5, 255, 255, 255 });
    const uint8_t bit_rows[] = { 0, 0xa0 };
    const struct recipe bits = { 4, 1, 1, PALETTE, 0, bit_rows, sizeof bit_rows, palette, 6 };
    check_pixels(&bits, (const uint8_t[]){ 40, 50, 60, 10, 20, 30, 40, 50, 60, 10, 20, 30 });
}

static void interlaced_pixels_find_their_place(void)
{
    const uint8_t rows[] = { 0, 11, 0, 22, 0, 33, 44 };
    const struct recipe recipe = { 2, 2, 8, GRAY, 1, rows, sizeof rows, NULL, 0 };
    check_levels(&recipe, (const uint8_t[]){ 11, 22, 33, 44 });
}

static enum status decode_copy(const struct file *file, size_t count, size_t pixels_max)
{
    struct rgb_image image;
    const struct picture_options options = { .pixels_max = pixels_max };
    uint8_t *copy = malloc(count > 0 ? count : 1);
    memcpy(copy, file->bytes, count);
    const enum status outcome = png_image_decode(&image, copy, count, &options, "lies.png");
    CU_ASSERT((outcome == STATUS_OK) == (image.pixels != NULL));
    rgb_image_end(&image);
    free(copy);
    return outcome;
}

static void cuts_are_noticed_up_to_the_last_pixel(void)
{
    const struct file file = make(&two_bit);
    const size_t end_chunk = 12;
    for (size_t count = 0; count <= file.count - end_chunk - 8; count++)
        check_status(decode_copy(&file, count, 0), STATUS_CORRUPT, "lies.png");
    check_status(decode_copy(&file, file.count - end_chunk, 0), STATUS_OK, NULL);
}

static void a_wrong_checksum_is_noticed(void)
{
    struct file file = make(&two_bit);
    file.bytes[file.count - 13] ^= 1;
    check_status(decode_copy(&file, file.count, 0), STATUS_CORRUPT, "CRC");
}

static void declared_sizes_are_bounded(void)
{
    struct recipe recipe = two_bit;
    const struct file small = make(&recipe);
    check_status(decode_copy(&small, small.count, 4), STATUS_OK, NULL);
    check_status(decode_copy(&small, small.count, 3), STATUS_INVALID, "4 x 1");
    recipe.width = recipe.height = 65500;
    const struct file huge = make(&recipe);
    check_status(decode_copy(&huge, huge.count, 0), STATUS_INVALID, "65500 x 65500");
    recipe.width = 2000000;
    recipe.height = 1;
    const struct file wide = make(&recipe);
    check_status(decode_copy(&wide, wide.count, 0), STATUS_CORRUPT, "lies.png");
    recipe.width = 0;
    const struct file empty = make(&recipe);
    check_status(decode_copy(&empty, empty.count, 0), STATUS_CORRUPT, "lies.png");
}

/* Nonsense with right checksums, so that it reaches what lies behind them. Bytes below 5 are valid
 * filters, so that some of it decodes. */
static void damaged_bytes_never_crash(void)
{
    struct random_stream stream = random_stream_numbered(4, 0, "damage");
    size_t failures = 0, rounds = 4000;
    for (size_t r = 0; r < rounds; r++) {
        uint8_t rows[40], palette[12];
        for (size_t i = 0; i < sizeof rows; i++)
            rows[i] = (uint8_t)(r % 2 == 0 ? random_below(&stream, 5) : random_bits(&stream));
        for (size_t i = 0; i < sizeof palette; i++)
            palette[i] = (uint8_t)random_bits(&stream);
        const struct recipe recipe = { .width = random_below(&stream, 9),
                                       .height = random_below(&stream, 5),
                                       .bits = (uint8_t)(1u << random_below(&stream, 6)),
                                       .color = (uint8_t)random_below(&stream, 8),
                                       .is_interlaced = (uint8_t)random_below(&stream, 3),
                                       .rows = rows,
                                       .row_bytes = sizeof rows,
                                       .palette = palette,
                                       .palette_bytes = random_below(&stream, 13) };
        struct file file = make(&recipe);
        if (r % 4 == 0)
            file.bytes[random_below(&stream, (uint32_t)file.count)] = (uint8_t)random_bits(&stream);
        failures += decode_copy(&file, file.count, 1 << 20) != STATUS_OK;
    }
    CU_ASSERT(failures > 0 && failures < rounds);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "gray of every depth is scaled", gray_of_every_depth_is_scaled },
        { "16-bit gray is cut", sixteen_bit_gray_is_cut },
        { "16-bit colour keeps the high byte", sixteen_bit_color_keeps_the_high_byte },
        { "alpha is dropped", alpha_is_dropped },
        { "palettes", palettes_are_expanded_and_an_index_beyond_is_gray },
        { "interlaced", interlaced_pixels_find_their_place },
        { "cuts are noticed", cuts_are_noticed_up_to_the_last_pixel },
        { "a wrong checksum is noticed", a_wrong_checksum_is_noticed },
        { "declared sizes are bounded", declared_sizes_are_bounded },
        { "damage never crashes", damaged_bytes_never_crash },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "png_image", cases);
}
