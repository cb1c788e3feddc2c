#include "storage/jpeg_image.h"

#include "storage/exif_orientation.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

enum {
    SCANS_MAX = 500,         /* of any picture */
    SCANS_AT_PIXELS_MAX = 32 /* of the largest pictures */
};

/* libjpeg's way out of an error, for both directions: the text is kept, then control returns to
 * the setjmp at the entry. */
struct rescue {
    struct jpeg_error_mgr manager; /* first: libjpeg knows the whole by this address */
    jmp_buf entry;
    enum status code;
    char text[JMSG_LENGTH_MAX];
};

static void leave(j_common_ptr info)
{
    struct rescue *rescue = (struct rescue *)info->err;
    info->err->format_message(info, rescue->text);
    rescue->code = info->err->msg_code == JERR_OUT_OF_MEMORY ? STATUS_NO_MEMORY : STATUS_CORRUPT;
    longjmp(rescue->entry, 1);
}

static void leave_saying(j_common_ptr info, enum status code, const char *text)
{
    struct rescue *rescue = (struct rescue *)info->err;
    snprintf(rescue->text, sizeof rescue->text, "%s", text);
    rescue->code = code;
    longjmp(rescue->entry, 1);
}

/* Warnings are damaged bits, which PIL decodes silently. */
static void ignore_message(j_common_ptr info, int level)
{
    if (level < 0)
        info->err->num_warnings++;
}

static void rescue_begin(struct rescue *rescue)
{
    jpeg_std_error(&rescue->manager);
    rescue->manager.error_exit = leave;
    rescue->manager.emit_message = ignore_message;
}

struct decoder {
    struct jpeg_decompress_struct info;
    struct rescue rescue;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    struct picture_options options; /* pixels_max never 0 */
    uint8_t *cmyk_row;              /* owned; only for pictures of four components */
    const char *name;
};

static void source_nothing(j_decompress_ptr info)
{
    (void)info;
}

/* All bytes were there from the start, so wanting more is the end of a file that was cut. */
static boolean source_fill(j_decompress_ptr info)
{
    leave_saying((j_common_ptr)info, STATUS_CORRUPT, "the file is cut short");
    return FALSE;
}

static void source_skip(j_decompress_ptr info, long byte_count)
{
    if (byte_count <= 0)
        return;
    if ((size_t)byte_count > info->src->bytes_in_buffer)
        source_fill(info);
    info->src->next_input_byte += byte_count;
    info->src->bytes_in_buffer -= (size_t)byte_count;
}

/* A few hundred bytes can declare scans without end, each of which visits every pixel. */
static void limit_scans(j_common_ptr info)
{
    const struct decoder *decoder = info->client_data;
    const double pixels = (double)decoder->info.image_width * decoder->info.image_height;
    const double most = (double)decoder->options.pixels_max / pixels * SCANS_AT_PIXELS_MAX;
    const int scans = decoder->info.input_scan_number;
    if (scans > SCANS_MAX || scans > most)
        leave_saying(info, STATUS_CORRUPT, "too many scans");
}

static void decoder_begin(struct decoder *decoder, const uint8_t *bytes, size_t byte_count)
{
    j_decompress_ptr info = &decoder->info;
    jpeg_create_decompress(info);
    info->client_data = decoder;
    decoder->source = (struct jpeg_source_mgr){ .next_input_byte = bytes,
                                                .bytes_in_buffer = byte_count,
                                                .init_source = source_nothing,
                                                .fill_input_buffer = source_fill,
                                                .skip_input_data = source_skip,
                                                .resync_to_restart = jpeg_resync_to_restart,
                                                .term_source = source_nothing };
    info->src = &decoder->source;
    decoder->progress.progress_monitor = limit_scans;
    info->progress = &decoder->progress;
    if (decoder->options.apply_orientation)
        jpeg_save_markers(info, JPEG_APP0 + 1, 0xffff);
}

static void choose_scale(j_decompress_ptr info, size_t side_min)
{
    if (side_min == 0)
        return;
    info->scale_denom = 8;
    for (info->scale_num = 1; info->scale_num < 8; info->scale_num *= 2) {
        jpeg_calc_output_dimensions(info);
        if (info->output_width >= side_min && info->output_height >= side_min)
            return;
    }
}

static int noted_orientation(j_decompress_ptr info)
{
    int orientation = 1;
    for (jpeg_saved_marker_ptr marker = info->marker_list; marker != NULL && orientation == 1;
         marker = marker->next)
        orientation = exif_orientation(marker->data, marker->data_length);
    return orientation;
}

/* PIL takes every file of four components for inverted CMYK. Its arithmetic: white less black,
 * less ink * (white less black) / 255, rounded. */
static void convert_cmyk_row(uint8_t *rgb, const uint8_t *cmyk, size_t width)
{
    for (size_t x = 0; x < width; x++)
        for (size_t c = 0; c < 3; c++) {
            const unsigned ink = 255u - cmyk[4 * x + c], light = cmyk[4 * x + 3];
            const unsigned product = ink * light + 128u;
            const unsigned absorbed = ((product >> 8) + product) >> 8;
            rgb[3 * x + c] = (uint8_t)(absorbed > light ? 0 : light - absorbed);
        }
}

static void read_rows(struct decoder *decoder, struct rgb_image *out)
{
    j_decompress_ptr info = &decoder->info;
    while (info->output_scanline < info->output_height) {
        uint8_t *row = out->pixels + info->output_scanline * out->width * 3;
        JSAMPROW target = decoder->cmyk_row != NULL ? decoder->cmyk_row : row;
        jpeg_read_scanlines(info, &target, 1);
        if (decoder->cmyk_row != NULL)
            convert_cmyk_row(row, decoder->cmyk_row, out->width);
    }
}

/* Reads header and pixels. Errors of libjpeg leave by longjmp, those of allocation by return. */
static enum status decode(struct decoder *decoder, struct rgb_image *out)
{
    j_decompress_ptr info = &decoder->info;
    jpeg_read_header(info, TRUE);
    const int components = info->num_components;
    if (components != 1 && components != 3 && components != 4)
        leave_saying((j_common_ptr)info, STATUS_CORRUPT, "neither 1, 3 nor 4 components");
    info->out_color_space = components == 4 ? JCS_CMYK : JCS_RGB;

    if ((size_t)info->image_width * info->image_height > decoder->options.pixels_max)
        leave_saying((j_common_ptr)info, STATUS_INVALID, "more pixels declared than accepted");
    choose_scale(info, decoder->options.scaled_side_min);
    jpeg_calc_output_dimensions(info);
    const enum status outcome = rgb_image_begin(out, info->output_width, info->output_height,
                                                decoder->options.pixels_max, decoder->name);
    if (outcome != STATUS_OK)
        return outcome;
    if (components == 4 && (decoder->cmyk_row = malloc((size_t)info->output_width * 4)) == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: one row of pixels", decoder->name);

    const int orientation = noted_orientation(info);
    jpeg_start_decompress(info);
    read_rows(decoder, out);
    jpeg_finish_decompress(info);
    return rgb_image_orient(out, orientation);
}

enum status jpeg_image_decode(struct rgb_image *out, const uint8_t *bytes, size_t byte_count,
                              const struct picture_options *options, const char *name)
{
    struct decoder decoder = { .name = name };
    enum status outcome;
    *out = (struct rgb_image){ 0 };
    if (options != NULL)
        decoder.options = *options;
    if (decoder.options.pixels_max == 0)
        decoder.options.pixels_max = PICTURE_PIXELS_MAX;

    decoder.info.err = &decoder.rescue.manager;
    rescue_begin(&decoder.rescue);
    if (setjmp(decoder.rescue.entry) == 0) {
        decoder_begin(&decoder, bytes, byte_count);
        outcome = decode(&decoder, out);
    } else {
        outcome = status_fail(decoder.rescue.code, "%s: %s", name, decoder.rescue.text);
    }
    jpeg_destroy_decompress(&decoder.info);
    free(decoder.cmyk_row);
    if (outcome != STATUS_OK)
        rgb_image_end(out);
    return outcome;
}

/* libjpeg's own memory destination loses its buffer when an error interrupts it. */
struct encoder {
    struct jpeg_compress_struct info;
    struct rescue rescue;
    struct jpeg_destination_mgr target;
    uint8_t *bytes; /* owned */
    size_t capacity;
};

static void target_begin(j_compress_ptr info)
{
    struct encoder *encoder = info->client_data;
    encoder->target.next_output_byte = encoder->bytes;
    encoder->target.free_in_buffer = encoder->capacity;
}

static boolean target_grow(j_compress_ptr info)
{
    struct encoder *encoder = info->client_data;
    uint8_t *grown = realloc(encoder->bytes, encoder->capacity * 2);
    if (grown == NULL)
        leave_saying((j_common_ptr)info, STATUS_NO_MEMORY, "no memory for the JPEG");
    encoder->bytes = grown;
    encoder->target.next_output_byte = grown + encoder->capacity;
    encoder->target.free_in_buffer = encoder->capacity;
    encoder->capacity *= 2;
    return TRUE;
}

static void target_end(j_compress_ptr info)
{
    (void)info;
}

static void set_parameters(j_compress_ptr info, const struct jpeg_image_options *options)
{
    jpeg_set_defaults(info);
    jpeg_set_quality(info, options->quality, TRUE);
    if (options->grayscale) {
        jpeg_set_colorspace(info, JCS_GRAYSCALE);
    } else {
        info->comp_info[0].h_samp_factor = options->subsampling == JPEG_444 ? 1 : 2;
        info->comp_info[0].v_samp_factor = options->subsampling == JPEG_420 ? 2 : 1;
    }
    if (options->progressive)
        jpeg_simple_progression(info);
}

static void encode(struct encoder *encoder, const struct rgb_image *image,
                   const struct jpeg_image_options *options)
{
    j_compress_ptr info = &encoder->info;
    jpeg_create_compress(info);
    info->client_data = encoder;
    encoder->target = (struct jpeg_destination_mgr){ .init_destination = target_begin,
                                                     .empty_output_buffer = target_grow,
                                                     .term_destination = target_end };
    info->dest = &encoder->target;
    info->image_width = (JDIMENSION)image->width;
    info->image_height = (JDIMENSION)image->height;
    info->input_components = 3;
    info->in_color_space = JCS_RGB;
    set_parameters(info, options);

    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = image->pixels + info->next_scanline * image->width * 3;
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
}

enum status jpeg_image_encode(uint8_t **bytes, size_t *byte_count, const struct rgb_image *image,
                              const struct jpeg_image_options *options)
{
    *bytes = NULL;
    *byte_count = 0;
    if (image->width < 1 || image->height < 1 || image->width > JPEG_MAX_DIMENSION ||
        image->height > JPEG_MAX_DIMENSION)
        return status_fail(STATUS_INVALID, "JPEG of %zu x %zu pixels", image->width, image->height);
    if (options->quality < 1 || options->quality > 100)
        return status_fail(STATUS_INVALID, "JPEG quality %d, expected 1 .. 100", options->quality);

    struct encoder encoder = { .capacity = 1 << 16, .bytes = malloc(1 << 16) };
    if (encoder.bytes == NULL)
        return status_fail(STATUS_NO_MEMORY, "JPEG of %zu x %zu pixels", image->width,
                           image->height);
    enum status outcome = STATUS_OK;
    encoder.info.err = &encoder.rescue.manager;
    rescue_begin(&encoder.rescue);
    if (setjmp(encoder.rescue.entry) == 0)
        encode(&encoder, image, options);
    else
        outcome = status_fail(encoder.rescue.code, "JPEG: %s", encoder.rescue.text);
    if (outcome == STATUS_OK) {
        *bytes = encoder.bytes;
        *byte_count = encoder.capacity - encoder.target.free_in_buffer;
    } else {
        free(encoder.bytes);
    }
    jpeg_destroy_compress(&encoder.info);
    return outcome;
}
