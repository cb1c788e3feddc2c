/** SHA-256 of bytes, for comparison with recorded digests. Source: FIPS 180-4. */
#ifndef TESTS_TOKENIZERS_SHA256_H
#define TESTS_TOKENIZERS_SHA256_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SHA256_TEXT_BYTES = 65 };

static inline uint32_t sha256_rotate(uint32_t word, unsigned by)
{
    return word >> by | word << (32u - by);
}

/* The first 32 bits of the fraction of the square or cube root of the n-th prime. */
static inline uint32_t sha256_constant(size_t n, int is_cube)
{
    long double prime = 1.0L;
    for (size_t found = 0; found <= n;) {
        prime += 1.0L;
        int is_prime = 1;
        for (long double d = 2.0L; d * d <= prime; d += 1.0L)
            is_prime &= fmodl(prime, d) != 0.0L;
        found += (size_t)is_prime;
    }
    const long double root = is_cube ? cbrtl(prime) : sqrtl(prime);
    return (uint32_t)((root - floorl(root)) * 4294967296.0L);
}

static inline void sha256_block(uint32_t state[8], const uint32_t constants[64],
                                const uint8_t *block)
{
    uint32_t w[64], s[8];
    for (size_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (size_t i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (sha256_rotate(w[i - 15], 7) ^ sha256_rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (sha256_rotate(w[i - 2], 17) ^ sha256_rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(s, state, sizeof s);
    for (size_t i = 0; i < 64; i++) {
        const uint32_t first =
            s[7] + (sha256_rotate(s[4], 6) ^ sha256_rotate(s[4], 11) ^ sha256_rotate(s[4], 25)) +
            ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + w[i];
        const uint32_t second =
            (sha256_rotate(s[0], 2) ^ sha256_rotate(s[0], 13) ^ sha256_rotate(s[0], 22)) +
            ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += s[i];
}

/** The digest as 64 hexadecimal digits. */
static inline void sha256_text(char text[SHA256_TEXT_BYTES], const uint8_t *bytes, size_t count)
{
    uint32_t state[8], constants[64];
    uint8_t tail[128] = { 0 };
    for (size_t i = 0; i < 8; i++)
        state[i] = sha256_constant(i, 0);
    for (size_t i = 0; i < 64; i++)
        constants[i] = sha256_constant(i, 1);

    const size_t whole = count / 64 * 64, rest = count - whole, tail_bytes = rest < 56 ? 64 : 128;
    for (size_t at = 0; at < whole; at += 64)
        sha256_block(state, constants, bytes + at);
    memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    for (size_t i = 0; i < 8; i++)
        tail[tail_bytes - 1 - i] = (uint8_t)((uint64_t)count * 8 >> 8 * i);
    for (size_t at = 0; at < tail_bytes; at += 64)
        sha256_block(state, constants, tail + at);
    for (size_t i = 0; i < 8; i++)
        snprintf(text + 8 * i, 9, "%08x", state[i]);
}

#endif
