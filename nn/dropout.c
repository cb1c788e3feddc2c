#include "nn/dropout.h"

#include "nn/multiversion.h"

/* Blocks that are drawn side by side, and elements of a block. */
enum { LANES = 16, BLOCK_ELEMENTS = 8, STRETCH = LANES * BLOCK_ELEMENTS, ROUNDS = 10 };

/* Philox4x32-10 of LANES counters (first + lane, ...): Salmon et al. 2011. words [4][LANES]. */
ALWAYS_INLINE void draw_blocks(uint32_t words[4][LANES], uint32_t first, const uint32_t others[3],
                               const uint32_t key[2])
{
    for (uint32_t l = 0; l < LANES; l++) {
        uint32_t c0 = first + l, c1 = others[0], c2 = others[1], c3 = others[2];
        uint32_t k0 = key[0], k1 = key[1];
        for (int round = 0; round < ROUNDS; round++) {
            const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
            c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
            c1 = (uint32_t)p1;
            c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
            c3 = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[0][l] = c0;
        words[1][l] = c1;
        words[2][l] = c2;
        words[3][l] = c3;
    }
}

/* factors [STRETCH]: what each element is multiplied by, 0 or `scale`. */
ALWAYS_INLINE void draw_factors(float *factors, uint32_t words[4][LANES], uint32_t threshold,
                                float scale)
{
    for (size_t w = 0; w < 4; w++)
        for (size_t l = 0; l < LANES; l++) {
            const uint32_t low = words[w][l] & 0xFFFFu, high = words[w][l] >> 16;
            factors[l * BLOCK_ELEMENTS + 2 * w] = low >= threshold ? scale : 0.0f;
            factors[l * BLOCK_ELEMENTS + 2 * w + 1] = high >= threshold ? scale : 0.0f;
        }
}

MULTIVERSION void dropout_row(float *out, float keep, const float *in, float probability,
                              const uint32_t key[2], uint64_t row_name, uint32_t layer, size_t D)
{
    const uint32_t threshold = (uint32_t)(probability * 65536.0f + 0.5f);
    const float scale = 65536.0f / (65536.0f - (float)threshold);
    const uint32_t others[3] = { (uint32_t)row_name, (uint32_t)(row_name >> 32), layer };
    for (size_t start = 0; start < D; start += STRETCH) {
        const size_t left = D - start, count = left < STRETCH ? left : STRETCH;
        uint32_t words[4][LANES];
        float factors[STRETCH];
        draw_blocks(words, (uint32_t)(start / BLOCK_ELEMENTS), others, key);
        draw_factors(factors, words, threshold, scale);
        if (keep != 0.0f)
            for (size_t d = 0; d < count; d++)
                out[start + d] += factors[d] * in[start + d];
        else
            for (size_t d = 0; d < count; d++)
                out[start + d] = factors[d] * in[start + d];
    }
}
