#include "nn/tape_convolution.h"

#include "nn/matmul.h"
#include "nn/norm.h"
#include "nn/norm_gradient.h"

#include <assert.h>
#include <string.h>

/* A convolution ties a wide signal (the longer one, padded) to a narrow one: for each tap j of the
 * kernel, row t of the narrow one meets row t stride + j dilation of the wide one, with a matrix
 * M_j [narrow channels][wide channels / groups] between. Forward it reads the wide signal and adds
 * to the narrow one; its gradient, and a transposed convolution, go the other way. All of these are
 * products on strided views, one for each tap and group, without a copy of the columns. */
struct taps {
    struct convolution convolution;
    size_t narrow_channels, wide_channels;
    float *matrices; /* [kernel][narrow channels][wide channels / groups] */
};

static size_t wide_width(const struct taps *taps)
{
    return taps->wide_channels / taps->convolution.groups;
}

static size_t narrow_width(const struct taps *taps)
{
    return taps->narrow_channels / taps->convolution.groups;
}

static size_t tap_floats(const struct taps *taps)
{
    return taps->narrow_channels * wide_width(taps);
}

/* From PyTorch's order [narrow][wide / groups][kernel]; and back, adding. */
static void unpack_matrices(float *matrices, const float *weight, const struct taps *taps)
{
    const size_t floats = tap_floats(taps), kernel = taps->convolution.kernel;
    for (size_t i = 0; i < floats; i++)
        for (size_t j = 0; j < kernel; j++)
            matrices[j * floats + i] = weight[i * kernel + j];
}

static void add_packed(float *weight, const float *matrices, const struct taps *taps)
{
    const size_t floats = tap_floats(taps), kernel = taps->convolution.kernel;
    for (size_t i = 0; i < floats; i++)
        for (size_t j = 0; j < kernel; j++)
            weight[i * kernel + j] += matrices[j * floats + i];
}

/* The views that tap j and group g tie together. */
struct tie {
    size_t wide_start, wide_stride, narrow_start, matrix_start;
};

static struct tie tie_of(const struct taps *taps, size_t j, size_t g)
{
    return (struct tie){
        .wide_start = j * taps->convolution.dilation * taps->wide_channels + g * wide_width(taps),
        .wide_stride = taps->convolution.stride * taps->wide_channels,
        .narrow_start = g * narrow_width(taps),
        .matrix_start = j * tap_floats(taps) + g * narrow_width(taps) * wide_width(taps),
    };
}

/* narrow [rows][narrow channels] += the wide signal through all taps. */
static void add_narrow(float *narrow, const float *wide, size_t rows, const struct taps *taps)
{
    for (size_t j = 0; j < taps->convolution.kernel; j++)
        for (size_t g = 0; g < taps->convolution.groups; g++) {
            const struct tie tie = tie_of(taps, j, g);
            matmul_transposed(narrow + tie.narrow_start, taps->narrow_channels,
                              wide + tie.wide_start, tie.wide_stride,
                              taps->matrices + tie.matrix_start, wide_width(taps), rows,
                              narrow_width(taps), wide_width(taps), 1.0f, 1.0f);
        }
}

/* The wide signal += narrow [rows][narrow channels] through all taps. */
static void add_wide(float *wide, const float *narrow, size_t rows, const struct taps *taps)
{
    for (size_t j = 0; j < taps->convolution.kernel; j++)
        for (size_t g = 0; g < taps->convolution.groups; g++) {
            const struct tie tie = tie_of(taps, j, g);
            matmul(wide + tie.wide_start, tie.wide_stride, narrow + tie.narrow_start,
                   taps->narrow_channels, taps->matrices + tie.matrix_start, wide_width(taps), rows,
                   wide_width(taps), narrow_width(taps), 1.0f, 1.0f);
        }
}

/* gradients, of the matrices, += narrow^T wide. */
static void add_matrix_gradients(float *gradients, const float *narrow, const float *wide,
                                 size_t rows, const struct taps *taps)
{
    for (size_t j = 0; j < taps->convolution.kernel; j++)
        for (size_t g = 0; g < taps->convolution.groups; g++) {
            const struct tie tie = tie_of(taps, j, g);
            matmul_of_transposed(gradients + tie.matrix_start, wide_width(taps),
                                 narrow + tie.narrow_start, taps->narrow_channels,
                                 wide + tie.wide_start, tie.wide_stride, narrow_width(taps),
                                 wide_width(taps), rows, 1.0f, 1.0f);
        }
}

static size_t kernel_span(const struct convolution *convolution)
{
    return convolution->dilation * (convolution->kernel - 1) + 1;
}

size_t convolution_frames(const struct convolution *convolution, size_t frames)
{
    const size_t padded = frames + 2 * convolution->padding, span = kernel_span(convolution);
    return padded < span ? 0 : (padded - span) / convolution->stride + 1;
}

size_t convolution_transposed_frames(const struct convolution *convolution, size_t frames)
{
    const size_t whole = frames == 0 ? 0
                                     : (frames - 1) * convolution->stride +
                                           kernel_span(convolution) + convolution->output_padding;
    return whole < 2 * convolution->padding ? 0 : whole - 2 * convolution->padding;
}

struct convolution_step {
    struct array *y, *x, *weight, *bias;
    struct segments in, out;
    struct taps taps;
    bool is_transposed;
    float *padded; /* the wide signal of one segment, with its padding */
};

/* A segment of either signal. */
struct span {
    size_t wide_first, wide_rows, narrow_first, narrow_rows;
};

static struct span span_of(const struct convolution_step *step, size_t s)
{
    const struct segments *wide = step->is_transposed ? &step->out : &step->in;
    const struct segments *narrow = step->is_transposed ? &step->in : &step->out;
    return (struct span){ .wide_first = wide->starts[s],
                          .wide_rows = wide->starts[s + 1] - wide->starts[s],
                          .narrow_first = narrow->starts[s],
                          .narrow_rows = narrow->starts[s + 1] - narrow->starts[s] };
}

/* Rows of the padded wide signal: what both its padding and the taps reach. */
static size_t padded_rows(const struct convolution_step *step, const struct span *span)
{
    const struct convolution *convolution = &step->taps.convolution;
    const size_t padded = span->wide_rows + 2 * convolution->padding;
    const size_t reached = span->narrow_rows == 0 ? 0
                                                  : (span->narrow_rows - 1) * convolution->stride +
                                                        kernel_span(convolution);
    return padded > reached ? padded : reached;
}

static size_t most_padded_floats(const struct convolution_step *step)
{
    size_t most = 0;
    for (size_t s = 0; s < step->in.count; s++) {
        const struct span span = span_of(step, s);
        const size_t rows = padded_rows(step, &span);
        most = rows > most ? rows : most;
    }
    return most * step->taps.wide_channels;
}

/* Clears the padded signal, and copies the segment into it where there is one. */
static void pad(const struct convolution_step *step, const struct span *span, const float *wide)
{
    const size_t channels = step->taps.wide_channels;
    memset(step->padded, 0, padded_rows(step, span) * channels * sizeof(float));
    if (wide != NULL)
        memcpy(step->padded + step->taps.convolution.padding * channels,
               wide + span->wide_first * channels, span->wide_rows * channels * sizeof(float));
}

static void add_unpadded(float *wide, const struct convolution_step *step, const struct span *span)
{
    const size_t channels = step->taps.wide_channels, count = span->wide_rows * channels;
    const float *padded = step->padded + step->taps.convolution.padding * channels;
    float *out = wide + span->wide_first * channels;
    for (size_t i = 0; i < count; i++)
        out[i] += padded[i];
}

static void run_segment(const struct convolution_step *step, const struct span *span)
{
    const size_t channels = step->taps.narrow_channels;
    if (step->is_transposed) {
        pad(step, span, NULL);
        add_wide(step->padded, step->x->value + span->narrow_first * channels, span->narrow_rows,
                 &step->taps);
        add_unpadded(step->y->value, step, span);
    } else {
        pad(step, span, step->x->value);
        add_narrow(step->y->value + span->narrow_first * channels, step->padded, span->narrow_rows,
                   &step->taps);
    }
}

static void run_segment_backward(const struct convolution_step *step, const struct span *span,
                                 float *dx, float *dmatrices)
{
    const size_t at = span->narrow_first * step->taps.narrow_channels;
    const float *dy = step->y->gradient;
    if (step->is_transposed) {
        pad(step, span, dy);
        if (dx != NULL)
            add_narrow(dx + at, step->padded, span->narrow_rows, &step->taps);
        if (dmatrices != NULL)
            add_matrix_gradients(dmatrices, step->x->value + at, step->padded, span->narrow_rows,
                                 &step->taps);
        return;
    }
    if (dmatrices != NULL) {
        pad(step, span, step->x->value);
        add_matrix_gradients(dmatrices, dy + at, step->padded, span->narrow_rows, &step->taps);
    }
    if (dx != NULL) {
        pad(step, span, NULL);
        add_wide(step->padded, dy + at, span->narrow_rows, &step->taps);
        add_unpadded(dx, step, span);
    }
}

static void convolution_backward(struct tape *tape, void *payload)
{
    const struct convolution_step *step = payload;
    const size_t floats = step->taps.convolution.kernel * tap_floats(&step->taps);
    float *dx = tape_gradient(tape, step->x), *dweight = tape_gradient(tape, step->weight);
    float *dbias = step->bias != NULL ? tape_gradient(tape, step->bias) : NULL;
    float *dmatrices = dweight != NULL ? tape_take(tape, floats, sizeof *dmatrices) : NULL;
    if (!tape_has_room(tape))
        return;
    if (dmatrices != NULL)
        memset(dmatrices, 0, floats * sizeof *dmatrices);
    for (size_t s = 0; s < step->in.count; s++) {
        const struct span span = span_of(step, s);
        run_segment_backward(step, &span, dx, dmatrices);
    }
    if (dmatrices != NULL)
        add_packed(dweight, dmatrices, &step->taps);
    if (dbias != NULL)
        add_column_sums(dbias, step->y->gradient, step->y->rows, step->y->columns);
}

static struct array *convolve(struct tape *tape, struct convolution_step made, size_t out_channels)
{
    const struct taps *taps = &made.taps;
    const bool wants_gradient = made.x->wants_gradient || made.weight->wants_gradient ||
                                (made.bias != NULL && made.bias->wants_gradient);
    assert(!tape_has_room(tape) ||
           made.weight->columns == wide_width(taps) * taps->convolution.kernel);
    made.y = tape_output(tape, made.out.starts[made.out.count], out_channels, wants_gradient);
    made.padded = tape_take(tape, most_padded_floats(&made), sizeof(float));
    made.taps.matrices =
        tape_take(tape, taps->convolution.kernel * tap_floats(taps), sizeof(float));
    if (!tape_has_room(tape))
        return made.y;
    unpack_matrices(made.taps.matrices, made.weight->value, taps);
    memset(made.y->value, 0, made.y->rows * out_channels * sizeof(float));
    if (made.bias != NULL)
        add_to_rows(made.y->value, made.bias->value, made.y->rows, out_channels);
    for (size_t s = 0; s < made.in.count; s++) {
        const struct span span = span_of(&made, s);
        run_segment(&made, &span);
    }
    struct convolution_step *step = tape_step(tape, made.y, sizeof *step, convolution_backward);
    *step = made;
    return made.y;
}

struct array *tape_convolution(struct tape *tape, struct array *x, const struct segments *in,
                               const struct segments *out, struct array *weight, struct array *bias,
                               const struct convolution *convolution)
{
    const struct taps taps = { .convolution = *convolution,
                               .narrow_channels = weight->rows,
                               .wide_channels = x->columns };
    return convolve(
        tape,
        (struct convolution_step){
            .x = x, .weight = weight, .bias = bias, .in = *in, .out = *out, .taps = taps },
        weight->rows);
}

struct array *tape_convolution_transposed(struct tape *tape, struct array *x,
                                          const struct segments *in, const struct segments *out,
                                          struct array *weight, struct array *bias,
                                          const struct convolution *convolution)
{
    const size_t channels = weight->columns / convolution->kernel * convolution->groups;
    const struct taps taps = { .convolution = *convolution,
                               .narrow_channels = x->columns,
                               .wide_channels = channels };
    return convolve(tape,
                    (struct convolution_step){ .x = x,
                                               .weight = weight,
                                               .bias = bias,
                                               .in = *in,
                                               .out = *out,
                                               .taps = taps,
                                               .is_transposed = true },
                    channels);
}
