#include "storage/png_image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

enum { SIDE_MAX = 1000000 };

struct decoder {
    png_structp png;
    png_infop info;
    const uint8_t *rest; /* not yet read */
    size_t rest_bytes;
    char text[128];
    jmp_buf failed;

    uint8_t *samples; /* [height][width][sample_bytes], owned; NULL where decoded in place */
    uint8_t **rows;   /* owned */
};

bool png_image_is(const uint8_t *bytes, size_t byte_count)
{
    return byte_count >= 8 && png_sig_cmp(bytes, 0, 8) == 0;
}

static void leave(png_structp png, const char *text)
{
    struct decoder *decoder = png_get_error_ptr(png);
    snprintf(decoder->text, sizeof decoder->text, "%s", text);
    longjmp(decoder->failed, 1);
}

static void ignore(png_structp png, const char *text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, uint8_t *bytes, size_t byte_count)
{
    struct decoder *decoder = png_get_io_ptr(png);
    if (byte_count > decoder->rest_bytes)
        png_error(png, "the file is cut short");
    memcpy(bytes, decoder->rest, byte_count);
    decoder->rest += byte_count;
    decoder->rest_bytes -= byte_count;
}

/* Asks libpng for what can become RGB: three bytes a pixel, or one index, or one 16-bit gray. */
static size_t choose_sample_bytes(const struct decoder *decoder)
{
    const int color = png_get_color_type(decoder->png, decoder->info);
    const int depth = png_get_bit_depth(decoder->png, decoder->info);
    png_set_interlace_handling(decoder->png);
    if (color == PNG_COLOR_TYPE_PALETTE) {
        png_set_packing(decoder->png);
        return 1;
    }
    if (color == PNG_COLOR_TYPE_GRAY && depth == 16)
        return 2;

    png_set_strip_16(decoder->png);
    png_set_strip_alpha(decoder->png);
    png_set_expand_gray_1_2_4_to_8(decoder->png);
    png_set_gray_to_rgb(decoder->png);
    return 3;
}

static void expand_palette(struct rgb_image *out, const struct decoder *decoder)
{
    uint8_t table[256][3];
    png_colorp palette = NULL;
    int palette_count = 0;
    png_get_PLTE(decoder->png, decoder->info, &palette, &palette_count);
    for (int i = 0; i < 256; i++) {
        const bool is_given = i < palette_count;
        table[i][0] = is_given ? palette[i].red : (uint8_t)i;
        table[i][1] = is_given ? palette[i].green : (uint8_t)i;
        table[i][2] = is_given ? palette[i].blue : (uint8_t)i;
    }
    for (size_t p = 0; p < out->width * out->height; p++)
        memcpy(out->pixels + 3 * p, table[decoder->samples[p]], 3);
}

static void cut_gray_16(struct rgb_image *out, const struct decoder *decoder)
{
    for (size_t p = 0; p < out->width * out->height; p++) {
        const uint8_t *sample = decoder->samples + 2 * p;
        memset(out->pixels + 3 * p, sample[0] == 0 ? sample[1] : 255, 3);
    }
}

/* Rows of `sample_bytes` a pixel: in place for 3, else in a buffer of their own. */
static enum status prepare_rows(struct decoder *decoder, struct rgb_image *out, size_t sample_bytes,
                                const char *name)
{
    uint8_t *first = out->pixels;
    if (sample_bytes != 3)
        first = decoder->samples = malloc(out->width * out->height * sample_bytes);
    decoder->rows = malloc(out->height * sizeof *decoder->rows);
    if (first == NULL || decoder->rows == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu x %zu pixels", name, out->width, out->height);
    for (size_t y = 0; y < out->height; y++)
        decoder->rows[y] = first + y * out->width * sample_bytes;
    return STATUS_OK;
}

/* Errors of libpng leave by longjmp, others by return. */
static enum status decode(struct decoder *decoder, struct rgb_image *out,
                          const struct picture_options *options, const char *name)
{
    png_set_read_fn(decoder->png, decoder, read_bytes);
    png_set_user_limits(decoder->png, SIDE_MAX, SIDE_MAX);
    /* Only header, palette and pixels matter; text and profiles may be compressed bombs. */
    png_set_keep_unknown_chunks(decoder->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(decoder->png, decoder->info);

    const size_t width = png_get_image_width(decoder->png, decoder->info);
    const size_t height = png_get_image_height(decoder->png, decoder->info);
    enum status outcome =
        rgb_image_begin(out, width, height, options == NULL ? 0 : options->pixels_max, name);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t sample_bytes = choose_sample_bytes(decoder);
    png_read_update_info(decoder->png, decoder->info);
    if (png_get_rowbytes(decoder->png, decoder->info) != width * sample_bytes)
        png_error(decoder->png, "rows of an unexpected length");
    outcome = prepare_rows(decoder, out, sample_bytes, name);
    if (outcome != STATUS_OK)
        return outcome;

    png_read_image(decoder->png, decoder->rows);
    if (sample_bytes == 1)
        expand_palette(out, decoder);
    else if (sample_bytes == 2)
        cut_gray_16(out, decoder);
    return STATUS_OK;
}

enum status png_image_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                             const struct picture_options *options, const char *name)
{
    struct decoder decoder = { .rest = bytes, .rest_bytes = byte_count };
    enum status outcome = STATUS_OK;
    *out = (struct rgb_image){ 0 };
    if (!png_image_is(bytes, byte_count))
        return status_fail(STATUS_CORRUPT, "%s: not a PNG picture", name);

    decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, leave, ignore);
    decoder.info = decoder.png == NULL ? NULL : png_create_info_struct(decoder.png);
    if (decoder.info == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: PNG decoder", name);
    else if (setjmp(decoder.failed) == 0)
        outcome = decode(&decoder, out, options, name);
    else
        outcome = status_fail(STATUS_CORRUPT, "%s: %s", name, decoder.text);
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    free(decoder.samples);
    free(decoder.rows);
    if (outcome != STATUS_OK)
        rgb_image_end(out);
    return outcome;
}

struct encoder {
    FILE *stream; /* memory */
    bool is_whole;
    jmp_buf failed;
};

static void leave_encoder(png_structp png, const char *text)
{
    struct encoder *encoder = png_get_error_ptr(png);
    (void)text;
    longjmp(encoder->failed, 1);
}

static void write_bytes(png_structp png, png_bytep bytes, size_t byte_count)
{
    struct encoder *encoder = png_get_io_ptr(png);
    if (fwrite(bytes, 1, byte_count, encoder->stream) != byte_count)
        png_error(png, "no memory");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* All failures of libpng leave by longjmp: they are a lack of memory, the image having been
 * checked. */
static void encode(png_structp png, png_infop info, struct encoder *encoder,
                   const struct rgb_image *image)
{
    png_set_write_fn(png, encoder, write_bytes, flush_nothing);
    png_set_user_limits(png, SIDE_MAX, SIDE_MAX);
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8,
                 PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (size_t y = 0; y < image->height; y++)
        png_write_row(png, image->pixels + y * image->width * 3);
    png_write_end(png, info);
    encoder->is_whole = true;
}

enum status png_image_encode(uint8_t **bytes, size_t *byte_count, const struct rgb_image *image)
{
    struct encoder encoder = { 0 };
    char *buffer = NULL;
    *bytes = NULL;
    *byte_count = 0;
    if (image->width == 0 || image->height == 0 || image->width > SIDE_MAX ||
        image->height > SIDE_MAX)
        return status_fail(STATUS_INVALID, "PNG of %zu x %zu pixels", image->width, image->height);

    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &encoder, leave_encoder, ignore);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);
    encoder.stream = open_memstream(&buffer, byte_count);
    if (info != NULL && encoder.stream != NULL && setjmp(encoder.failed) == 0)
        encode(png, info, &encoder, image);
    png_destroy_write_struct(&png, &info);
    if (encoder.stream != NULL && fclose(encoder.stream) != 0)
        encoder.is_whole = false;
    if (encoder.is_whole) {
        *bytes = (uint8_t *)buffer;
        return STATUS_OK;
    }
    free(buffer);
    *byte_count = 0;
    return status_fail(STATUS_NO_MEMORY, "PNG of %zu x %zu pixels", image->width, image->height);
}
