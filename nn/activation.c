#include "nn/activation.h"

#include "nn/vector_math.h"

MULTIVERSION void activation_gelu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = vector_gelu(values[i]);
}

MULTIVERSION void activation_quick_gelu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = vector_quick_gelu(values[i]);
}

MULTIVERSION void activation_tanh(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = vector_tanh(values[i]);
}

MULTIVERSION void activation_exp(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = vector_exp(values[i]);
}

MULTIVERSION void activation_silu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] *= vector_sigmoid(values[i]);
}

MULTIVERSION void activation_leaky_relu(float *values, float slope, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] >= 0.0f ? values[i] : slope * values[i];
}

/* What dx becomes. A product with keep would turn what an unset dx holds into NaN. */
ALWAYS_INLINE float kept(float dx, float keep, float change)
{
    return keep != 0.0f ? dx + change : change;
}

MULTIVERSION void activation_gelu_gradient(float *dx, float keep, const float *dy, const float *x,
                                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = kept(dx[i], keep, dy[i] * vector_gelu_slope(x[i]));
}

MULTIVERSION void activation_quick_gelu_gradient(float *dx, float keep, const float *dy,
                                                 const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float s = vector_sigmoid(1.702f * x[i]);
        dx[i] = kept(dx[i], keep, dy[i] * s * (1.0f + 1.702f * x[i] * (1.0f - s)));
    }
}

MULTIVERSION void activation_tanh_gradient(float *dx, float keep, const float *dy, const float *y,
                                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = kept(dx[i], keep, dy[i] * (1.0f - y[i] * y[i]));
}

MULTIVERSION void activation_silu_gradient(float *dx, float keep, const float *dy, const float *x,
                                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float s = vector_sigmoid(x[i]);
        dx[i] = kept(dx[i], keep, dy[i] * s * (1.0f + x[i] * (1.0f - s)));
    }
}

MULTIVERSION void activation_leaky_relu_gradient(float *dx, float keep, const float *dy,
                                                 const float *x, float slope, size_t count)
{
    for (size_t i = 0; i < count; i++)
        dx[i] = kept(dx[i], keep, x[i] >= 0.0f ? dy[i] : slope * dy[i]);
}

MULTIVERSION void activation_leaky_relu_to(float *out, const float *in, float slope, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = in[i] >= 0.0f ? in[i] : slope * in[i];
}
