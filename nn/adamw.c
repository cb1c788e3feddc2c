#include "nn/adamw.h"

#include "nn/multiversion.h"
#include "nn/row_sums.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

struct adamw {
    struct parameter_set *set;
    size_t first, count, step;
    struct adamw_options options;
    float *mean, *square, *average;
};

static float *new_state(size_t count)
{
    const size_t bytes = (count * sizeof(float) + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    float *state = aligned_alloc(ALIGNMENT, bytes);
    if (state != NULL)
        memset(state, 0, bytes);
    return state;
}

enum status adamw_create(struct adamw **adamw, struct parameter_set *set, size_t first,
                         size_t count, const struct adamw_options *options)
{
    assert(first + count <= parameter_set_floats(set));
    *adamw = calloc(1, sizeof **adamw);
    if (*adamw == NULL)
        return status_fail(STATUS_NO_MEMORY, "optimiser: no memory");
    **adamw = (struct adamw){ .set = set,
                              .first = first,
                              .count = count,
                              .options = *options,
                              .mean = new_state(count),
                              .square = new_state(count),
                              .average = options->ema_decay > 0.0f ? new_state(count) : NULL };
    if ((*adamw)->mean != NULL && (*adamw)->square != NULL &&
        ((*adamw)->average != NULL || options->ema_decay <= 0.0f))
        return STATUS_OK;
    adamw_destroy(*adamw);
    *adamw = NULL;
    return status_fail(STATUS_NO_MEMORY, "optimiser: no memory for the state of %zu parameters",
                       count);
}

/* The constants of one update. */
struct update {
    float decay; /* of the parameters: 1 - learning rate * weight decay */
    float beta1, beta2, eps, factor;
    float step_size;          /* learning rate / (1 - beta1^t) */
    float root_of_correction; /* sqrt(1 - beta2^t) */
};

MULTIVERSION static void update_floats(float *values, float *mean, float *square,
                                       const float *gradients, struct update update, size_t count)
{
    const float denominator_scale = 1.0f / update.root_of_correction;
    for (size_t i = 0; i < count; i++) {
        const float g = gradients[i] * update.factor;
        mean[i] = update.beta1 * mean[i] + (1.0f - update.beta1) * g;
        square[i] = update.beta2 * square[i] + (1.0f - update.beta2) * g * g;
        const float root = sqrtf(square[i]) * denominator_scale + update.eps;
        values[i] = values[i] * update.decay - update.step_size * mean[i] / root;
    }
}

MULTIVERSION static void update_average(float *average, const float *values, float decay,
                                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        average[i] = decay * average[i] + (1.0f - decay) * values[i];
}

/* The part of a parameter that lies in a slice: `*count` floats from `*start` on. */
static bool overlap(size_t *start, size_t *count, const struct parameter *parameter, size_t first,
                    size_t slice_count)
{
    const size_t end = parameter->start + parameter->count, slice_end = first + slice_count;
    *start = parameter->start > first ? parameter->start : first;
    const size_t last = end < slice_end ? end : slice_end;
    *count = last > *start ? last - *start : 0;
    return *count > 0 && !parameter->is_frozen;
}

void adamw_update(struct adamw *adamw, float learning_rate, float gradient_factor)
{
    const struct adamw_options *options = &adamw->options;
    float *values = parameter_set_values(adamw->set);
    const float *gradients = parameter_set_gradients(adamw->set);
    if (adamw->average != NULL && adamw->step == 0)
        memcpy(adamw->average, values + adamw->first, adamw->count * sizeof *values);
    adamw->step++;
    const double t = (double)adamw->step;
    struct update update = {
        .beta1 = options->beta1,
        .beta2 = options->beta2,
        .eps = options->eps,
        .factor = gradient_factor,
        .step_size = (float)((double)learning_rate / (1.0 - pow((double)options->beta1, t))),
        .root_of_correction = (float)sqrt(1.0 - pow((double)options->beta2, t)),
    };
    for (size_t p = 0; p < parameter_set_count(adamw->set); p++) {
        const struct parameter *parameter = parameter_set_at(adamw->set, p);
        size_t start, count;
        if (!overlap(&start, &count, parameter, adamw->first, adamw->count))
            continue;
        const size_t at = start - adamw->first;
        update.decay = parameter->is_decayed ? 1.0f - learning_rate * options->weight_decay : 1.0f;
        update_floats(values + start, adamw->mean + at, adamw->square + at, gradients + start,
                      update, count);
    }
    if (adamw->average != NULL)
        update_average(adamw->average, values + adamw->first, options->ema_decay, adamw->count);
}

size_t adamw_step(const struct adamw *adamw)
{
    return adamw->step;
}

void adamw_set_step(struct adamw *adamw, size_t step)
{
    adamw->step = step;
}

float *adamw_mean(struct adamw *adamw)
{
    return adamw->mean;
}

float *adamw_square(struct adamw *adamw)
{
    return adamw->square;
}

float *adamw_average(struct adamw *adamw)
{
    return adamw->average;
}

void adamw_destroy(struct adamw *adamw)
{
    if (adamw == NULL)
        return;
    free(adamw->mean);
    free(adamw->square);
    free(adamw->average);
    free(adamw);
}

MULTIVERSION static double square_sum(const float *values, size_t count)
{
    return sum_of_squares(values, 0.0f, count);
}

double gradient_square_sum(const struct parameter_set *set, size_t first, size_t count)
{
    double sum = 0.0;
    for (size_t p = 0; p < parameter_set_count(set); p++) {
        size_t start, part;
        if (overlap(&start, &part, parameter_set_at(set, p), first, count))
            sum += square_sum(parameter_set_gradients(set) + start, part);
    }
    return sum;
}

float gradient_clip_factor(double norm, double limit)
{
    if (limit <= 0.0 || norm + 1e-6 <= limit)
        return 1.0f;
    return (float)(limit / (norm + 1e-6));
}
