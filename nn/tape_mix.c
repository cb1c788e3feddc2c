#include "nn/half.h"
#include "nn/multiversion.h"
#include "nn/row_sums.h"
#include "nn/tape_rows.h"

#include <assert.h>
#include <string.h>

/* Floats of one layer that are worked on at a time: they stay in the first cache. */
enum { STRETCH_FLOATS = 2048 };

struct mix_step {
    struct array *y, *weights;
    struct array *layers[TAPE_LAYERS_MAX]; /* or, of features that take no gradient: */
    const uint16_t *halves[TAPE_LAYERS_MAX];
    size_t count;
};

MULTIVERSION static void add_weighted(float *restrict y, const float *restrict x, float weight,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        y[i] += weight * x[i];
}

MULTIVERSION static double dot(const float *x, const float *y, size_t count)
{
    return sum_of_products(x, y, count);
}

/* `count` floats of layer `l` from `start` on, widened into `stretch` where they are halves. */
static const float *layer_stretch(float *stretch, const struct mix_step *step, size_t l,
                                  size_t start, size_t count)
{
    if (step->layers[l] != NULL)
        return step->layers[l]->value + start;
    half_to_float(stretch, step->halves[l] + start, count);
    return stretch;
}

static void mix(const struct mix_step *step)
{
    float stretch[STRETCH_FLOATS];
    const size_t total = step->y->rows * step->y->columns;
    for (size_t start = 0; start < total; start += STRETCH_FLOATS) {
        const size_t left = total - start, count = left < STRETCH_FLOATS ? left : STRETCH_FLOATS;
        memset(step->y->value + start, 0, count * sizeof(float));
        for (size_t l = 0; l < step->count; l++)
            add_weighted(step->y->value + start, layer_stretch(stretch, step, l, start, count),
                         step->weights->value[l], count);
    }
}

static void mix_backward(struct tape *tape, void *payload)
{
    const struct mix_step *step = payload;
    const size_t total = step->y->rows * step->y->columns;
    const float *dy = step->y->gradient;
    float *dweights = tape_gradient(tape, step->weights);
    double sums[TAPE_LAYERS_MAX] = { 0 };
    float stretch[STRETCH_FLOATS];
    for (size_t start = 0; start < total && dweights != NULL; start += STRETCH_FLOATS) {
        const size_t left = total - start, count = left < STRETCH_FLOATS ? left : STRETCH_FLOATS;
        for (size_t l = 0; l < step->count; l++)
            sums[l] += dot(dy + start, layer_stretch(stretch, step, l, start, count), count);
    }
    for (size_t l = 0; l < step->count; l++) {
        if (dweights != NULL)
            dweights[l] += (float)sums[l];
        float *dlayer = step->layers[l] != NULL ? tape_gradient(tape, step->layers[l]) : NULL;
        if (dlayer != NULL)
            add_weighted(dlayer, dy, step->weights->value[l], total);
    }
}

static struct array *begin_mix(struct tape *tape, struct mix_step mixed, size_t T, size_t D,
                               bool wants_gradient)
{
    assert(mixed.count > 0 && mixed.count <= TAPE_LAYERS_MAX);
    assert(!tape_has_room(tape) || mixed.weights->columns == mixed.count);
    mixed.y = tape_output(tape, T, D, wants_gradient || mixed.weights->wants_gradient);
    if (!tape_has_room(tape))
        return mixed.y;
    mix(&mixed);
    struct mix_step *step = tape_step(tape, mixed.y, sizeof *step, mix_backward);
    *step = mixed;
    return mixed.y;
}

struct array *tape_mix_layers(struct tape *tape, struct array *const *layers, size_t count,
                              struct array *weights)
{
    struct mix_step mixed = { .weights = weights, .count = count };
    bool wants_gradient = false;
    assert(count <= TAPE_LAYERS_MAX);
    for (size_t l = 0; l < count; l++) {
        mixed.layers[l] = layers[l];
        wants_gradient |= layers[l]->wants_gradient;
    }
    return begin_mix(tape, mixed, layers[0]->rows, layers[0]->columns, wants_gradient);
}

struct array *tape_mix_half_layers(struct tape *tape, const uint16_t *const *layers, size_t count,
                                   size_t T, size_t D, struct array *weights)
{
    struct mix_step mixed = { .weights = weights, .count = count };
    assert(count <= TAPE_LAYERS_MAX);
    memcpy(mixed.halves, layers, count * sizeof *layers);
    return begin_mix(tape, mixed, T, D, false);
}
