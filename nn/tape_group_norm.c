#include "nn/multiversion.h"
#include "nn/tape_norm.h"

#include <assert.h>
#include <math.h>

struct group_norm_step {
    struct array *y, *x, *gain, *offset;
    struct segments segments;
    size_t groups;
    float *means, *scales; /* [segments][groups] */
};

/* Sums of a block of columns in double, four columns' worth of rows at a time in float would not
 * save time that matters: the pass is bound by memory. */
MULTIVERSION static void group_statistics(float *mean, float *scale, const float *x, size_t rows,
                                          size_t stride, size_t width, float eps)
{
    double sum = 0.0, squares = 0.0;
    for (size_t t = 0; t < rows; t++) {
        float part = 0.0f;
        for (size_t c = 0; c < width; c++)
            part += x[t * stride + c];
        sum += (double)part;
    }
    const double count = (double)(rows * width);
    const float centre = (float)(sum / count);
    for (size_t t = 0; t < rows; t++) {
        float part = 0.0f;
        for (size_t c = 0; c < width; c++)
            part += (x[t * stride + c] - centre) * (x[t * stride + c] - centre);
        squares += (double)part;
    }
    *mean = centre;
    *scale = (float)(1.0 / sqrt(squares / count + (double)eps));
}

MULTIVERSION static void normalise_group(float *y, const float *x, size_t rows, size_t stride,
                                         size_t width, float mean, float scale, const float *gain,
                                         const float *offset)
{
    for (size_t t = 0; t < rows; t++)
        for (size_t c = 0; c < width; c++)
            y[t * stride + c] = (x[t * stride + c] - mean) * scale * gain[c] + offset[c];
}

/* With n = (x - mean) scale, h = dy gain: dx = scale (h - mean(h) - n mean(h n)). */
MULTIVERSION static void group_gradient(float *dx, float *dgain, float *doffset, const float *dy,
                                        const float *x, size_t rows, size_t stride, size_t width,
                                        float mean, float scale, const float *gain)
{
    double sum = 0.0, product = 0.0;
    for (size_t c = 0; c < width; c++) {
        double gains = 0.0, offsets = 0.0;
        for (size_t t = 0; t < rows; t++) {
            const double g = (double)dy[t * stride + c];
            gains += g * (double)((x[t * stride + c] - mean) * scale);
            offsets += g;
        }
        if (dgain != NULL)
            dgain[c] += (float)gains;
        if (doffset != NULL)
            doffset[c] += (float)offsets;
        sum += offsets * (double)gain[c];
        product += gains * (double)gain[c];
    }
    const double count = (double)(rows * width);
    const float mean_h = (float)(sum / count), mean_hn = (float)(product / count);
    for (size_t t = 0; t < rows && dx != NULL; t++)
        for (size_t c = 0; c < width; c++) {
            const size_t at = t * stride + c;
            dx[at] += scale * (dy[at] * gain[c] - mean_h - (x[at] - mean) * scale * mean_hn);
        }
}

static void group_norm_backward(struct tape *tape, void *payload)
{
    const struct group_norm_step *step = payload;
    const size_t C = step->x->columns, width = C / step->groups;
    float *dx = tape_gradient(tape, step->x);
    float *dgain = tape_gradient(tape, step->gain), *doffset = tape_gradient(tape, step->offset);
    for (size_t s = 0; s < step->segments.count && tape_has_room(tape); s++) {
        const size_t start = step->segments.starts[s], rows = step->segments.starts[s + 1] - start;
        for (size_t g = 0; g < step->groups; g++) {
            const size_t column = g * width, at = start * C + column;
            group_gradient(dx != NULL ? dx + at : NULL, dgain != NULL ? dgain + column : NULL,
                           doffset != NULL ? doffset + column : NULL, step->y->gradient + at,
                           step->x->value + at, rows, C, width, step->means[s * step->groups + g],
                           step->scales[s * step->groups + g], step->gain->value + column);
        }
    }
}

struct array *tape_group_norm(struct tape *tape, struct array *x, const struct segments *segments,
                              size_t groups, struct array *gain, struct array *offset, float eps)
{
    assert(groups > 0 && (!tape_has_room(tape) || x->columns % groups == 0));
    const size_t C = x->columns, width = C / groups;
    struct array *y = tape_output(
        tape, x->rows, C, x->wants_gradient || gain->wants_gradient || offset->wants_gradient);
    float *means = tape_take(tape, segments->count * groups, sizeof *means);
    float *scales = tape_take(tape, segments->count * groups, sizeof *scales);
    if (!tape_has_room(tape))
        return y;
    for (size_t s = 0; s < segments->count; s++) {
        const size_t start = segments->starts[s], rows = segments->starts[s + 1] - start;
        for (size_t g = 0; g < groups; g++) {
            const size_t i = s * groups + g, at = start * C + g * width;
            group_statistics(&means[i], &scales[i], x->value + at, rows, C, width, eps);
            normalise_group(y->value + at, x->value + at, rows, C, width, means[i], scales[i],
                            gain->value + g * width, offset->value + g * width);
        }
    }
    struct group_norm_step *step = tape_step(tape, y, sizeof *step, group_norm_backward);
    *step = (struct group_norm_step){ .y = y,
                                      .x = x,
                                      .gain = gain,
                                      .offset = offset,
                                      .segments = *segments,
                                      .groups = groups,
                                      .means = means,
                                      .scales = scales };
    return y;
}
