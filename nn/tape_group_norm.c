#include "nn/multiversion.h"
#include "nn/tape_norm.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Everything is done row by row, with numbers for each column, of which a group's are put together:
 * columns one by one would be read with gaps. */
struct group_norm_step {
    struct array *y, *x, *gain, *offset;
    struct segments segments;
    size_t groups;
    float *means, *scales; /* [segments][C]: those of the column's group */
};

/* Replaces each column's number by the mean over its group. */
static void spread_over_groups(double *sums, size_t rows, size_t C, size_t groups)
{
    const size_t width = C / groups;
    for (size_t first = 0; first < C; first += width) {
        double sum = 0.0;
        for (size_t c = first; c < first + width; c++)
            sum += sums[c];
        for (size_t c = first; c < first + width; c++)
            sums[c] = sum / (double)(rows * width);
    }
}

MULTIVERSION static void add_rows(double *sums, const float *x, size_t rows, size_t C)
{
    for (size_t t = 0; t < rows; t++)
        for (size_t c = 0; c < C; c++)
            sums[c] += (double)x[t * C + c];
}

MULTIVERSION static void add_squares(double *sums, const float *x, const float *means, size_t rows,
                                     size_t C)
{
    for (size_t t = 0; t < rows; t++)
        for (size_t c = 0; c < C; c++) {
            const double difference = (double)(x[t * C + c] - means[c]);
            sums[c] += difference * difference;
        }
}

/*     sums [C]  scratch */
static void measure(float *means, float *scales, double *sums, const float *x, size_t rows,
                    size_t C, size_t groups, float eps)
{
    memset(sums, 0, C * sizeof *sums);
    add_rows(sums, x, rows, C);
    spread_over_groups(sums, rows, C, groups);
    for (size_t c = 0; c < C; c++)
        means[c] = (float)sums[c];
    memset(sums, 0, C * sizeof *sums);
    add_squares(sums, x, means, rows, C);
    spread_over_groups(sums, rows, C, groups);
    for (size_t c = 0; c < C; c++)
        scales[c] = (float)(1.0 / sqrt(sums[c] + (double)eps));
}

MULTIVERSION static void normalise(float *y, const float *x, const float *means,
                                   const float *scales, const float *gain, const float *offset,
                                   size_t rows, size_t C)
{
    for (size_t t = 0; t < rows; t++)
        for (size_t c = 0; c < C; c++)
            y[t * C + c] = (x[t * C + c] - means[c]) * scales[c] * gain[c] + offset[c];
}

/* A segment's rows, and for each column the sums of dy n and dy, where n = (x - mean) scale. */
struct segment_gradient {
    const float *dy, *x, *means, *scales, *gain;
    size_t rows, C;
    double *gains, *offsets; /* [C] */
};

MULTIVERSION static void sum_gradients(const struct segment_gradient *segment)
{
    const size_t C = segment->C;
    for (size_t t = 0; t < segment->rows; t++)
        for (size_t c = 0; c < C; c++) {
            const float dy = segment->dy[t * C + c];
            const float n = (segment->x[t * C + c] - segment->means[c]) * segment->scales[c];
            segment->gains[c] += (double)(dy * n);
            segment->offsets[c] += (double)dy;
        }
}

/* With h = dy gain: dx += scale (h - mean(h) - n mean(h n)); gains and offsets hold those means. */
MULTIVERSION static void add_gradient(float *dx, const struct segment_gradient *segment)
{
    const size_t C = segment->C;
    for (size_t t = 0; t < segment->rows; t++)
        for (size_t c = 0; c < C; c++) {
            const size_t at = t * C + c;
            const float n = (segment->x[at] - segment->means[c]) * segment->scales[c];
            dx[at] +=
                segment->scales[c] * (segment->dy[at] * segment->gain[c] -
                                      (float)segment->offsets[c] - n * (float)segment->gains[c]);
        }
}

static void add_sums(float *out, const double *sums, size_t C)
{
    for (size_t c = 0; c < C && out != NULL; c++)
        out[c] += (float)sums[c];
}

static void group_norm_backward(struct tape *tape, void *payload)
{
    const struct group_norm_step *step = payload;
    const size_t C = step->x->columns;
    float *dx = tape_gradient(tape, step->x);
    float *dgain = tape_gradient(tape, step->gain), *doffset = tape_gradient(tape, step->offset);
    double *sums = tape_take(tape, 2 * C, sizeof *sums);
    for (size_t s = 0; s < step->segments.count && tape_has_room(tape); s++) {
        const size_t start = step->segments.starts[s], rows = step->segments.starts[s + 1] - start;
        const struct segment_gradient segment = { .dy = step->y->gradient + start * C,
                                                  .x = step->x->value + start * C,
                                                  .means = step->means + s * C,
                                                  .scales = step->scales + s * C,
                                                  .gain = step->gain->value,
                                                  .rows = rows,
                                                  .C = C,
                                                  .gains = sums,
                                                  .offsets = sums + C };
        memset(sums, 0, 2 * C * sizeof *sums);
        sum_gradients(&segment);
        add_sums(dgain, segment.gains, C);
        add_sums(doffset, segment.offsets, C);
        if (dx == NULL)
            continue;
        for (size_t c = 0; c < C; c++) {
            segment.gains[c] *= (double)segment.gain[c];
            segment.offsets[c] *= (double)segment.gain[c];
        }
        spread_over_groups(segment.gains, rows, C, step->groups);
        spread_over_groups(segment.offsets, rows, C, step->groups);
        add_gradient(dx + start * C, &segment);
    }
}

struct array *tape_group_norm(struct tape *tape, struct array *x, const struct segments *segments,
                              size_t groups, struct array *gain, struct array *offset, float eps)
{
    assert(groups > 0 && (!tape_has_room(tape) || x->columns % groups == 0));
    const size_t C = x->columns;
    struct array *y = tape_output(
        tape, x->rows, C, x->wants_gradient || gain->wants_gradient || offset->wants_gradient);
    float *means = tape_take(tape, segments->count * C, sizeof *means);
    float *scales = tape_take(tape, segments->count * C, sizeof *scales);
    double *sums = tape_take(tape, C, sizeof *sums);
    if (!tape_has_room(tape))
        return y;
    for (size_t s = 0; s < segments->count; s++) {
        const size_t start = segments->starts[s], rows = segments->starts[s + 1] - start;
        measure(means + s * C, scales + s * C, sums, x->value + start * C, rows, C, groups, eps);
        normalise(y->value + start * C, x->value + start * C, means + s * C, scales + s * C,
                  gain->value, offset->value, rows, C);
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
