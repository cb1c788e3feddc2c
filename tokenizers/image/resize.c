#include "tokenizers/image/resize.h"

#include "nn/multiversion.h"
#include "tokenizers/image/resize_weights.h"

#include <stdlib.h>
#include <string.h>

enum { STRIP = 16, STRIP_LANES = 3 * STRIP, HALF = 1 << (RESIZE_WEIGHT_BITS - 1) };

enum status resize_filter_parse(enum resize_filter *out, const char *name)
{
    static const char *const names[] = { "bilinear", "bicubic", "lanczos" };
    for (size_t f = 0; f < sizeof names / sizeof names[0]; f++)
        if (strcmp(name, names[f]) == 0) {
            *out = (enum resize_filter)f;
            return STATUS_OK;
        }
    return status_fail(STATUS_INVALID, "resize filter %s, expected bilinear, bicubic or lanczos",
                       name);
}

struct resize_window resize_squash(size_t width, size_t height)
{
    return (struct resize_window){
        .full_width = width, .full_height = height, .width = width, .height = height
    };
}

size_t resize_crop_offset(size_t margin, enum resize_crop rounding)
{
    const size_t half = margin / 2;
    const int is_odd = margin % 2 == 1;
    return rounding == RESIZE_CROP_TORCHVISION && is_odd ? half + half % 2 : half;
}

enum status resize_short_side(struct resize_window *window, size_t width, size_t height,
                              size_t short_side, size_t crop, enum resize_crop rounding)
{
    if (width < 1 || height < 1 || width > RESIZE_SIDE_MAX || height > RESIZE_SIDE_MAX)
        return status_fail(STATUS_INVALID, "resizing %zu x %zu pixels, sides are 1 .. %d", width,
                           height, RESIZE_SIDE_MAX);
    if (crop < 1 || crop > short_side || short_side > RESIZE_SIDE_MAX)
        return status_fail(STATUS_INVALID, "a crop of %zu from a short side of %zu", crop,
                           short_side);

    const size_t short_source = width < height ? width : height;
    *window = (struct resize_window){ .full_width = short_side * width / short_source,
                                      .full_height = short_side * height / short_source,
                                      .width = crop,
                                      .height = crop };
    window->left = resize_crop_offset(window->full_width - crop, rounding);
    window->top = resize_crop_offset(window->full_height - crop, rounding);
    return STATUS_OK;
}

/* sums[i] += sum over t of weights[t] * rows[t * stride + i]. Weights of one output are normalised
 * to a sum of 1 and their magnitudes to well below 2, so 32 bits hold the sums. */
MULTIVERSION static void add_weighted_rows(int32_t *sums, const uint8_t *rows, size_t stride,
                                           const int32_t *weights, size_t count, size_t n)
{
    size_t i = 0;
    for (; i + STRIP_LANES <= n; i += STRIP_LANES) {
        int32_t lanes[STRIP_LANES];
        memcpy(lanes, sums + i, sizeof lanes);
        for (size_t t = 0; t < count; t++) {
            const uint8_t *row = rows + t * stride + i;
            const int32_t weight = weights[t];
            for (size_t l = 0; l < STRIP_LANES; l++)
                lanes[l] += weight * row[l];
        }
        memcpy(sums + i, lanes, sizeof lanes);
    }
    for (; i < n; i++)
        for (size_t t = 0; t < count; t++)
            sums[i] += weights[t] * rows[t * stride + i];
}

static uint8_t clip(int32_t sum)
{
    const int32_t level = sum >> RESIZE_WEIGHT_BITS;
    return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

/* The picture passes through in strips of STRIP rows. A strip is laid on its side, so that one
 * weight meets STRIP rows of three channels at once, and both passes are the same loop. */
struct passes {
    struct resize_weights across, down;
    size_t column_first, column_count; /* of the source, that the window needs */
    size_t row_first, row_end;
    size_t first_unfinished; /* output row that later strips may still add to */
    uint8_t *lying;          /* [column_count][3][STRIP], owned */
    uint8_t *narrowed;       /* [STRIP][width][3], owned: the strip after the horizontal pass */
    int32_t *sums;           /* [height][width][3], owned */
};

static void passes_end(struct passes *passes)
{
    resize_weights_end(&passes->across);
    resize_weights_end(&passes->down);
    free(passes->lying);
    free(passes->narrowed);
    free(passes->sums);
}

static enum status passes_begin(struct passes *passes, size_t width, size_t height,
                                const struct resize_window *window, enum resize_filter filter)
{
    *passes = (struct passes){ 0 };
    enum status outcome = resize_weights_begin(&passes->across, width, window->full_width,
                                               window->left, window->width, filter);
    if (outcome == STATUS_OK)
        outcome = resize_weights_begin(&passes->down, height, window->full_height, window->top,
                                       window->height, filter);
    if (outcome != STATUS_OK)
        return outcome;

    passes->column_first = passes->across.spans[0].first;
    passes->column_count = resize_weights_reach(&passes->across) - passes->column_first;
    passes->row_first = passes->down.spans[0].first;
    passes->row_end = resize_weights_reach(&passes->down);

    const size_t samples = window->width * window->height * 3;
    passes->lying = calloc(passes->column_count, STRIP_LANES);
    passes->narrowed = malloc(window->width * STRIP_LANES);
    passes->sums = malloc(samples * sizeof *passes->sums);
    if (passes->lying == NULL || passes->narrowed == NULL || passes->sums == NULL)
        return status_fail(STATUS_NO_MEMORY, "resizing %zu x %zu pixels", width, height);
    for (size_t i = 0; i < samples; i++)
        passes->sums[i] = HALF;
    return STATUS_OK;
}

static void lay_strip(struct passes *passes, const uint8_t *pixels, size_t width, size_t row,
                      size_t row_count)
{
    const size_t samples = passes->column_count * 3;
    for (size_t r = 0; r < row_count; r++) {
        const uint8_t *source = pixels + ((row + r) * width + passes->column_first) * 3;
        for (size_t i = 0; i < samples; i++)
            passes->lying[i * STRIP + r] = source[i];
    }
}

static void pass_across(struct passes *passes, size_t row_count)
{
    const struct resize_weights *across = &passes->across;
    for (size_t x = 0; x < across->count; x++) {
        int32_t sums[STRIP_LANES];
        for (size_t l = 0; l < STRIP_LANES; l++)
            sums[l] = HALF;
        const struct resize_span span = across->spans[x];
        add_weighted_rows(sums, passes->lying + (span.first - passes->column_first) * STRIP_LANES,
                          STRIP_LANES, across->values + x * across->stride, span.count,
                          STRIP_LANES);
        uint8_t *target = passes->narrowed + 3 * x;
        for (size_t r = 0; r < row_count; r++)
            for (size_t c = 0; c < 3; c++)
                target[r * across->count * 3 + c] = clip(sums[c * STRIP + r]);
    }
}

static void pass_down(struct passes *passes, size_t row, size_t row_count)
{
    const struct resize_weights *down = &passes->down;
    const size_t row_samples = passes->across.count * 3, end = row + row_count;
    for (size_t y = passes->first_unfinished; y < down->count && down->spans[y].first < end; y++) {
        const struct resize_span span = down->spans[y];
        const size_t from = span.first > row ? span.first : row;
        const size_t to = span.first + span.count < end ? span.first + span.count : end;
        if (from < to)
            add_weighted_rows(passes->sums + y * row_samples,
                              passes->narrowed + (from - row) * row_samples, row_samples,
                              down->values + y * down->stride + (from - span.first), to - from,
                              row_samples);
        if (y == passes->first_unfinished && span.first + span.count <= end)
            passes->first_unfinished++;
    }
}

static enum status check_sizes(size_t width, size_t height, const struct resize_window *window)
{
    if (width < 1 || height < 1 || width > RESIZE_SIDE_MAX || height > RESIZE_SIDE_MAX)
        return status_fail(STATUS_INVALID, "resizing %zu x %zu pixels, sides are 1 .. %d", width,
                           height, RESIZE_SIDE_MAX);
    if (window->width < 1 || window->height < 1 || window->width > RESIZE_SIDE_MAX ||
        window->height > RESIZE_SIDE_MAX || window->left > window->full_width ||
        window->top > window->full_height || window->width > window->full_width - window->left ||
        window->height > window->full_height - window->top)
        return status_fail(STATUS_INVALID, "resizing to %zu x %zu, window %zu x %zu at %zu, %zu",
                           window->full_width, window->full_height, window->width, window->height,
                           window->left, window->top);
    return STATUS_OK;
}

enum status resize_picture(uint8_t *out, const uint8_t *pixels, size_t width, size_t height,
                           const struct resize_window *window, enum resize_filter filter)
{
    enum status outcome = check_sizes(width, height, window);
    if (outcome != STATUS_OK)
        return outcome;
    struct passes passes;
    outcome = passes_begin(&passes, width, height, window, filter);
    for (size_t row = passes.row_first; outcome == STATUS_OK && row < passes.row_end;
         row += STRIP) {
        const size_t row_count = passes.row_end - row < STRIP ? passes.row_end - row : STRIP;
        lay_strip(&passes, pixels, width, row, row_count);
        pass_across(&passes, row_count);
        pass_down(&passes, row, row_count);
    }
    if (outcome == STATUS_OK)
        for (size_t i = 0; i < window->width * window->height * 3; i++)
            out[i] = clip(passes.sums[i]);
    passes_end(&passes);
    return outcome;
}
