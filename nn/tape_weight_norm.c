#include "nn/tape_weight_norm.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct weight_norm_step {
    struct array *w, *g, *v;
    size_t before, kept, after;
};

/* The sum over each slice of x y, in the order of memory.
 *
 *     sums [kept]  out */
static void slice_products(double *sums, const struct weight_norm_step *step, const float *x,
                           const float *y)
{
    const float *end = x + step->before * step->kept * step->after;
    memset(sums, 0, step->kept * sizeof *sums);
    while (x < end)
        for (size_t k = 0; k < step->kept; k++)
            for (size_t a = 0; a < step->after; a++)
                sums[k] += (double)*x++ * (double)*y++;
}

/* out = keep out + fx x + fy y, with factors [kept] of each slice. */
static void combine_slices(float *out, float keep, const struct weight_norm_step *step,
                           const float *x, const float *fx, const float *y, const float *fy)
{
    const float *end = x + step->before * step->kept * step->after;
    while (x < end)
        for (size_t k = 0; k < step->kept; k++)
            for (size_t a = 0; a < step->after; a++, out++) {
                const float sum = fx[k] * *x++ + fy[k] * *y++;
                *out = keep != 0.0f ? *out + sum : sum;
            }
}

/* With u = v / |v|: dg = dw . u, dv = g / |v| (dw - (dw . u) u). */
static void weight_norm_backward(struct tape *tape, void *payload)
{
    const struct weight_norm_step *step = payload;
    const size_t kept = step->kept;
    const float *v = step->v->value, *dw = step->w->gradient;
    float keep;
    float *dg = tape_gradient(tape, step->g), *dv = tape_gradient_kept(tape, step->v, &keep);
    double *squares = tape_take(tape, kept, sizeof *squares);
    double *products = tape_take(tape, kept, sizeof *products);
    float *factors = tape_take(tape, 2 * kept, sizeof *factors);
    if (!tape_has_room(tape))
        return;
    slice_products(squares, step, v, v);
    slice_products(products, step, dw, v);
    for (size_t k = 0; k < kept; k++) {
        const double length = sqrt(squares[k]), along = products[k] / length;
        const double scale = (double)step->g->value[k] / length;
        if (dg != NULL)
            dg[k] += (float)along;
        factors[k] = (float)scale;
        factors[kept + k] = (float)(-scale * along / length);
    }
    if (dv != NULL)
        combine_slices(dv, keep, step, dw, factors, v, factors + kept);
}

struct array *tape_weight_norm(struct tape *tape, struct array *g, struct array *v, size_t kept,
                               size_t after)
{
    const size_t count = v->rows * v->columns;
    assert(!tape_has_room(tape) || (count % (kept * after) == 0 && g->rows * g->columns == kept));
    struct weight_norm_step made = {
        .g = g, .v = v, .before = count / (kept * after), .kept = kept, .after = after
    };
    made.w = tape_output(tape, v->rows, v->columns, g->wants_gradient || v->wants_gradient);
    double *squares = tape_take(tape, kept, sizeof *squares);
    float *factors = tape_take(tape, 2 * kept, sizeof *factors);
    if (!tape_has_room(tape))
        return made.w;
    slice_products(squares, &made, v->value, v->value);
    for (size_t k = 0; k < kept; k++) {
        factors[k] = (float)((double)g->value[k] / sqrt(squares[k]));
        factors[kept + k] = 0.0f;
    }
    combine_slices(made.w->value, 0.0f, &made, v->value, factors, v->value, factors + kept);
    struct weight_norm_step *step = tape_step(tape, made.w, sizeof *step, weight_norm_backward);
    *step = made;
    return made.w;
}
