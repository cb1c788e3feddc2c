#include "nn/tape_spectrum.h"

#include "nn/matmul.h"
#include "nn/multiversion.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const float spectrum_floor = 1e-5f;

struct spectrum {
    size_t window, hop, bins;
    float *weights;         /* [window] */
    float *cosines, *sines; /* [bins][bins], symmetric: of 2 pi i k / window */
};

enum status spectrum_create(struct spectrum **out, size_t window, size_t hop)
{
    const double turn = 2.0 * acos(-1.0) / (double)window;
    const size_t bins = window / 2 + 1;
    struct spectrum *made = calloc(1, sizeof *made);
    assert(window >= 4 && window % 2 == 0 && hop >= 1);
    *out = made;
    if (made == NULL)
        return status_fail(STATUS_NO_MEMORY, "a spectrum of %zu samples", window);
    *made = (struct spectrum){ .window = window,
                               .hop = hop,
                               .bins = bins,
                               .weights = malloc(window * sizeof(float)),
                               .cosines = malloc(bins * bins * sizeof(float)),
                               .sines = malloc(bins * bins * sizeof(float)) };
    if (made->weights == NULL || made->cosines == NULL || made->sines == NULL) {
        spectrum_destroy(made);
        *out = NULL;
        return status_fail(STATUS_NO_MEMORY, "a spectrum of %zu samples", window);
    }
    for (size_t i = 0; i < window; i++)
        made->weights[i] = (float)(0.5 - 0.5 * cos(turn * (double)i));
    for (size_t i = 0; i < bins; i++)
        for (size_t k = 0; k < bins; k++) {
            const double angle = turn * (double)(i * k % window);
            made->cosines[i * bins + k] = (float)cos(angle);
            made->sines[i * bins + k] = (float)sin(angle);
        }
    return STATUS_OK;
}

void spectrum_destroy(struct spectrum *spectrum)
{
    if (spectrum == NULL)
        return;
    free(spectrum->weights);
    free(spectrum->cosines);
    free(spectrum->sines);
    free(spectrum);
}

size_t spectrum_frames(const struct spectrum *spectrum, size_t samples)
{
    return samples < spectrum->window ? 0 : (samples - spectrum->window) / spectrum->hop + 1;
}

size_t spectrum_bins(const struct spectrum *spectrum)
{
    return spectrum->bins;
}

struct spectrum_step {
    struct array *y, *x;
    struct segments in, out;
    const struct spectrum *spectrum;
    float *real, *imaginary; /* [frames][bins] */
};

/* A windowed frame's even and odd parts about its middle, each [bins]. The ends of the odd part
 * meet sines that are zero. */
MULTIVERSION static void fold(float *even, float *odd, const float *x, const float *weights,
                              size_t window)
{
    const size_t half = window / 2;
    even[0] = x[0] * weights[0];
    even[half] = x[half] * weights[half];
    odd[0] = odd[half] = 0.0f;
    for (size_t i = 1; i < half; i++) {
        const float a = x[i] * weights[i], b = x[window - i] * weights[window - i];
        even[i] = a + b;
        odd[i] = a - b;
    }
}

/* The way back: adds to dx. */
MULTIVERSION static void unfold(float *dx, const float *even, const float *odd,
                                const float *weights, size_t window)
{
    const size_t half = window / 2;
    dx[0] += even[0] * weights[0];
    dx[half] += even[half] * weights[half];
    for (size_t i = 1; i < half; i++) {
        dx[i] += (even[i] + odd[i]) * weights[i];
        dx[window - i] += (even[i] - odd[i]) * weights[window - i];
    }
}

/* Calls fold or unfold for each frame of each segment. */
static void fold_all(float *even, float *odd, const struct spectrum_step *step)
{
    const struct spectrum *spectrum = step->spectrum;
    for (size_t s = 0; s < step->in.count; s++)
        for (size_t f = step->out.starts[s]; f < step->out.starts[s + 1]; f++)
            fold(even + f * spectrum->bins, odd + f * spectrum->bins,
                 step->x->value + step->in.starts[s] + (f - step->out.starts[s]) * spectrum->hop,
                 spectrum->weights, spectrum->window);
}

static void unfold_all(float *dx, const float *even, const float *odd,
                       const struct spectrum_step *step)
{
    const struct spectrum *spectrum = step->spectrum;
    for (size_t s = 0; s < step->in.count; s++)
        for (size_t f = step->out.starts[s]; f < step->out.starts[s + 1]; f++)
            unfold(dx + step->in.starts[s] + (f - step->out.starts[s]) * spectrum->hop,
                   even + f * spectrum->bins, odd + f * spectrum->bins, spectrum->weights,
                   spectrum->window);
}

MULTIVERSION static void take_magnitudes(float *y, const float *real, const float *imaginary,
                                         float floor, size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] = sqrtf(real[i] * real[i] + imaginary[i] * imaginary[i] + floor);
}

MULTIVERSION static void take_part_gradients(float *dreal, float *dimaginary, const float *dy,
                                             const float *y, const float *real,
                                             const float *imaginary, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float share = dy[i] / y[i];
        dreal[i] = share * real[i];
        dimaginary[i] = share * imaginary[i];
    }
}

static void spectrum_backward(struct tape *tape, void *payload)
{
    const struct spectrum_step *step = payload;
    const size_t bins = step->spectrum->bins, frames = step->y->rows, count = frames * bins;
    float *dx = tape_gradient(tape, step->x);
    float *dreal = tape_take(tape, count, sizeof *dreal);
    float *dimaginary = tape_take(tape, count, sizeof *dimaginary);
    float *even = tape_take(tape, count, sizeof *even), *odd = tape_take(tape, count, sizeof *odd);
    if (!tape_has_room(tape) || dx == NULL)
        return;
    take_part_gradients(dreal, dimaginary, step->y->gradient, step->y->value, step->real,
                        step->imaginary, count);
    matmul(even, bins, dreal, bins, step->spectrum->cosines, bins, frames, bins, bins, 1.0f, 0.0f);
    matmul(odd, bins, dimaginary, bins, step->spectrum->sines, bins, frames, bins, bins, 1.0f,
           0.0f);
    unfold_all(dx, even, odd, step);
}

struct array *tape_spectrum(struct tape *tape, struct array *samples, const struct segments *in,
                            const struct segments *out, const struct spectrum *spectrum)
{
    const size_t bins = spectrum->bins, frames = out->starts[out->count];
    struct spectrum_step made = { .x = samples, .in = *in, .out = *out, .spectrum = spectrum };
    made.y = tape_output(tape, frames, bins, samples->wants_gradient);
    made.real = tape_take(tape, frames * bins, sizeof *made.real);
    made.imaginary = tape_take(tape, frames * bins, sizeof *made.imaginary);
    float *even = tape_take(tape, frames * bins, sizeof *even);
    float *odd = tape_take(tape, frames * bins, sizeof *odd);
    if (!tape_has_room(tape))
        return made.y;
    assert(samples->columns == 1 && in->count == out->count);
    fold_all(even, odd, &made);
    matmul(made.real, bins, even, bins, spectrum->cosines, bins, frames, bins, bins, 1.0f, 0.0f);
    matmul(made.imaginary, bins, odd, bins, spectrum->sines, bins, frames, bins, bins, 1.0f, 0.0f);
    take_magnitudes(made.y->value, made.real, made.imaginary, spectrum_floor, frames * bins);
    struct spectrum_step *step = tape_step(tape, made.y, sizeof *step, spectrum_backward);
    *step = made;
    return made.y;
}

struct logarithm_step {
    struct array *y, *x;
};

static void logarithm_backward(struct tape *tape, void *payload)
{
    const struct logarithm_step *step = payload;
    const size_t count = step->x->rows * step->x->columns;
    float *dx = tape_gradient(tape, step->x);
    for (size_t i = 0; i < count && dx != NULL; i++)
        dx[i] += step->y->gradient[i] / step->x->value[i];
}

struct array *tape_logarithm(struct tape *tape, struct array *x)
{
    struct array *y = tape_output(tape, x->rows, x->columns, x->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    for (size_t i = 0; i < x->rows * x->columns; i++)
        y->value[i] = logf(x->value[i]);
    struct logarithm_step *step = tape_step(tape, y, sizeof *step, logarithm_backward);
    *step = (struct logarithm_step){ y, x };
    return y;
}

struct convergence_step {
    struct array *loss, *x;
    const struct array *target;
    struct segments segments;
    float *factors; /* [segments]: 1 / (|target - x| |target| divisor); 0 where they are equal */
};

static void convergence_backward(struct tape *tape, void *payload)
{
    const struct convergence_step *step = payload;
    const size_t D = step->x->columns;
    const float *x = step->x->value, *target = step->target->value;
    float *dx = tape_gradient(tape, step->x);
    for (size_t s = 0; s < step->segments.count && dx != NULL; s++) {
        const float factor = step->factors[s] * step->loss->gradient[0];
        for (size_t i = step->segments.starts[s] * D; i < step->segments.starts[s + 1] * D; i++)
            dx[i] += factor * (x[i] - target[i]);
    }
}

struct array *tape_spectral_convergence(struct tape *tape, struct array *x,
                                        const struct array *target, const struct segments *segments,
                                        double divisor)
{
    const size_t D = x->columns;
    double sum = 0.0;
    struct array *loss = tape_output(tape, 1, 1, x->wants_gradient);
    float *factors = tape_take(tape, segments->count + 1, sizeof *factors);
    assert(!tape_has_room(tape) || (x->rows == target->rows && D == target->columns));
    if (!tape_has_room(tape))
        return loss;
    for (size_t s = 0; s < segments->count; s++) {
        double error = 0.0, power = 0.0;
        for (size_t i = segments->starts[s] * D; i < segments->starts[s + 1] * D; i++) {
            const double t = (double)target->value[i], e = t - (double)x->value[i];
            error += e * e;
            power += t * t;
        }
        factors[s] = error > 0.0 ? (float)(1.0 / (sqrt(error * power) * divisor)) : 0.0f;
        sum += error > 0.0 ? sqrt(error / power) : 0.0;
    }
    loss->value[0] = (float)(sum / divisor);
    struct convergence_step *step = tape_step(tape, loss, sizeof *step, convergence_backward);
    *step = (struct convergence_step){ loss, x, target, *segments, factors };
    return loss;
}
