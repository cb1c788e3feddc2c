#include "nn/tape_quantise.h"

#include "nn/matmul.h"
#include "nn/tape_activation.h"
#include "nn/tape_loss.h"
#include "nn/tape_norm.h"
#include "nn/tape_rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct straight_step {
    struct array *out, *y;
};

static void straight_backward(struct tape *tape, void *payload)
{
    const struct straight_step *step = payload;
    float *dy = tape_gradient(tape, step->y);
    for (size_t i = 0; dy != NULL && i < step->y->rows * step->y->columns; i++)
        dy[i] += step->out->gradient[i];
}

struct array *tape_straight_through(struct tape *tape, struct array *x, struct array *y)
{
    assert(!tape_has_room(tape) || (x->rows == y->rows && x->columns == y->columns));
    struct array *out = tape_output(tape, x->rows, x->columns, y->wants_gradient);
    if (!tape_has_room(tape))
        return out;
    memcpy(out->value, x->value, x->rows * x->columns * sizeof *out->value);
    struct straight_step *step = tape_step(tape, out, sizeof *step, straight_backward);
    *step = (struct straight_step){ .out = out, .y = y };
    return out;
}

static struct array *fixed(struct tape *tape, const struct array *x)
{
    return tape_constant(tape, x->value, x->rows, x->columns);
}

/* Rows of z that are compared with the codebook at a time. */
enum { TILE_ROWS = 256 };

/* The nearest code has the largest z . c - |c|^2 / 2. */
static void find_nearest(int32_t *ids, const struct array *z, const struct array *codebook,
                         float *products, float *half_squares)
{
    const size_t N = codebook->rows, D = codebook->columns;
    for (size_t n = 0; n < N; n++) {
        double sum = 0.0;
        for (size_t d = 0; d < D; d++)
            sum += (double)codebook->value[n * D + d] * (double)codebook->value[n * D + d];
        half_squares[n] = (float)(0.5 * sum);
    }
    for (size_t start = 0; start < z->rows; start += TILE_ROWS) {
        const size_t left = z->rows - start, rows = left < TILE_ROWS ? left : TILE_ROWS;
        matmul_transposed(products, N, z->value + start * D, D, codebook->value, D, rows, N, D,
                          1.0f, 0.0f);
        for (size_t t = 0; t < rows; t++) {
            const float *row = products + t * N;
            size_t best = 0;
            for (size_t n = 1; n < N; n++)
                if (row[n] - half_squares[n] > row[best] - half_squares[best])
                    best = n;
            ids[start + t] = (int32_t)best;
        }
    }
}

struct quantised tape_quantise(struct tape *tape, struct array *z, struct array *codebook,
                               bool is_cosine, float beta)
{
    struct array *near_z = is_cosine ? tape_l2_normalise(tape, z, 1e-12f) : z;
    struct array *rows = is_cosine ? tape_l2_normalise(tape, codebook, 1e-12f) : codebook;
    int32_t *ids = tape_take(tape, z->rows, sizeof *ids);
    float *products = tape_take(tape, TILE_ROWS * codebook->rows, sizeof *products);
    float *half_squares = tape_take(tape, codebook->rows, sizeof *half_squares);
    struct quantised out = { 0 };
    if (tape_has_room(tape)) {
        find_nearest(ids, near_z, rows, products, half_squares);
        out.ids = ids;
    }
    /* Without room this only makes empty arrays, of no rows. */
    struct array *chosen =
        tape_embedding(tape, rows, ids, tape_has_room(tape) ? z->rows : 0, NO_PADDING_ID);
    if (!tape_has_room(tape)) {
        out.codes = out.loss = chosen;
        return out;
    }
    struct array *commitment = tape_squared_error(tape, near_z, fixed(tape, chosen), 0.0);
    struct array *codebook_loss = tape_squared_error(tape, chosen, fixed(tape, near_z), 0.0);
    out.loss = tape_add(tape, tape_scale(tape, commitment, beta), codebook_loss);
    out.codes = tape_straight_through(tape, chosen, z);
    return out;
}
