/** Elementary functions of one float, written so that a loop over them vectorises: no branch, no
 * call, no table. For use inside MULTIVERSION functions.
 *
 * Polynomials and quotients were fitted here, by iteratively reweighted least squares, to the
 * errors stated; tests/nn/test_activation.c measures them against double. NaN gives NaN. */
#ifndef NN_VECTOR_MATH_H
#define NN_VECTOR_MATH_H

#include "nn/multiversion.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/** e^x, relative error below 2e-7. Below -86.5 (a result of 3e-38) it is 0. */
ALWAYS_INLINE float vector_exp(float x)
{
    /* x = n ln 2 + r. Adding 1.5 * 2^23 leaves n, rounded, in the low bits of the sum; ln 2 is
     * split so that n times its first part is exact. */
    const float magic = 12582912.0f;
    const float shifted = x * 1.44269504f + magic;
    const float n = shifted - magic;
    const float r = (x - n * 0.6931152344f) - n * 3.194618495e-5f;
    float p = 1.381314476e-3f;
    p = p * r + 8.369418792e-3f;
    p = p * r + 4.166845605e-2f;
    p = p * r + 1.666651517e-1f;
    p = p * r + 4.999999404e-1f;
    p = p * (r * r) + (r + 1.0f);

    uint32_t power, bits;
    memcpy(&power, &shifted, sizeof power);
    memcpy(&bits, &p, sizeof bits);
    bits += power << 23;
    float result;
    memcpy(&result, &bits, sizeof result);
    result = x < -86.5f ? 0.0f : result;
    result = x > 88.72f ? INFINITY : result;
    return x != x ? x : result;
}

/** tanh, relative error below 5e-7; a quotient of polynomials in x^2 up to |x| = 8. */
ALWAYS_INLINE float vector_tanh(float x)
{
    x = x > 8.0f ? 8.0f : x;
    x = x < -8.0f ? -8.0f : x;
    const float s = x * x;
    float p = 1.523033610e-8f;
    p = p * s + 2.189460429e-5f;
    p = p * s + 3.571594600e-3f;
    p = p * s + 1.344449520e-1f;
    p = p * s + 1.0f;
    float q = 8.522413282e-7f;
    q = q * s + 3.411286161e-4f;
    q = q * s + 2.616442926e-2f;
    q = q * s + 4.677782357e-1f;
    q = q * s + 1.0f;
    return x * p / q;
}

/** The upper tail of the normal distribution, erfc(a / sqrt 2) / 2, for a in 0 .. 5.75 (the caller
 * clamps); a times the error is below 2e-7.
 *
 * It is v^4 P(u) with v = 1 - a / 5.75 and u = 1 - 2 v, which needs no division. */
ALWAYS_INLINE float vector_normal_tail(float a)
{
    const float u = a * (2.0f / 5.75f) - 1.0f;
    const float v = 0.5f - 0.5f * u;
    float p = 7.573560625e-2f;
    p = p * u + 1.174690202e-1f;
    p = p * u - 1.942671686e-1f;
    p = p * u - 2.155483961e-1f;
    p = p * u + 3.626079261e-1f;
    p = p * u + 2.104064077e-2f;
    p = p * u - 4.150087237e-1f;
    p = p * u + 3.802202046e-1f;
    p = p * u + 3.760219365e-2f;
    p = p * u - 3.768635690e-1f;
    p = p * u + 3.622942269e-1f;
    p = p * u - 1.650305539e-1f;
    p = p * u + 3.232219443e-2f;
    const float v2 = v * v;
    return (v2 * v2) * p;
}

/** GELU by the error function, x (1 + erf(x / sqrt 2)) / 2; absolute error below 2e-7 beside the
 * rounding of the result. It is max(x, 0) - |x| times the tail beyond |x|. */
ALWAYS_INLINE float vector_gelu(float x)
{
    float a = fabsf(x);
    a = a > 5.75f ? 5.75f : a;
    return (x > 0.0f ? x : 0.0f) - a * vector_normal_tail(a);
}

/** Its derivative: the normal distribution function at x, plus x times the density. */
ALWAYS_INLINE float vector_gelu_slope(float x)
{
    float a = fabsf(x);
    a = a > 5.75f ? 5.75f : a;
    const float tail = vector_normal_tail(a);
    const float density = 0.3989422804f * vector_exp(-0.5f * x * x);
    return (x > 0.0f ? 1.0f - tail : tail) + x * density;
}

/** x sigmoid(1.702 x), CLIP's GELU. */
ALWAYS_INLINE float vector_quick_gelu(float x)
{
    return x / (1.0f + vector_exp(-1.702f * x));
}

/** The logistic function. */
ALWAYS_INLINE float vector_sigmoid(float x)
{
    return 1.0f / (1.0f + vector_exp(-x));
}

#endif
