#include "tokenizers/image/resize_weights.h"

#include <math.h>
#include <stdlib.h>

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic with a = -1/2. */
static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0)
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

static double sinc(double x)
{
    return x == 0.0 ? 1.0 : sin(x * M_PI) / (x * M_PI);
}

static double lanczos(double x)
{
    return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
}

struct kernel {
    double (*value)(double x);
    double support; /* zero beyond */
};

static struct kernel kernel_of(enum resize_filter filter)
{
    switch (filter) {
    case RESIZE_BILINEAR:
        return (struct kernel){ bilinear, 1.0 };
    case RESIZE_BICUBIC:
        return (struct kernel){ bicubic, 2.0 };
    case RESIZE_LANCZOS:
        return (struct kernel){ lanczos, 3.0 };
    }
    return (struct kernel){ bicubic, 2.0 };
}

/* The samples under the kernel, its edges rounded to whole samples. */
static struct resize_span span_around(double center, double support, size_t source)
{
    const double from = center - support + 0.5, to = center + support + 0.5;
    const size_t first = from < 0.0 ? 0 : (size_t)from;
    const size_t end = to > (double)source ? source : (size_t)to;
    return (struct resize_span){ .first = first, .count = end - first };
}

static void weigh(int32_t *values, double *exact, struct resize_span span, double center,
                  double shrink, const struct kernel *kernel)
{
    double sum = 0.0;
    for (size_t i = 0; i < span.count; i++) {
        exact[i] = kernel->value(((double)(i + span.first) - center + 0.5) * (1.0 / shrink));
        sum += exact[i];
    }
    for (size_t i = 0; i < span.count; i++) {
        const double share = sum != 0.0 ? exact[i] / sum : exact[i];
        const double scaled = share * (1 << RESIZE_WEIGHT_BITS);
        values[i] = (int32_t)(scaled < 0.0 ? scaled - 0.5 : scaled + 0.5);
    }
}

enum status resize_weights_begin(struct resize_weights *weights, size_t source, size_t full,
                                 size_t first, size_t count, enum resize_filter filter)
{
    const struct kernel kernel = kernel_of(filter);
    const double scale = (double)source / (double)full;
    const double shrink = scale < 1.0 ? 1.0 : scale; /* the kernel widens with the reduction */
    const double support = kernel.support * shrink;
    size_t stride = (size_t)ceil(support) * 2 + 1;
    if (stride > source)
        stride = source;

    *weights = (struct resize_weights){ .count = count, .stride = stride };
    weights->spans = malloc(count * sizeof *weights->spans);
    weights->values = malloc(count * stride * sizeof *weights->values);
    double *exact = malloc(stride * sizeof *exact);
    if (weights->spans == NULL || weights->values == NULL || exact == NULL) {
        free(exact);
        resize_weights_end(weights);
        return status_fail(STATUS_NO_MEMORY, "weights to resize %zu samples to %zu", source, full);
    }
    for (size_t i = 0; i < count; i++) {
        const double center = ((double)(first + i) + 0.5) * scale;
        weights->spans[i] = span_around(center, support, source);
        weigh(weights->values + i * stride, exact, weights->spans[i], center, shrink, &kernel);
    }
    free(exact);
    return STATUS_OK;
}

size_t resize_weights_reach(const struct resize_weights *weights)
{
    const struct resize_span last = weights->spans[weights->count - 1];
    return last.first + last.count;
}

void resize_weights_end(struct resize_weights *weights)
{
    free(weights->spans);
    free(weights->values);
    *weights = (struct resize_weights){ 0 };
}
