#include "nn/tape_weight_norm.h"

#include <assert.h>
#include <math.h>

struct weight_norm_step {
    struct array *w, *g, *v;
    size_t before, kept, after;
};

/* The sum over one slice of x y. */
static double slice_product(const struct weight_norm_step *step, size_t k, const float *x,
                            const float *y)
{
    double sum = 0.0;
    for (size_t b = 0; b < step->before; b++)
        for (size_t a = 0; a < step->after; a++) {
            const size_t at = (b * step->kept + k) * step->after + a;
            sum += (double)x[at] * (double)y[at];
        }
    return sum;
}

/* out = keep out + fx x + fy y over one slice. */
static void combine_slice(float *out, float keep, const struct weight_norm_step *step, size_t k,
                          const float *x, float fx, const float *y, float fy)
{
    for (size_t b = 0; b < step->before; b++)
        for (size_t a = 0; a < step->after; a++) {
            const size_t at = (b * step->kept + k) * step->after + a;
            const float sum = fx * x[at] + fy * y[at];
            out[at] = keep != 0.0f ? out[at] + sum : sum;
        }
}

/* With u = v / |v|: dg = dw . u, dv = g / |v| (dw - (dw . u) u). */
static void weight_norm_backward(struct tape *tape, void *payload)
{
    const struct weight_norm_step *step = payload;
    const float *v = step->v->value, *dw = step->w->gradient;
    float keep;
    float *dg = tape_gradient(tape, step->g), *dv = tape_gradient_kept(tape, step->v, &keep);
    for (size_t k = 0; k < step->kept && tape_has_room(tape); k++) {
        const double length = sqrt(slice_product(step, k, v, v));
        const double along = slice_product(step, k, dw, v) / length;
        const double scale = (double)step->g->value[k] / length;
        if (dg != NULL)
            dg[k] += (float)along;
        if (dv != NULL)
            combine_slice(dv, keep, step, k, dw, (float)scale, v, (float)(-scale * along / length));
    }
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
    if (!tape_has_room(tape))
        return made.w;
    for (size_t k = 0; k < kept; k++) {
        const double length = sqrt(slice_product(&made, k, v->value, v->value));
        combine_slice(made.w->value, 0.0f, &made, k, v->value,
                      (float)((double)g->value[k] / length), v->value, 0.0f);
    }
    struct weight_norm_step *step = tape_step(tape, made.w, sizeof *step, weight_norm_backward);
    *step = made;
    return made.w;
}
