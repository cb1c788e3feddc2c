#include "nn/half.h"

#include <string.h>

static uint16_t narrow(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u); /* NaN */
    if (magnitude >= 0x477ff000u)          /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude >= 0x38800000u) { /* normal: drop 13 bits of the fraction */
        const uint32_t odd = magnitude >> 13 & 1u;
        return (uint16_t)(sign | (magnitude - 0x38000000u + 0xfffu + odd) >> 13);
    }
    /* Subnormal: adding a half makes the hardware round at the last bit that is left. */
    float shifted;
    memcpy(&shifted, &magnitude, sizeof shifted);
    shifted += 0.5f;
    uint32_t rounded;
    memcpy(&rounded, &shifted, sizeof rounded);
    return (uint16_t)(sign | (rounded - 0x3f000000u));
}

static float widen(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t exponent = half >> 10 & 31u, fraction = half & 1023u;
    if (exponent == 0) /* zero and subnormal: fraction * 2^-24 */
        return (sign != 0 ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
    const uint32_t bits = sign | (exponent == 31 ? 255u : exponent + 112u) << 23 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void half_from_float(uint16_t *halves, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        halves[i] = narrow(values[i]);
}

void half_to_float(float *values, const uint16_t *halves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = widen(halves[i]);
}
