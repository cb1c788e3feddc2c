#include "tokenizers/image/picture_loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A picture's error at all scales, and the loss's gradient by it: planes [3][height][width]. */
struct pyramid {
    size_t scales;
    struct {
        size_t height, width;
        float *error, *gradient;
    } levels[PICTURE_LOSS_SCALES_MAX];
};

size_t picture_loss_scales(const struct patches_shape *shape)
{
    size_t scales = 1;
    for (size_t h = shape->height, w = shape->width;
         scales < PICTURE_LOSS_SCALES_MAX && h % 2 == 0 && w % 2 == 0 && h > 2 && w > 2;
         h /= 2, w /= 2)
        scales++;
    return scales;
}

static struct pyramid take_pyramid(struct tape *tape, const struct patches_shape *shape)
{
    struct pyramid pyramid = { .scales = picture_loss_scales(shape) };
    for (size_t s = 0; s < pyramid.scales; s++) {
        const size_t height = shape->height >> s, width = shape->width >> s;
        pyramid.levels[s].height = height;
        pyramid.levels[s].width = width;
        pyramid.levels[s].error = tape_take(tape, 3 * height * width, sizeof(float));
        pyramid.levels[s].gradient = tape_take(tape, 3 * height * width, sizeof(float));
    }
    return pyramid;
}

/* The mean of each 2 x 2 values. It is linear: the error of halved pictures is the halved error. */
static void halve(float *restrict out, const float *restrict in, size_t rows, size_t width)
{
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < width; x++) {
            const float *above = in + 4 * y * width + 2 * x, *below = above + 2 * width;
            out[y * width + x] = 0.25f * (above[0] + above[1] + below[0] + below[1]);
        }
}

static void double_gradient(float *restrict out, const float *restrict in, size_t rows,
                            size_t width)
{
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < width; x++) {
            const float quarter = 0.25f * in[y * width + x];
            float *above = out + 4 * y * width + 2 * x, *below = above + 2 * width;
            above[0] += quarter;
            above[1] += quarter;
            below[0] += quarter;
            below[1] += quarter;
        }
}

/* The sum of |b - a| over pairs, `factor` times whose gradient is added. The gradients of a pair
 * lie as far apart as the pair. */
static double add_pairs(float *restrict gradient, const float *restrict error, size_t apart,
                        size_t count, float factor)
{
    float sum = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float change = error[i + apart] - error[i];
        sum += fabsf(change);
        gradient[i] -= change > 0.0f ? factor : change < 0.0f ? -factor : 0.0f;
    }
    for (size_t i = 0; i < count; i++) {
        const float change = error[i + apart] - error[i];
        gradient[i + apart] += change > 0.0f ? factor : change < 0.0f ? -factor : 0.0f;
    }
    return (double)sum;
}

/* The mean edge error of a level, whose gradient times `weight` is added. */
static double add_edges(float *gradient, const float *error, size_t height, size_t width,
                        double weight)
{
    const double pairs = (double)(3 * (height * (width - 1) + (height - 1) * width));
    const float factor = pairs > 0.0 ? (float)(weight / pairs) : 0.0f;
    double sum = 0.0;
    for (size_t row = 0; row < 3 * height; row++) {
        const size_t at = row * width;
        sum += add_pairs(gradient + at, error + at, 1, width - 1, factor);
        if (row % height + 1 < height)
            sum += add_pairs(gradient + at, error + at, width, width, factor);
    }
    return pairs > 0.0 ? sum / pairs : 0.0;
}

static double add_edges_of_all(struct pyramid *pyramid, double weight)
{
    const double share = weight / (double)pyramid->scales;
    double sum = 0.0;
    for (size_t s = 1; s < pyramid->scales; s++) {
        const size_t rows = 3 * pyramid->levels[s].height, width = pyramid->levels[s].width;
        halve(pyramid->levels[s].error, pyramid->levels[s - 1].error, rows, width);
        memset(pyramid->levels[s].gradient, 0, rows * width * sizeof(float));
    }
    for (size_t s = pyramid->scales; s-- > 0;) {
        const size_t height = pyramid->levels[s].height, width = pyramid->levels[s].width;
        sum += share * add_edges(pyramid->levels[s].gradient, pyramid->levels[s].error, height,
                                 width, share);
        if (s > 0)
            double_gradient(pyramid->levels[s - 1].gradient, pyramid->levels[s].gradient,
                            3 * height, width);
    }
    return sum;
}

/* The loss of one picture from its error at full size, and its gradient there. */
static double differentiate(struct pyramid *pyramid, const struct picture_loss_weights *weights,
                            double scale)
{
    const size_t width = pyramid->levels[0].width, rows = 3 * pyramid->levels[0].height;
    const double absolute = scale * (double)weights->absolute / (double)(rows * width);
    const double squared = scale * (double)weights->squared / (double)(rows * width);
    const float step = (float)absolute, slope = (float)(2.0 * squared);
    double loss = 0.0;
    for (size_t row = 0; row < rows; row++) {
        const float *restrict error = pyramid->levels[0].error + row * width;
        float *restrict gradient = pyramid->levels[0].gradient + row * width;
        float sum = 0.0f, squares = 0.0f;
        for (size_t x = 0; x < width; x++) {
            const float e = error[x];
            sum += fabsf(e);
            squares += e * e;
            gradient[x] = slope * e + (e > 0.0f ? step : e < 0.0f ? -step : 0.0f);
        }
        loss += absolute * (double)sum + squared * (double)squares;
    }
    return loss + add_edges_of_all(pyramid, scale * (double)weights->edges);
}

struct loss_step {
    struct array *loss, *made;
    const float *gradient; /* of the loss by `made` */
};

static void loss_backward(struct tape *tape, void *payload)
{
    const struct loss_step *step = payload;
    const float factor = step->loss->gradient[0];
    float *restrict gradient = tape_gradient(tape, step->made);
    const float *restrict own = step->gradient;
    for (size_t i = 0; gradient != NULL && i < step->made->rows * step->made->columns; i++)
        gradient[i] += factor * own[i];
}

struct array *picture_loss(struct tape *tape, struct array *made, const float *wanted, size_t count,
                           const struct patches_shape *shape,
                           const struct picture_loss_weights *weights, double divisor)
{
    struct array *loss = tape_output(tape, 1, 1, made->wants_gradient);
    float *gradient = tape_take(tape, made->rows * made->columns, sizeof *gradient);
    struct pyramid pyramid = take_pyramid(tape, shape);
    if (!tape_has_room(tape))
        return loss;
    const size_t values = 3 * shape->height * shape->width;
    assert(made->rows * made->columns == count * values);
    double sum = 0.0;
    for (size_t p = 0; p < count; p++) {
        float *own = gradient + p * values; /* the error, until its gradient takes its place */
        const float *x = made->value + p * values, *y = wanted + p * values;
        for (size_t i = 0; i < values; i++)
            own[i] = x[i] - y[i];
        patches_to_planes(pyramid.levels[0].error, own, shape);
        sum += differentiate(&pyramid, weights, 1.0 / divisor);
        patches_from_planes(own, pyramid.levels[0].gradient, shape);
    }
    loss->value[0] = (float)sum;
    struct loss_step *step = tape_step(tape, loss, sizeof *step, loss_backward);
    *step = (struct loss_step){ loss, made, gradient };
    return loss;
}
