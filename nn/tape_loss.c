#include "nn/tape_loss.h"

#include "nn/multiversion.h"
#include "nn/norm.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct cross_entropy_step {
    struct array *loss, *logits;
    const int32_t *targets;
    float *probabilities; /* [T][N] */
    float factor;         /* 1 / divisor */
};

static void cross_entropy_backward(struct tape *tape, void *payload)
{
    const struct cross_entropy_step *step = payload;
    const size_t N = step->logits->columns;
    const float factor = step->loss->gradient[0] * step->factor;
    float *dlogits = tape_gradient(tape, step->logits);
    for (size_t t = 0; t < step->logits->rows && dlogits != NULL; t++) {
        if (step->targets[t] == IGNORED_TARGET)
            continue;
        for (size_t n = 0; n < N; n++)
            dlogits[t * N + n] += factor * step->probabilities[t * N + n];
        dlogits[t * N + (size_t)step->targets[t]] -= factor;
    }
}

/* -log p[target] of one row, from its logits and its softmax: log of the sum of exponentials is
 * any logit less the logarithm of its probability; the largest one's does not underflow. */
static double row_loss(const float *logits, const float *probabilities, size_t N, int32_t target)
{
    size_t best = 0;
    for (size_t n = 1; n < N; n++)
        best = probabilities[n] > probabilities[best] ? n : best;
    return (double)logits[best] - log((double)probabilities[best]) - (double)logits[target];
}

struct array *tape_cross_entropy(struct tape *tape, struct array *logits, const int32_t *targets,
                                 double divisor)
{
    const size_t T = logits->rows, N = logits->columns;
    struct array *loss = tape_output(tape, 1, 1, logits->wants_gradient);
    float *probabilities = tape_take(tape, T * N, sizeof *probabilities);
    if (!tape_has_room(tape))
        return loss;
    memcpy(probabilities, logits->value, T * N * sizeof *probabilities);
    softmax(probabilities, N, T, N);
    double sum = 0.0;
    size_t counted = 0;
    for (size_t t = 0; t < T; t++) {
        if (targets[t] == IGNORED_TARGET)
            continue;
        assert(targets[t] >= 0 && (size_t)targets[t] < N);
        sum += row_loss(logits->value + t * N, probabilities + t * N, N, targets[t]);
        counted++;
    }
    if (divisor == 0.0)
        divisor = counted > 0 ? (double)counted : 1.0;
    loss->value[0] = (float)(sum / divisor);
    struct cross_entropy_step *step = tape_step(tape, loss, sizeof *step, cross_entropy_backward);
    *step = (struct cross_entropy_step){ .loss = loss,
                                         .logits = logits,
                                         .targets = targets,
                                         .probabilities = probabilities,
                                         .factor = (float)(1.0 / divisor) };
    return loss;
}

struct error_step {
    struct array *loss, *x, *y;
    float factor; /* 1 / divisor */
    bool is_squared;
};

/* d loss / d x, added to dx times `sign`. */
MULTIVERSION static void add_error_gradient(float *dx, const float *x, const float *y, float factor,
                                            bool is_squared, size_t count)
{
    if (is_squared)
        for (size_t i = 0; i < count; i++)
            dx[i] += factor * 2.0f * (x[i] - y[i]);
    else
        for (size_t i = 0; i < count; i++)
            dx[i] += x[i] > y[i] ? factor : (x[i] < y[i] ? -factor : 0.0f);
}

static void error_backward(struct tape *tape, void *payload)
{
    const struct error_step *step = payload;
    const size_t count = step->x->rows * step->x->columns;
    const float factor = step->factor * step->loss->gradient[0];
    float *dx = tape_gradient(tape, step->x), *dy = tape_gradient(tape, step->y);
    if (dx != NULL)
        add_error_gradient(dx, step->x->value, step->y->value, factor, step->is_squared, count);
    if (dy != NULL)
        add_error_gradient(dy, step->y->value, step->x->value, factor, step->is_squared, count);
}

static struct array *error_between(struct tape *tape, struct array *x, struct array *y,
                                   double divisor, bool is_squared)
{
    assert(!tape_has_room(tape) || (x->rows == y->rows && x->columns == y->columns));
    struct array *loss = tape_output(tape, 1, 1, x->wants_gradient || y->wants_gradient);
    if (!tape_has_room(tape))
        return loss;
    const size_t count = x->rows * x->columns;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double difference = (double)x->value[i] - (double)y->value[i];
        sum += is_squared ? difference * difference : fabs(difference);
    }
    if (divisor == 0.0)
        divisor = (double)count;
    loss->value[0] = (float)(sum / divisor);
    struct error_step *step = tape_step(tape, loss, sizeof *step, error_backward);
    *step = (struct error_step){
        .loss = loss, .x = x, .y = y, .factor = (float)(1.0 / divisor), .is_squared = is_squared
    };
    return loss;
}

struct array *tape_squared_error(struct tape *tape, struct array *x, struct array *y,
                                 double divisor)
{
    return error_between(tape, x, y, divisor, true);
}

struct array *tape_absolute_error(struct tape *tape, struct array *x, struct array *y,
                                  double divisor)
{
    return error_between(tape, x, y, divisor, false);
}
