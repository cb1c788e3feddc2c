#include "nn/tape_linear.h"

#include "nn/matmul.h"
#include "nn/norm_gradient.h"

#include <assert.h>

struct linear_step {
    struct array *y, *x, *weight, *bias;
};

static void linear_backward(struct tape *tape, void *payload)
{
    const struct linear_step *step = payload;
    const size_t T = step->x->rows, K = step->x->columns, N = step->weight->rows;
    const float *dy = step->y->gradient;
    float keep;
    float *dx = tape_gradient_kept(tape, step->x, &keep);
    if (dx != NULL)
        matmul(dx, K, dy, N, step->weight->value, K, T, K, N, 1.0f, keep);
    float *dweight = tape_gradient_kept(tape, step->weight, &keep);
    if (dweight != NULL)
        matmul_of_transposed(dweight, K, dy, N, step->x->value, K, N, K, T, 1.0f, keep);
    float *dbias = step->bias != NULL ? tape_gradient(tape, step->bias) : NULL;
    if (dbias != NULL)
        add_column_sums(dbias, dy, T, N);
}

struct array *tape_linear(struct tape *tape, struct array *x, struct array *weight,
                          struct array *bias)
{
    assert(!tape_has_room(tape) || x->columns == weight->columns);
    assert(!tape_has_room(tape) || bias == NULL || bias->columns == weight->rows);
    const bool wants_gradient =
        x->wants_gradient || weight->wants_gradient || (bias != NULL && bias->wants_gradient);
    struct array *y = tape_output(tape, x->rows, weight->rows, wants_gradient);
    if (!tape_has_room(tape))
        return y;
    matmul_linear(y->value, y->columns, x->value, x->columns, weight->value,
                  bias != NULL ? bias->value : NULL, x->rows, weight->rows, x->columns);
    struct linear_step *step = tape_step(tape, y, sizeof *step, linear_backward);
    *step = (struct linear_step){ .y = y, .x = x, .weight = weight, .bias = bias };
    return y;
}

struct batched_step {
    struct array *y, *a, *b;
    size_t batch;
};

static void batched_backward(struct tape *tape, void *payload)
{
    const struct batched_step *step = payload;
    const size_t M = step->a->rows / step->batch, K = step->a->columns, N = step->b->columns;
    float keep_a, keep_b;
    float *da = tape_gradient_kept(tape, step->a, &keep_a);
    float *db = tape_gradient_kept(tape, step->b, &keep_b);
    for (size_t i = 0; i < step->batch; i++) {
        const float *dy = step->y->gradient + i * M * N;
        if (da != NULL)
            matmul_transposed(da + i * M * K, K, dy, N, step->b->value + i * K * N, N, M, K, N,
                              1.0f, keep_a);
        if (db != NULL)
            matmul_of_transposed(db + i * K * N, N, step->a->value + i * M * K, K, dy, N, K, N, M,
                                 1.0f, keep_b);
    }
}

struct array *tape_batched_matmul(struct tape *tape, struct array *a, struct array *b, size_t batch)
{
    assert(batch > 0);
    assert(!tape_has_room(tape) || (a->rows % batch == 0 && b->rows == batch * a->columns));
    const size_t M = a->rows / batch, K = a->columns, N = b->columns;
    struct array *y = tape_output(tape, a->rows, N, a->wants_gradient || b->wants_gradient);
    if (!tape_has_room(tape))
        return y;
    for (size_t i = 0; i < batch; i++)
        matmul(y->value + i * M * N, N, a->value + i * M * K, K, b->value + i * K * N, N, M, N, K,
               1.0f, 0.0f);
    struct batched_step *step = tape_step(tape, y, sizeof *step, batched_backward);
    *step = (struct batched_step){ .y = y, .a = a, .b = b, .batch = batch };
    return y;
}
