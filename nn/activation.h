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

#endif
