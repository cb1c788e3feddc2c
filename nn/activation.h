/** Activations, in place on `count` floats. Local; nothing is allocated and nothing can fail.
 * Errors against double, measured in tests/nn/test_activation.c, are those of nn/vector_math.h. */
#ifndef NN_ACTIVATION_H
#define NN_ACTIVATION_H

#include <stddef.h>

/** x (1 + erf(x / sqrt 2)) / 2: the exact GELU (Hendrycks and Gimpel 2016, arXiv:1606.08415), not
 * its tanh approximation. Absolute error below 2e-7 plus the rounding of the result. */
void activation_gelu(float *values, size_t count);

/** x sigmoid(1.702 x): CLIP's and GIT's GELU. Relative error below 5e-7. */
void activation_quick_gelu(float *values, size_t count);

/** Hyperbolic tangent. Relative error below 5e-7. */
void activation_tanh(float *values, size_t count);

/** e^x. Relative error below 2e-7; 0 below -86.5, infinite above 88.72. */
void activation_exp(float *values, size_t count);

/** x sigmoid(x), also called swish. Relative error below 5e-7. */
void activation_silu(float *values, size_t count);

/** x where x >= 0, slope x elsewhere. */
void activation_leaky_relu(float *values, float slope, size_t count);

/** Gradients: dx = keep dx + dy f'(x), with keep 0 (dx may hold anything; it may be dy) or 1.
 *
 *     dx, dy, x [count]; y [count] instead of x for tanh: its result */
void activation_gelu_gradient(float *dx, float keep, const float *dy, const float *x, size_t count);
void activation_quick_gelu_gradient(float *dx, float keep, const float *dy, const float *x,
                                    size_t count);
void activation_tanh_gradient(float *dx, float keep, const float *dy, const float *y, size_t count);
void activation_silu_gradient(float *dx, float keep, const float *dy, const float *x, size_t count);
void activation_leaky_relu_gradient(float *dx, float keep, const float *dy, const float *x,
                                    float slope, size_t count);

/** As activation_leaky_relu, not in place: out [count] from in [count]. */
void activation_leaky_relu_to(float *out, const float *in, float slope, size_t count);

#endif
