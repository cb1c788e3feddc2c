#include "stages/picture_decoder.h"

#include "stages/picture_units.h"
#include "storage/weights_file.h"
#include "tokenizers/image/token_grid.h"
#include "tokenizers/image/vit_vqgan.h"

#include <stdlib.h>
#include <string.h>

struct picture_decoder {
    const char *path; /* of the weights, for messages; in `weights` */
    struct weights_file weights;
    struct vit_vqgan *net;
    const struct vit_vqgan_config *sizes; /* the net's */
    uint16_t *tokens;                     /* [T] */
    uint8_t *pixels;                      /* [H][W][3] */
};

enum status picture_decoder_create(struct picture_decoder **out, const char *weights,
                                   const char *config)
{
    struct picture_decoder *decoder = calloc(1, sizeof *decoder);
    *out = NULL;
    if (decoder == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", weights);
    enum status outcome = weights_file_read(&decoder->weights, weights, config);
    if (outcome == STATUS_OK)
        outcome =
            vit_vqgan_create(&decoder->net, &decoder->weights.table, decoder->weights.settings);
    if (outcome == STATUS_OK) {
        decoder->path = decoder->weights.table.source;
        decoder->sizes = vit_vqgan_sizes(decoder->net);
        decoder->tokens = calloc(vit_vqgan_config_tokens(decoder->sizes), sizeof *decoder->tokens);
        decoder->pixels = calloc(decoder->sizes->image_height * decoder->sizes->image_width, 3);
        if (decoder->tokens == NULL || decoder->pixels == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "%s: a picture", weights);
    }
    if (outcome != STATUS_OK) {
        picture_decoder_destroy(decoder);
        return outcome;
    }
    *out = decoder;
    return STATUS_OK;
}

void picture_decoder_destroy(struct picture_decoder *decoder)
{
    if (decoder == NULL)
        return;
    vit_vqgan_destroy(decoder->net);
    weights_file_end(&decoder->weights);
    free(decoder->tokens);
    free(decoder->pixels);
    free(decoder);
}

static enum status check_units(const struct picture_decoder *decoder, const struct unit_grid *grid,
                               const char *name)
{
    for (size_t u = 0; u < grid->rows * grid->columns; u++)
        if (grid->units[u] >= decoder->sizes->code_count)
            return status_fail(STATUS_INVALID,
                               "%s: unit %u in row %zu, column %zu is not in the codebook of %s, "
                               "which has 0 .. %zu",
                               name, grid->units[u], u / grid->columns, u % grid->columns,
                               decoder->path, decoder->sizes->code_count - 1);
    return STATUS_OK;
}

static enum status check_grid(const struct picture_decoder *decoder, size_t rows, size_t columns,
                              const char *name)
{
    const size_t full_rows = vit_vqgan_config_rows(decoder->sizes);
    const size_t full_columns = vit_vqgan_config_columns(decoder->sizes);
    if (rows < 1 || columns < 1 || rows > full_rows || columns > full_columns)
        return status_fail(STATUS_INVALID, "%s: %zu x %zu units; the grid of %s is %zu x %zu", name,
                           rows, columns, decoder->path, full_rows, full_columns);
    return STATUS_OK;
}

/* The pixels [H][W][3] of the middle rows x columns patches. */
static enum status cut(struct rgb_image *out, const struct picture_decoder *decoder,
                       const uint8_t *pixels, size_t rows, size_t columns, const char *name)
{
    const struct vit_vqgan_config *sizes = decoder->sizes;
    const size_t patch = sizes->patch, row_bytes = columns * patch * 3;
    const size_t top =
        patch * resize_crop_offset(vit_vqgan_config_rows(sizes) - rows, RESIZE_CROP_TORCHVISION);
    const size_t left = patch * resize_crop_offset(vit_vqgan_config_columns(sizes) - columns,
                                                   RESIZE_CROP_TORCHVISION);
    const enum status outcome = rgb_image_begin(out, columns * patch, rows * patch, 0, name);
    for (size_t y = 0; outcome == STATUS_OK && y < rows * patch; y++)
        memcpy(out->pixels + y * row_bytes, pixels + ((top + y) * sizes->image_width + left) * 3,
               row_bytes);
    return outcome;
}

enum status picture_decoder_run(struct rgb_image *out, struct picture_decoder *decoder,
                                const struct unit_grid *grid, const char *name)
{
    *out = (struct rgb_image){ 0 };
    enum status outcome = check_grid(decoder, grid->rows, grid->columns, name);
    if (outcome == STATUS_OK)
        outcome = check_units(decoder, grid, name);
    if (outcome == STATUS_OK)
        outcome = token_grid_pad(decoder->tokens, grid->units, grid->rows, grid->columns,
                                 vit_vqgan_config_rows(decoder->sizes),
                                 vit_vqgan_config_columns(decoder->sizes));
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_decode(NULL, decoder->pixels, decoder->net, decoder->tokens, 1);
    return outcome == STATUS_OK
               ? cut(out, decoder, decoder->pixels, grid->rows, grid->columns, name)
               : outcome;
}

enum status picture_decoder_original(struct rgb_image *out, const struct picture_decoder *decoder,
                                     const char *path, enum resize_filter filter, size_t rows,
                                     size_t columns)
{
    const struct picture_view view = picture_units_view(decoder->sizes, filter);
    struct picture_source source;
    *out = (struct rgb_image){ 0 };
    enum status outcome = check_grid(decoder, rows, columns, path);
    if (outcome == STATUS_OK)
        outcome = picture_pixels_read(decoder->pixels, &source, path, &view);
    return outcome == STATUS_OK ? cut(out, decoder, decoder->pixels, rows, columns, path) : outcome;
}
