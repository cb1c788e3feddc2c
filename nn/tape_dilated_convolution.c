#include "nn/tape_dilated_convolution.h"

#include "nn/multiversion.h"
#include "nn/narrow_matmul.h"
#include "nn/norm_gradient.h"

#include <assert.h>
#include <string.h>

struct dilated_step {
    struct array *y, *x, *weight, *bias, *residual;
    struct segments segments;
    struct dilated_convolution convolution;
    float *activated; /* [margin + T_s + margin][C] for each segment s, zeros in the margins */
    size_t C, N;
};

/* Rows of zeros on each side of a segment. */
static size_t margin_of(const struct dilated_convolution *convolution)
{
    return convolution->kernel / 2 * convolution->dilation;
}

/* A segment: its rows, and its first row among the padded ones. */
struct stretch {
    size_t first, rows, padded_first, padded_rows;
};

static struct stretch stretch_of(const struct dilated_step *step, size_t s)
{
    const size_t margin = margin_of(&step->convolution), first = step->segments.starts[s];
    const size_t rows = step->segments.starts[s + 1] - first;
    return (struct stretch){ first, rows, first + 2 * s * margin, rows + 2 * margin };
}

static size_t padded_rows(const struct dilated_step *step)
{
    return step->x->rows + 2 * step->segments.count * margin_of(&step->convolution);
}

static size_t longest_padded(const struct dilated_step *step)
{
    size_t longest = 0;
    for (size_t s = 0; s < step->segments.count; s++) {
        const size_t rows = stretch_of(step, s).padded_rows;
        longest = rows > longest ? rows : longest;
    }
    return longest;
}

MULTIVERSION static void activate(float *out, const float *x, float slope, size_t count)
{
    if (slope == 1.0f) {
        memcpy(out, x, count * sizeof *out);
        return;
    }
    for (size_t i = 0; i < count; i++)
        out[i] = x[i] > 0.0f ? x[i] : slope * x[i];
}

/* padded [rows + 2 margin][columns]: the rows, with zeros around them. */
static void pad(float *padded, const float *rows, size_t row_count, size_t margin, size_t columns,
                float slope)
{
    memset(padded, 0, margin * columns * sizeof *padded);
    activate(padded + margin * columns, rows, slope, row_count * columns);
    memset(padded + (margin + row_count) * columns, 0, margin * columns * sizeof *padded);
}

/* [kernel][C][N], as the product reads it, from [N][C][kernel]. */
static void unpack_forward(float *matrix, const float *weight, const struct dilated_step *step)
{
    const size_t C = step->C, N = step->N, kernel = step->convolution.kernel;
    for (size_t n = 0; n < N; n++)
        for (size_t c = 0; c < C; c++)
            for (size_t j = 0; j < kernel; j++)
                matrix[(j * C + c) * N + n] = weight[(n * C + c) * kernel + j];
}

/* [kernel][N][C], with the taps in reverse: the way back is a convolution too. */
static void unpack_backward(float *matrix, const float *weight, const struct dilated_step *step)
{
    const size_t C = step->C, N = step->N, kernel = step->convolution.kernel;
    for (size_t n = 0; n < N; n++)
        for (size_t c = 0; c < C; c++)
            for (size_t j = 0; j < kernel; j++)
                matrix[((kernel - 1 - j) * N + n) * C + c] = weight[(n * C + c) * kernel + j];
}

static void add_packed(float *dweight, const float *matrix, const struct dilated_step *step)
{
    const size_t C = step->C, N = step->N, kernel = step->convolution.kernel;
    for (size_t n = 0; n < N; n++)
        for (size_t c = 0; c < C; c++)
            for (size_t j = 0; j < kernel; j++)
                dweight[(n * C + c) * kernel + j] += matrix[(j * C + c) * N + n];
}

static void run_segment(const struct dilated_step *step, const float *matrix, size_t s)
{
    const struct stretch at = stretch_of(step, s);
    const size_t C = step->C, N = step->N;
    float *padded = step->activated + at.padded_first * C, *y = step->y->value + at.first * N;
    pad(padded, step->x->value + at.first * C, at.rows, margin_of(&step->convolution), C,
        step->convolution.slope);
    if (step->residual != NULL)
        memcpy(y, step->residual->value + at.first * N, at.rows * N * sizeof *y);
    const struct narrow_rows rows = { .A = padded,
                                      .A_stride = C,
                                      .runs = step->convolution.kernel,
                                      .run_step = step->convolution.dilation * C,
                                      .K = C };
    narrow_matmul_runs(y, N, &rows, matrix, N, step->bias != NULL ? step->bias->value : NULL,
                       step->residual != NULL, at.rows, N);
}

/* What the way back needs beside gradients; all of the tape. */
struct scratch {
    float *matrix;     /* [kernel][N][C] */
    float *dmatrix;    /* [kernel][C][N] */
    float *dy;         /* [longest][N], padded */
    float *dactivated; /* [longest][C] */
    float *turned;     /* [C][longest]: the activated rows, transposed */
    size_t longest;
};

static void turn(float *turned, const float *rows, size_t row_count, size_t columns, size_t stride)
{
    enum { BLOCK = 64 };
    for (size_t first = 0; first < row_count; first += BLOCK) {
        const size_t end = row_count - first < BLOCK ? row_count : first + BLOCK;
        for (size_t c = 0; c < columns; c++)
            for (size_t r = first; r < end; r++)
                turned[c * stride + r] = rows[r * columns + c];
    }
}

/* dx = keep dx + the gradient behind the activation, by the sign of what came out of it. */
MULTIVERSION static void add_behind_activation(float *dx, float keep, const float *dactivated,
                                               const float *activated, float slope, size_t count)
{
    if (keep == 0.0f)
        for (size_t i = 0; i < count; i++)
            dx[i] = activated[i] > 0.0f ? dactivated[i] : slope * dactivated[i];
    else
        for (size_t i = 0; i < count; i++)
            dx[i] += activated[i] > 0.0f ? dactivated[i] : slope * dactivated[i];
}

static void add_input_gradient(float *dx, float keep, const struct dilated_step *step,
                               const struct scratch *scratch, const struct stretch *at)
{
    const size_t C = step->C, N = step->N, margin = margin_of(&step->convolution);
    pad(scratch->dy, step->y->gradient + at->first * N, at->rows, margin, N, 1.0f);
    const struct narrow_rows rows = { .A = scratch->dy,
                                      .A_stride = N,
                                      .runs = step->convolution.kernel,
                                      .run_step = step->convolution.dilation * N,
                                      .K = N };
    narrow_matmul_runs(scratch->dactivated, C, &rows, scratch->matrix, C, NULL, false, at->rows, C);
    add_behind_activation(dx + at->first * C, keep, scratch->dactivated,
                          step->activated + (at->padded_first + margin) * C,
                          step->convolution.slope, at->rows * C);
}

static void add_weight_gradient(const struct dilated_step *step, const struct scratch *scratch,
                                const struct stretch *at)
{
    const size_t C = step->C, N = step->N;
    turn(scratch->turned, step->activated + at->padded_first * C, at->padded_rows, C,
         scratch->longest);
    for (size_t j = 0; j < step->convolution.kernel; j++) {
        const struct narrow_rows rows = { .A = scratch->turned + j * step->convolution.dilation,
                                          .A_stride = scratch->longest,
                                          .runs = 1,
                                          .K = at->rows };
        narrow_matmul_runs(scratch->dmatrix + j * C * N, N, &rows,
                           step->y->gradient + at->first * N, N, NULL, true, C, N);
    }
}

static struct scratch take_scratch(struct tape *tape, const struct dilated_step *step)
{
    const size_t floats = step->C * step->N * step->convolution.kernel;
    const size_t longest = longest_padded(step);
    return (struct scratch){ .matrix = tape_take(tape, floats, sizeof(float)),
                             .dmatrix = tape_take(tape, floats, sizeof(float)),
                             .dy = tape_take(tape, longest * step->N, sizeof(float)),
                             .dactivated = tape_take(tape, longest * step->C, sizeof(float)),
                             .turned = tape_take(tape, longest * step->C, sizeof(float)),
                             .longest = longest };
}

MULTIVERSION static void add_all(float *sums, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sums[i] += values[i];
}

static void add_residual_gradient(struct tape *tape, const struct dilated_step *step)
{
    const size_t count = step->y->rows * step->y->columns;
    float keep = 0.0f;
    float *dresidual = tape_gradient_kept(tape, step->residual, &keep);
    if (dresidual != NULL && keep == 0.0f)
        memcpy(dresidual, step->y->gradient, count * sizeof *dresidual);
    else if (dresidual != NULL)
        add_all(dresidual, step->y->gradient, count);
}

static void dilated_backward(struct tape *tape, void *payload)
{
    const struct dilated_step *step = payload;
    float keep = 0.0f;
    float *dweight = tape_gradient(tape, step->weight);
    float *dbias = step->bias != NULL ? tape_gradient(tape, step->bias) : NULL;
    if (step->residual != NULL)
        add_residual_gradient(tape, step);
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    const struct scratch scratch = take_scratch(tape, step);
    if (!tape_has_room(tape))
        return;
    unpack_backward(scratch.matrix, step->weight->value, step);
    memset(scratch.dmatrix, 0, step->C * step->N * step->convolution.kernel * sizeof(float));
    for (size_t s = 0; s < step->segments.count; s++) {
        const struct stretch at = stretch_of(step, s);
        if (dx != NULL)
            add_input_gradient(dx, keep, step, &scratch, &at);
        if (dweight != NULL)
            add_weight_gradient(step, &scratch, &at);
    }
    if (dweight != NULL)
        add_packed(dweight, scratch.dmatrix, step);
    if (dbias != NULL)
        add_column_sums(dbias, step->y->gradient, step->y->rows, step->N);
}

static bool wants_gradient(const struct dilated_step *made)
{
    return made->x->wants_gradient || made->weight->wants_gradient ||
           (made->bias != NULL && made->bias->wants_gradient) ||
           (made->residual != NULL && made->residual->wants_gradient);
}

struct array *tape_dilated_convolution(struct tape *tape, struct array *x,
                                       const struct segments *segments, struct array *weight,
                                       struct array *bias, struct array *residual,
                                       const struct dilated_convolution *convolution)
{
    struct dilated_step made = { .x = x,
                                 .weight = weight,
                                 .bias = bias,
                                 .residual = residual,
                                 .segments = *segments,
                                 .convolution = *convolution,
                                 .C = x->columns,
                                 .N = weight->rows };
    assert(convolution->kernel % 2 == 1 && convolution->dilation >= 1);
    assert(!tape_has_room(tape) || weight->columns == x->columns * convolution->kernel);
    made.y = tape_output(tape, x->rows, weight->rows, wants_gradient(&made));
    made.activated = tape_take(tape, padded_rows(&made) * made.C, sizeof(float));
    float *matrix = tape_take(tape, weight->rows * weight->columns, sizeof *matrix);
    if (!tape_has_room(tape))
        return made.y;
    unpack_forward(matrix, weight->value, &made);
    for (size_t s = 0; s < segments->count; s++)
        run_segment(&made, matrix, s);
    struct dilated_step *step = tape_step(tape, made.y, sizeof *step, dilated_backward);
    *step = made;
    return made.y;
}
