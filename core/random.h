/** Counter-based random numbers: a pure function of (key, counter), so that a draw depends on what
 * it is for (a seed and a record's id), never on who draws it or when.
 *
 * Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10; agrees
 * with the known-answer vectors of that paper's Random123 exactly. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/** The four 32-bit words of block `counter` under `key`. */
void philox4x32(uint32_t words[4], const uint32_t counter[4], const uint32_t key[2]);

/** A stream of draws. Copy it to fork it; equal streams give equal draws. */
struct random_stream {
    uint32_t key[2];
    uint32_t counter[4]; /* [2..3]: the purpose; [0..1]: the block */
    uint32_t words[4];
    unsigned used; /* of words */
};

/** A stream for one purpose: `seed` is the plan's, `subject` what is drawn for (a record's id),
 * `purpose` what is drawn ("rate"). */
struct random_stream random_stream_for(uint64_t seed, const char *subject, const char *purpose);

/** A stream for the record of that number, where there is no id. */
struct random_stream random_stream_numbered(uint64_t seed, uint64_t number, const char *purpose);

/** The next 32 bits. */
uint32_t random_bits(struct random_stream *stream);

/** Uniform in 0 .. bound - 1, without bias; bound >= 1. */
uint32_t random_below(struct random_stream *stream, uint32_t bound);

/** Uniform in [0, 1), 53 bits. */
double random_uniform(struct random_stream *stream);

/** Normal with mean 0 and variance 1 (Box and Muller). */
double random_normal(struct random_stream *stream);

#endif
