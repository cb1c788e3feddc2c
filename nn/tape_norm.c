#include "nn/tape_norm.h"

#include "nn/norm.h"
#include "nn/norm_gradient.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct layer_norm_step {
    struct array *y, *x, *gain, *offset;
    float eps;
};

static bool wants(const struct array *array)
{
    return array != NULL && array->wants_gradient;
}

static const float *values_of(const struct array *array)
{
    return array != NULL ? array->value : NULL;
}

static float *gradient_of(struct tape *tape, struct array *array)
{
    return array != NULL ? tape_gradient(tape, array) : NULL;
}

static void layer_norm_backward(struct tape *tape, void *payload)
{
    const struct layer_norm_step *step = payload;
    float keep;
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    float *dgain = gradient_of(tape, step->gain), *doffset = gradient_of(tape, step->offset);
    if (tape_has_room(tape))
        layer_norm_gradient(dx, keep, dgain, doffset, step->y->gradient, step->x->value,
                            values_of(step->gain), step->eps, step->x->rows, step->x->columns);
}

struct array *tape_layer_norm(struct tape *tape, struct array *x, struct array *gain,
                              struct array *offset, float eps)
{
    struct array *y =
        tape_output(tape, x->rows, x->columns, x->wants_gradient || wants(gain) || wants(offset));
    if (!tape_has_room(tape))
        return y;
    layer_norm(y->value, x->value, NULL, values_of(gain), values_of(offset), eps, x->rows,
               x->columns);
    struct layer_norm_step *step = tape_step(tape, y, sizeof *step, layer_norm_backward);
    *step = (struct layer_norm_step){ .y = y, .x = x, .gain = gain, .offset = offset, .eps = eps };
    return y;
}

struct row_step {
    struct array *y, *x;
    float eps;
};

static void l2_normalise_backward(struct tape *tape, void *payload)
{
    const struct row_step *step = payload;
    float keep;
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    if (dx != NULL)
        l2_normalise_gradient(dx, keep, step->y->gradient, step->x->value, step->eps, step->x->rows,
                              step->x->columns);
}

struct array *tape_l2_normalise(struct tape *tape, struct array *x, float eps)
{
    struct array *y = tape_output(tape, x->rows, x->columns, x->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    l2_normalise(y->value, x->value, eps, x->rows, x->columns);
    struct row_step *step = tape_step(tape, y, sizeof *step, l2_normalise_backward);
    *step = (struct row_step){ .y = y, .x = x, .eps = eps };
    return y;
}

static void softmax_backward(struct tape *tape, void *payload)
{
    const struct row_step *step = payload;
    float keep;
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    if (dx != NULL)
        softmax_gradient(dx, keep, step->y->gradient, step->y->value, step->x->columns,
                         step->x->rows, step->x->columns);
}

struct array *tape_softmax(struct tape *tape, struct array *x)
{
    struct array *y = tape_output(tape, x->rows, x->columns, x->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    memcpy(y->value, x->value, x->rows * x->columns * sizeof *y->value);
    softmax(y->value, x->columns, x->rows, x->columns);
    struct row_step *step = tape_step(tape, y, sizeof *step, softmax_backward);
    *step = (struct row_step){ .y = y, .x = x };
    return y;
}
