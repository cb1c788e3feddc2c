#include "models/early_convolutions.h"

#include "nn/tape_activation.h"
#include "nn/tape_convolution.h"
#include "nn/tape_norm.h"

#include <math.h>
#include <stdio.h>

struct early_convolution early_convolution_at(size_t number, size_t channels, size_t width)
{
    return number == 0 ? (struct early_convolution){ EARLY_SHRINK, EARLY_SHRINK, 0, channels }
                       : (struct early_convolution){ 3, 1, 1, width };
}

void early_convolution_name(char *name, size_t bytes, const char *prefix, size_t number,
                            enum early_tensor tensor)
{
    static const char *const endings[] = { "weight", "bias", "norm.weight", "norm.bias" };
    snprintf(name, bytes, "%searly.%zu.%s", prefix, number, endings[tensor]);
}

void early_convolutions_add(struct early_convolutions *convolutions, struct parameter_set *set,
                            const char *prefix, size_t channels, size_t width)
{
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        const struct early_convolution sizes = early_convolution_at(c, channels, width);
        const size_t shape[] = { width, sizes.channels, sizes.kernel, sizes.kernel };
        for (size_t t = 0; t < EARLY_TENSORS; t++) {
            char name[256];
            early_convolution_name(name, sizeof name, prefix, c, (enum early_tensor)t);
            convolutions->parts[c][t] =
                parameter_set_add(set, name, t == EARLY_WEIGHT ? 4 : 1, shape);
        }
    }
}

void early_convolutions_draw(const struct early_convolutions *convolutions, uint64_t seed)
{
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        struct parameter *weight = convolutions->parts[c][EARLY_WEIGHT];
        parameter_draw_uniform(weight, seed, 1.0f / sqrtf((float)weight->columns));
        parameter_fill(convolutions->parts[c][EARLY_GAIN], 1.0f);
    }
}

struct array *early_convolutions_run(struct tape *tape,
                                     const struct early_convolutions *convolutions, struct array *x,
                                     size_t images, size_t side, float norm_eps)
{
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        struct parameter *const *parts = convolutions->parts[c];
        const struct early_convolution sizes = early_convolution_at(c, 0, 0);
        const struct convolution_2d convolution = { images,       side,         side,
                                                    sizes.kernel, sizes.stride, sizes.padding };
        x = tape_convolution_2d(tape, x, tape_parameter(tape, parts[EARLY_WEIGHT]),
                                tape_parameter(tape, parts[EARLY_BIAS]), &convolution);
        x = tape_layer_norm(tape, x, tape_parameter(tape, parts[EARLY_GAIN]),
                            tape_parameter(tape, parts[EARLY_OFFSET]), norm_eps);
        x = tape_gelu(tape, x);
        side = c == 0 ? side / EARLY_SHRINK : side;
    }
    return x;
}

double early_convolutions_products(size_t channels, size_t width, size_t side)
{
    double products = 0.0;
    const size_t half = side / EARLY_SHRINK;
    for (size_t c = 0; c < EARLY_CONVOLUTIONS; c++) {
        const struct early_convolution sizes = early_convolution_at(c, channels, width);
        products +=
            (double)(half * half * width) * (double)(sizes.channels * sizes.kernel * sizes.kernel);
    }
    return products;
}
