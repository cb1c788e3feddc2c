#include "stages/picture_units.h"

#include "storage/weights_file.h"
#include "tokenizers/image/token_grid.h"

#include <stdlib.h>
#include <string.h>

struct picture_units {
    struct picture_units_options options;
    struct weights_file weights;
    struct vit_vqgan *net;
    struct vit_vqgan_config sizes;
    size_t rows, columns; /* of the cropped grid */
    uint8_t *pixels;      /* [batch][H][W][3] */
    uint16_t *tokens;     /* [batch][T] */
    float *latents;       /* [batch][T][C] */
    struct picture_result *results;
    size_t count; /* pictures in the batch */
};

static enum status squash(struct resize_window *out, const void *net, size_t width, size_t height)
{
    const struct vit_vqgan_config *sizes = net;
    (void)width;
    (void)height;
    *out = resize_squash(sizes->image_width, sizes->image_height);
    return STATUS_OK;
}

struct picture_view picture_units_view(const struct vit_vqgan_config *sizes,
                                       enum resize_filter filter)
{
    return (struct picture_view){ squash, sizes, filter };
}

static enum status allocate(struct picture_units *units)
{
    const struct vit_vqgan_config *sizes = &units->sizes;
    const size_t batch = units->options.batch_images;
    const size_t tokens = batch * vit_vqgan_config_tokens(sizes);
    units->pixels = calloc(batch * sizes->image_height * sizes->image_width, 3);
    units->tokens = calloc(tokens, sizeof *units->tokens);
    units->results = calloc(batch, sizeof *units->results);
    if (units->options.wants_latents)
        units->latents = calloc(tokens * sizes->code_width, sizeof *units->latents);
    if (units->pixels == NULL || units->tokens == NULL || units->results == NULL ||
        (units->options.wants_latents && units->latents == NULL))
        return status_fail(STATUS_NO_MEMORY, "a batch of %zu pictures", batch);
    return STATUS_OK;
}

static enum status set_grid(struct picture_units *units)
{
    const size_t side = units->options.crop_tokens;
    units->rows = vit_vqgan_config_rows(&units->sizes);
    units->columns = vit_vqgan_config_columns(&units->sizes);
    if (side == 0)
        return STATUS_OK;
    if (side > units->rows || side > units->columns)
        return status_fail(STATUS_INVALID,
                           "%s: a crop of %zu x %zu tokens does not fit its grid of %zu x %zu",
                           units->options.weights, side, side, units->rows, units->columns);
    units->rows = units->columns = side;
    return STATUS_OK;
}

enum status picture_units_create(struct picture_units **out,
                                 const struct picture_units_options *options)
{
    struct picture_units *units = calloc(1, sizeof *units);
    *out = NULL;
    if (units == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", options->weights);
    units->options = *options;
    enum status outcome = weights_file_read(&units->weights, options->weights, options->config);
    if (outcome == STATUS_OK)
        outcome = vit_vqgan_create(&units->net, &units->weights.table, units->weights.settings);
    if (outcome == STATUS_OK) {
        units->sizes = *vit_vqgan_sizes(units->net);
        outcome = set_grid(units);
    }
    if (outcome == STATUS_OK)
        outcome = allocate(units);
    if (outcome != STATUS_OK) {
        picture_units_destroy(units);
        return outcome;
    }
    *out = units;
    return STATUS_OK;
}

void picture_units_destroy(struct picture_units *units)
{
    if (units == NULL)
        return;
    vit_vqgan_destroy(units->net);
    weights_file_end(&units->weights);
    free(units->pixels);
    free(units->tokens);
    free(units->latents);
    free(units->results);
    free(units);
}

size_t picture_units_rows(const struct picture_units *units)
{
    return units->rows;
}

size_t picture_units_columns(const struct picture_units *units)
{
    return units->columns;
}

struct vit_vqgan *picture_units_net(struct picture_units *units)
{
    return units->net;
}

bool picture_units_is_full(const struct picture_units *units)
{
    return units->count == units->options.batch_images;
}

/* Into the next place of the batch. */
static enum status read_pixels(struct picture_source *source, struct picture_units *units,
                               const char *path)
{
    const struct vit_vqgan_config *sizes = &units->sizes;
    const struct picture_view view = picture_units_view(sizes, units->options.filter);
    return picture_pixels_read(units->pixels +
                                   units->count * sizes->image_width * sizes->image_height * 3,
                               source, path, &view);
}

enum status picture_units_add(struct picture_units *units, const char *path, size_t number)
{
    struct picture_source source;
    const enum status outcome = read_pixels(&source, units, path);
    if (outcome == STATUS_OK)
        units->results[units->count++] = (struct picture_result){ .number = number,
                                                                  .width = source.width,
                                                                  .height = source.height,
                                                                  .source_bytes = source.bytes };
    return outcome;
}

enum status picture_units_try(struct picture_units *units, const char *path)
{
    struct picture_source source;
    return read_pixels(&source, units, path);
}

/* The crop is done in place: a picture's tokens begin where they began. */
static enum status crop(struct picture_units *units, size_t picture)
{
    const size_t rows = vit_vqgan_config_rows(&units->sizes);
    const size_t columns = vit_vqgan_config_columns(&units->sizes);
    const size_t code_width = units->sizes.code_width;
    uint16_t *tokens = units->tokens + picture * rows * columns;
    float *latents =
        units->latents == NULL ? NULL : units->latents + picture * rows * columns * code_width;
    units->results[picture].tokens = tokens;
    units->results[picture].latents = latents;
    if (units->options.crop_tokens == 0)
        return STATUS_OK;
    enum status outcome =
        token_grid_crop(tokens, tokens, rows, columns, units->rows, sizeof *tokens);
    if (outcome == STATUS_OK && latents != NULL)
        outcome = token_grid_crop(latents, latents, rows, columns, units->rows,
                                  code_width * sizeof *latents);
    return outcome;
}

enum status picture_units_flush(const struct picture_result **results, size_t *count,
                                struct picture_units *units)
{
    enum status outcome = STATUS_OK;
    *results = units->results;
    *count = units->count;
    units->count = 0;
    if (*count > 0)
        vit_vqgan_encode(units->tokens, units->latents, units->net, units->pixels, *count);
    for (size_t picture = 0; picture < *count && outcome == STATUS_OK; picture++)
        outcome = crop(units, picture);
    return outcome;
}
