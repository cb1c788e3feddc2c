#include "nn/tape_convolution.h"

#include "nn/matmul.h"
#include "nn/norm.h"
#include "nn/norm_gradient.h"

#include <assert.h>
#include <string.h>

/* A convolution ties a wide signal (the longer one, padded) to a narrow one: for each tap j of the
 * kernel, row t of the narrow one meets row t stride + j dilation of the wide one, with a matrix
 * M_j [narrow channels][wide channels / groups] between. Forward it reads the wide signal and adds
 * to the narrow one; its gradient, and a transposed convolution, go the other way.
 *
 * Each group's part of the wide signal is laid out on its own. There the taps of a row of the
 * narrow signal stand side by side (unless they are dilated), so all of them are one product on a
 * strided view, but for the cut where the views of two rows would overlap, which BLAS refuses. */
struct taps {
    struct convolution convolution;
    size_t narrow_channels, wide_channels;
    float *matrices; /* [narrow channels][kernel][wide channels / groups] */
};

static size_t wide_width(const struct taps *taps)
{
    return taps->wide_channels / taps->convolution.groups;
}

static size_t narrow_width(const struct taps *taps)
{
    return taps->narrow_channels / taps->convolution.groups;
}

/* Floats between the rows of the matrices. */
static size_t matrix_stride(const struct taps *taps)
{
    return taps->convolution.kernel * wide_width(taps);
}

static size_t matrix_floats(const struct taps *taps)
{
    return taps->narrow_channels * matrix_stride(taps);
}

/* From PyTorch's order [narrow][wide / groups][kernel]; and back, adding. */
static void unpack_matrices(float *matrices, const float *weight, const struct taps *taps)
{
    const size_t kernel = taps->convolution.kernel, width = wide_width(taps);
    for (size_t n = 0; n < taps->narrow_channels; n++, matrices += kernel * width)
        for (size_t i = 0; i < width; i++)
            for (size_t j = 0; j < kernel; j++)
                matrices[j * width + i] = *weight++;
}

static void add_packed(float *weight, const float *matrices, const struct taps *taps)
{
    const size_t kernel = taps->convolution.kernel, width = wide_width(taps);
    for (size_t n = 0; n < taps->narrow_channels; n++, matrices += kernel * width)
        for (size_t i = 0; i < width; i++)
            for (size_t j = 0; j < kernel; j++)
                *weight++ += matrices[j * width + i];
}

/* Columns of the matrices that go into one product, and where they meet the wide signal. */
struct part {
    size_t matrix_column, wide_start, width;
};

/* Goes on to the next part, or to the first; false at the end. */
static bool next_part(struct part *part, const struct taps *taps, bool is_first)
{
    const struct convolution *convolution = &taps->convolution;
    const size_t width = wide_width(taps), dilation = convolution->dilation;
    const size_t widest = dilation == 1 ? convolution->stride * width : width;
    const size_t at = is_first ? 0 : part->matrix_column + part->width;
    const size_t left = matrix_stride(taps) - at;
    *part = (struct part){ .matrix_column = at,
                           .wide_start = dilation == 1 ? at : at * dilation,
                           .width = left < widest ? left : widest };
    return left > 0;
}

static size_t wide_stride(const struct taps *taps)
{
    return taps->convolution.stride * wide_width(taps);
}

/* narrow [rows][narrow channels], group g of it, += the group's wide signal through all taps. */
static void add_narrow(float *narrow, const float *wide, size_t rows, const struct taps *taps,
                       size_t g)
{
    const size_t first = g * narrow_width(taps), stride = matrix_stride(taps);
    struct part part;
    for (bool more = next_part(&part, taps, true); more; more = next_part(&part, taps, false))
        matmul_transposed(narrow + first, taps->narrow_channels, wide + part.wide_start,
                          wide_stride(taps), taps->matrices + first * stride + part.matrix_column,
                          stride, rows, narrow_width(taps), part.width, 1.0f, 1.0f);
}

/* The group's wide signal += narrow [rows][narrow channels] through all taps. */
static void add_wide(float *wide, const float *narrow, size_t rows, const struct taps *taps,
                     size_t g)
{
    const size_t first = g * narrow_width(taps), stride = matrix_stride(taps);
    struct part part;
    for (bool more = next_part(&part, taps, true); more; more = next_part(&part, taps, false))
        matmul(wide + part.wide_start, wide_stride(taps), narrow + first, taps->narrow_channels,
               taps->matrices + first * stride + part.matrix_column, stride, rows, part.width,
               narrow_width(taps), 1.0f, 1.0f);
}

/* gradients, of the matrices, += narrow^T wide. */
static void add_matrix_gradients(float *gradients, const float *narrow, const float *wide,
                                 size_t rows, const struct taps *taps, size_t g)
{
    const size_t first = g * narrow_width(taps), stride = matrix_stride(taps);
    struct part part;
    for (bool more = next_part(&part, taps, true); more; more = next_part(&part, taps, false))
        matmul_of_transposed(gradients + first * stride + part.matrix_column, stride,
                             narrow + first, taps->narrow_channels, wide + part.wide_start,
                             wide_stride(taps), narrow_width(taps), part.width, rows, 1.0f, 1.0f);
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
    float *padded; /* the wide signal of a segment and group, with its padding */
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
    return most * wide_width(&step->taps);
}

/* Where the wide signal of a segment can be used as it lies: nothing around it is reached. */
static bool is_plain(const struct convolution_step *step, const struct span *span)
{
    return step->taps.convolution.groups == 1 && step->taps.convolution.padding == 0 &&
           padded_rows(step, span) == span->wide_rows;
}

/* The padded signal of group g: zeros, with the segment in it where there is one. */
static float *pad(const struct convolution_step *step, const struct span *span, size_t g,
                  const float *wide)
{
    const size_t channels = step->taps.wide_channels, width = wide_width(&step->taps);
    float *out = step->padded + step->taps.convolution.padding * width;
    memset(step->padded, 0, padded_rows(step, span) * width * sizeof(float));
    for (size_t row = 0; wide != NULL && row < span->wide_rows; row++)
        memcpy(out + row * width, wide + (span->wide_first + row) * channels + g * width,
               width * sizeof(float));
    return step->padded;
}

static void add_unpadded(float *wide, const struct convolution_step *step, const struct span *span,
                         size_t g)
{
    const size_t channels = step->taps.wide_channels, width = wide_width(&step->taps);
    const float *padded = step->padded + step->taps.convolution.padding * width;
    float *out = wide + span->wide_first * channels + g * width;
    for (size_t row = 0; row < span->wide_rows; row++)
        for (size_t i = 0; i < width; i++)
            out[row * channels + i] += padded[row * width + i];
}

/* narrow += the wide signal `from`; or the other way, into `into`. */
static void go_to_narrow(float *narrow, const struct convolution_step *step,
                         const struct span *span, size_t g, const float *from)
{
    const float *wide = is_plain(step, span) ? from + span->wide_first * step->taps.wide_channels
                                             : pad(step, span, g, from);
    add_narrow(narrow, wide, span->narrow_rows, &step->taps, g);
}

static void go_to_wide(float *into, const struct convolution_step *step, const struct span *span,
                       size_t g, const float *narrow)
{
    if (is_plain(step, span)) {
        add_wide(into + span->wide_first * step->taps.wide_channels, narrow, span->narrow_rows,
                 &step->taps, g);
        return;
    }
    add_wide(pad(step, span, g, NULL), narrow, span->narrow_rows, &step->taps, g);
    add_unpadded(into, step, span, g);
}

static void run_segment(const struct convolution_step *step, const struct span *span, size_t g)
{
    const size_t at = span->narrow_first * step->taps.narrow_channels;
    if (step->is_transposed)
        go_to_wide(step->y->value, step, span, g, step->x->value + at);
    else
        go_to_narrow(step->y->value + at, step, span, g, step->x->value);
}

static void run_segment_backward(const struct convolution_step *step, const struct span *span,
                                 size_t g, float *dx, float *dmatrices)
{
    const size_t at = span->narrow_first * step->taps.narrow_channels;
    const float *dy = step->y->gradient;
    const float *signal = step->is_transposed ? dy : step->x->value; /* the wide one */
    const float *narrow = (step->is_transposed ? step->x->value : dy) + at;
    if (dmatrices != NULL) {
        const float *wide = is_plain(step, span)
                                ? signal + span->wide_first * step->taps.wide_channels
                                : pad(step, span, g, signal);
        add_matrix_gradients(dmatrices, narrow, wide, span->narrow_rows, &step->taps, g);
    }
    if (dx != NULL && step->is_transposed)
        go_to_narrow(dx + at, step, span, g, dy);
    else if (dx != NULL)
        go_to_wide(dx, step, span, g, dy + at);
}

static void convolution_backward(struct tape *tape, void *payload)
{
    const struct convolution_step *step = payload;
    const size_t floats = matrix_floats(&step->taps), groups = step->taps.convolution.groups;
    float *dx = tape_gradient(tape, step->x), *dweight = tape_gradient(tape, step->weight);
    float *dbias = step->bias != NULL ? tape_gradient(tape, step->bias) : NULL;
    float *dmatrices = dweight != NULL ? tape_take(tape, floats, sizeof *dmatrices) : NULL;
    if (!tape_has_room(tape))
        return;
    if (dmatrices != NULL)
        memset(dmatrices, 0, floats * sizeof *dmatrices);
    for (size_t s = 0; s < step->in.count; s++) {
        const struct span span = span_of(step, s);
        for (size_t g = 0; g < groups; g++)
            run_segment_backward(step, &span, g, dx, dmatrices);
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
    made.taps.matrices = tape_take(tape, matrix_floats(taps), sizeof(float));
    if (!tape_has_room(tape))
        return made.y;
    unpack_matrices(made.taps.matrices, made.weight->value, taps);
    memset(made.y->value, 0, made.y->rows * out_channels * sizeof(float));
    if (made.bias != NULL)
        add_to_rows(made.y->value, made.bias->value, made.y->rows, out_channels);
    for (size_t s = 0; s < made.in.count; s++) {
        const struct span span = span_of(&made, s);
        for (size_t g = 0; g < taps->convolution.groups; g++)
            run_segment(&made, &span, g);
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
