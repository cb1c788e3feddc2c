#include "core/random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void philox4x32(uint32_t words[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t product0 = (uint64_t)0xD2511F53u * c0;
        const uint64_t product1 = (uint64_t)0xCD9E8D57u * c2;
        const uint32_t next0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        const uint32_t next2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)product1;
        c3 = (uint32_t)product0;
        c0 = next0;
        c2 = next2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

/* FNV-1a, 64 bit, continued from `hash`; the zero byte at the end keeps "ab","c" from "a","bc". */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    do
        hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    while (*text++ != '\0');
    return hash;
}

static struct random_stream stream_of(uint64_t seed, uint64_t subject)
{
    return (struct random_stream){
        .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
        .counter = { 0, 0, (uint32_t)subject, (uint32_t)(subject >> 32) },
        .used = 4,
    };
}

struct random_stream random_stream_for(uint64_t seed, const char *subject, const char *purpose)
{
    return stream_of(seed, hash_text(hash_text(0xCBF29CE484222325u, subject), purpose));
}

struct random_stream random_stream_numbered(uint64_t seed, uint64_t number, const char *purpose)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (int byte = 0; byte < 8; byte++)
        hash = (hash ^ ((number >> (8 * byte)) & 255u)) * 0x100000001B3u;
    return stream_of(seed, hash_text(hash, purpose));
}

uint32_t random_bits(struct random_stream *stream)
{
    if (stream->used == 4) {
        philox4x32(stream->words, stream->counter, stream->key);
        stream->used = 0;
        if (++stream->counter[0] == 0)
            stream->counter[1]++;
    }
    return stream->words[stream->used++];
}

uint32_t random_below(struct random_stream *stream, uint32_t bound)
{
    assert(bound >= 1);
    /* Lemire's multiplication, redrawing the few values that would favour some results. */
    const uint32_t threshold = (uint32_t)(-bound) % bound;
    uint64_t product;
    do
        product = (uint64_t)random_bits(stream) * bound;
    while ((uint32_t)product < threshold);
    return (uint32_t)(product >> 32);
}

double random_uniform(struct random_stream *stream)
{
    const uint64_t high = random_bits(stream), low = random_bits(stream);
    return (double)((high << 32 | low) >> 11) * 0x1p-53;
}

double random_normal(struct random_stream *stream)
{
    const double radius = sqrt(-2.0 * log(1.0 - random_uniform(stream)));
    return radius * cos(6.283185307179586 * random_uniform(stream));
}
