#include "nn/matmul.h"
#include "nn/norm_gradient.h"
#include "nn/tape_convolution.h"

#include <assert.h>
#include <string.h>

struct picture_step {
    struct array *y, *x, *weight, *bias;
    struct convolution_2d convolution;
    size_t out_height, out_width;
    float *patches; /* of one picture: [out rows][kernel][kernel][C] */
    float *matrix;  /* the weight, in that order: [N][kernel][kernel][C] */
};

static size_t patch_floats(const struct picture_step *step)
{
    return step->convolution.kernel * step->convolution.kernel * step->x->columns;
}

static size_t out_rows(const struct picture_step *step)
{
    return step->out_height * step->out_width;
}

/* The pixel under tap (i, j) of patch (y, x), or SIZE_MAX in the padding. */
static size_t pixel_under(const struct convolution_2d *convolution, size_t y, size_t x, size_t i,
                          size_t j)
{
    const size_t row = y * convolution->stride + i, column = x * convolution->stride + j;
    const size_t padding = convolution->padding;
    if (row < padding || column < padding || row - padding >= convolution->height ||
        column - padding >= convolution->width)
        return SIZE_MAX;
    return (row - padding) * convolution->width + column - padding;
}

/* Copies a picture's patches out of it, or adds their gradients back. */
static void take_patches(const struct picture_step *step, const float *picture)
{
    const size_t C = step->x->columns, kernel = step->convolution.kernel;
    float *patch = step->patches;
    for (size_t y = 0; y < step->out_height; y++)
        for (size_t x = 0; x < step->out_width; x++)
            for (size_t tap = 0; tap < kernel * kernel; tap++, patch += C) {
                const size_t pixel =
                    pixel_under(&step->convolution, y, x, tap / kernel, tap % kernel);
                if (pixel == SIZE_MAX)
                    memset(patch, 0, C * sizeof *patch);
                else
                    memcpy(patch, picture + pixel * C, C * sizeof *patch);
            }
}

static void add_patches(float *picture, const struct picture_step *step)
{
    const size_t C = step->x->columns, kernel = step->convolution.kernel;
    const float *patch = step->patches;
    for (size_t y = 0; y < step->out_height; y++)
        for (size_t x = 0; x < step->out_width; x++)
            for (size_t tap = 0; tap < kernel * kernel; tap++, patch += C) {
                const size_t pixel =
                    pixel_under(&step->convolution, y, x, tap / kernel, tap % kernel);
                for (size_t c = 0; pixel != SIZE_MAX && c < C; c++)
                    picture[pixel * C + c] += patch[c];
            }
}

/* Between PyTorch's [N][C][kernel * kernel] and ours, [N][kernel * kernel][C]. */
static void reorder_weight(float *matrix, const float *weight, const struct picture_step *step)
{
    const size_t C = step->x->columns, taps = step->convolution.kernel * step->convolution.kernel;
    for (size_t n = 0; n < step->weight->rows; n++)
        for (size_t c = 0; c < C; c++)
            for (size_t tap = 0; tap < taps; tap++)
                matrix[(n * taps + tap) * C + c] = weight[(n * C + c) * taps + tap];
}

static void add_reordered(float *weight, const float *matrix, const struct picture_step *step)
{
    const size_t C = step->x->columns, taps = step->convolution.kernel * step->convolution.kernel;
    for (size_t n = 0; n < step->weight->rows; n++)
        for (size_t c = 0; c < C; c++)
            for (size_t tap = 0; tap < taps; tap++)
                weight[(n * C + c) * taps + tap] += matrix[(n * taps + tap) * C + c];
}

static void picture_backward(struct tape *tape, void *payload)
{
    const struct picture_step *step = payload;
    const size_t N = step->weight->rows, K = patch_floats(step), M = out_rows(step);
    const size_t pixels = step->convolution.height * step->convolution.width * step->x->columns;
    float *dx = tape_gradient(tape, step->x), *dweight = tape_gradient(tape, step->weight);
    float *dbias = step->bias != NULL ? tape_gradient(tape, step->bias) : NULL;
    float *dmatrix = dweight != NULL ? tape_take(tape, N * K, sizeof *dmatrix) : NULL;
    if (!tape_has_room(tape))
        return;
    for (size_t b = 0; b < step->convolution.images; b++) {
        const float *dy = step->y->gradient + b * M * N;
        if (dweight != NULL) {
            take_patches(step, step->x->value + b * pixels);
            matmul_of_transposed(dmatrix, K, dy, N, step->patches, K, N, K, M, 1.0f,
                                 b > 0 ? 1.0f : 0.0f);
        }
        if (dx != NULL) {
            matmul(step->patches, K, dy, N, step->matrix, K, M, K, N, 1.0f, 0.0f);
            add_patches(dx + b * pixels, step);
        }
    }
    if (dweight != NULL && step->convolution.images > 0)
        add_reordered(dweight, dmatrix, step);
    if (dbias != NULL)
        add_column_sums(dbias, step->y->gradient, step->y->rows, N);
}

static size_t extent_out(size_t extent, const struct convolution_2d *convolution)
{
    const size_t padded = extent + 2 * convolution->padding;
    return padded < convolution->kernel ? 0
                                        : (padded - convolution->kernel) / convolution->stride + 1;
}

struct array *tape_convolution_2d(struct tape *tape, struct array *x, struct array *weight,
                                  struct array *bias, const struct convolution_2d *convolution)
{
    struct picture_step made = { .x = x,
                                 .weight = weight,
                                 .bias = bias,
                                 .convolution = *convolution,
                                 .out_height = extent_out(convolution->height, convolution),
                                 .out_width = extent_out(convolution->width, convolution) };
    const size_t N = weight->rows, K = patch_floats(&made), M = out_rows(&made);
    const size_t pixels = convolution->height * convolution->width * x->columns;
    assert(!tape_has_room(tape) || weight->columns == K);
    assert(!tape_has_room(tape) ||
           x->rows == convolution->images * convolution->height * convolution->width);
    made.y = tape_output(tape, convolution->images * M, N,
                         x->wants_gradient || weight->wants_gradient ||
                             (bias != NULL && bias->wants_gradient));
    made.patches = tape_take(tape, M * K, sizeof(float));
    made.matrix = tape_take(tape, N * K, sizeof(float));
    if (!tape_has_room(tape))
        return made.y;
    reorder_weight(made.matrix, weight->value, &made);
    for (size_t b = 0; b < convolution->images; b++) {
        take_patches(&made, x->value + b * pixels);
        matmul_linear(made.y->value + b * M * N, N, made.patches, K, made.matrix,
                      bias != NULL ? bias->value : NULL, M, N, K);
    }
    struct picture_step *step = tape_step(tape, made.y, sizeof *step, picture_backward);
    *step = made;
    return made.y;
}
