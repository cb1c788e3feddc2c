#include "nn/tape_activation.h"

#include "nn/activation.h"
#include "nn/dropout.h"

#include <assert.h>
#include <string.h>

enum kind { GELU, QUICK_GELU, TANH, SILU, LEAKY_RELU };

struct activation_step {
    struct array *y, *x;
    enum kind kind;
    float slope;
};

static void activation_backward(struct tape *tape, void *payload)
{
    const struct activation_step *step = payload;
    const size_t count = step->x->rows * step->x->columns;
    const float *dy = step->y->gradient, *x = step->x->value;
    float keep;
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    if (dx == NULL)
        return;
    switch (step->kind) {
    case GELU:
        activation_gelu_gradient(dx, keep, dy, x, count);
        break;
    case QUICK_GELU:
        activation_quick_gelu_gradient(dx, keep, dy, x, count);
        break;
    case TANH:
        activation_tanh_gradient(dx, keep, dy, step->y->value, count);
        break;
    case SILU:
        activation_silu_gradient(dx, keep, dy, x, count);
        break;
    case LEAKY_RELU:
        activation_leaky_relu_gradient(dx, keep, dy, x, step->slope, count);
        break;
    }
}

static struct array *activate(struct tape *tape, struct array *x, enum kind kind, float slope)
{
    struct array *y = tape_output(tape, x->rows, x->columns, x->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    const size_t count = x->rows * x->columns;
    memcpy(y->value, x->value, count * sizeof *y->value);
    switch (kind) {
    case GELU:
        activation_gelu(y->value, count);
        break;
    case QUICK_GELU:
        activation_quick_gelu(y->value, count);
        break;
    case TANH:
        activation_tanh(y->value, count);
        break;
    case SILU:
        activation_silu(y->value, count);
        break;
    case LEAKY_RELU:
        activation_leaky_relu(y->value, slope, count);
        break;
    }
    struct activation_step *step = tape_step(tape, y, sizeof *step, activation_backward);
    *step = (struct activation_step){ .y = y, .x = x, .kind = kind, .slope = slope };
    return y;
}

struct array *tape_gelu(struct tape *tape, struct array *x)
{
    return activate(tape, x, GELU, 0.0f);
}

struct array *tape_quick_gelu(struct tape *tape, struct array *x)
{
    return activate(tape, x, QUICK_GELU, 0.0f);
}

struct array *tape_tanh(struct tape *tape, struct array *x)
{
    return activate(tape, x, TANH, 0.0f);
}

struct array *tape_silu(struct tape *tape, struct array *x)
{
    return activate(tape, x, SILU, 0.0f);
}

struct array *tape_leaky_relu(struct tape *tape, struct array *x, float slope)
{
    return activate(tape, x, LEAKY_RELU, slope);
}

struct sum_step {
    struct array *y, *a, *b; /* b may be NULL */
    float factor;
};

static void add_scaled(float *out, float keep, const float *in, float factor, size_t count)
{
    if (keep != 0.0f)
        for (size_t i = 0; i < count; i++)
            out[i] += factor * in[i];
    else
        for (size_t i = 0; i < count; i++)
            out[i] = factor * in[i];
}

static void sum_backward(struct tape *tape, void *payload)
{
    const struct sum_step *step = payload;
    struct array *inputs[] = { step->a, step->b };
    for (size_t i = 0; i < 2 && inputs[i] != NULL; i++) {
        float keep;
        float *gradient = tape_gradient_kept(tape, inputs[i], &keep);
        if (gradient != NULL)
            add_scaled(gradient, keep, step->y->gradient, step->factor,
                       step->y->rows * step->y->columns);
    }
}

struct array *tape_add(struct tape *tape, struct array *x, struct array *y)
{
    assert(!tape_has_room(tape) || (x->rows == y->rows && x->columns == y->columns));
    struct array *sum =
        tape_output(tape, x->rows, x->columns, x->wants_gradient || y->wants_gradient);
    if (!tape_has_room(tape))
        return sum;
    for (size_t i = 0; i < x->rows * x->columns; i++)
        sum->value[i] = x->value[i] + y->value[i];
    struct sum_step *step = tape_step(tape, sum, sizeof *step, sum_backward);
    *step = (struct sum_step){ .y = sum, .a = x, .b = y, .factor = 1.0f };
    return sum;
}

struct array *tape_scale(struct tape *tape, struct array *x, float factor)
{
    struct array *y = tape_output(tape, x->rows, x->columns, x->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    add_scaled(y->value, 0.0f, x->value, factor, x->rows * x->columns);
    struct sum_step *step = tape_step(tape, y, sizeof *step, sum_backward);
    *step = (struct sum_step){ .y = y, .a = x, .factor = factor };
    return y;
}

struct dropout_step {
    struct array *y, *x;
    struct dropout dropout;
};

static void drop(float *out, float keep, const float *in, const struct dropout *dropout, size_t T,
                 size_t D)
{
    const uint64_t name = dropout->seed * 0x9E3779B97F4A7C15u + dropout->step;
    const uint32_t key[2] = { (uint32_t)name, (uint32_t)(name >> 32) };
    for (size_t t = 0; t < T; t++)
        dropout_row(out + t * D, keep, in + t * D, dropout->probability, key, dropout->row_names[t],
                    dropout->layer, D);
}

static void dropout_backward(struct tape *tape, void *payload)
{
    const struct dropout_step *step = payload;
    float keep;
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    if (dx != NULL)
        drop(dx, keep, step->y->gradient, &step->dropout, step->x->rows, step->x->columns);
}

struct array *tape_dropout(struct tape *tape, struct array *x, const struct dropout *dropout)
{
    assert(dropout->probability >= 0.0f && dropout->probability < 1.0f);
    if (dropout->probability == 0.0f)
        return x;
    struct array *y = tape_output(tape, x->rows, x->columns, x->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    drop(y->value, 0.0f, x->value, dropout, x->rows, x->columns);
    struct dropout_step *step = tape_step(tape, y, sizeof *step, dropout_backward);
    *step = (struct dropout_step){ .y = y, .x = x, .dropout = *dropout };
    return y;
}
