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
