/** Speech memory: captions' sound with their units, held in memory for training on pieces of it. As
 * 16-bit samples, so an hour takes 115 MB on each rank; how much is allowed is said at the
 * beginning. Local. */
#ifndef TRAINING_SPEECH_MEMORY_H
#define TRAINING_SPEECH_MEMORY_H

#include "training/record_source.h"

struct speech_memory; /* opaque */

enum { SPEECH_MEMORY_HOP = 320 }; /* samples of a frame, or code */

/** A caption. In speech_memory_find's answer everything is borrowed from the memory. */
struct speech_record {
    uint64_t name;             /* its number in the manifest */
    const char *split;         /* "train"; borrowed even where it was added from: a constant */
    const int16_t *samples;    /* [sample_count] at 16 kHz */
    const uint16_t *units;     /* [unit_count], run-length */
    const uint16_t *durations; /* [unit_count], in frames */
    size_t sample_count, unit_count;
    size_t code_count; /* frames that have samples: set by speech_memory_add */
};

/** An empty memory of at most `bytes_max`. On success the caller ends `*out` with
 * speech_memory_destroy; on failure NULL. Errors: STATUS_NO_MEMORY. */
enum status speech_memory_create(struct speech_memory **out, size_t bytes_max);

/** NULL is allowed. */
void speech_memory_destroy(struct speech_memory *memory);

/** Adds a caption, copied; names ascend. One without a whole frame or without a unit is left out.
 * Errors: STATUS_NO_MEMORY, also where it would be more than bytes_max. */
enum status speech_memory_add(struct speech_memory *memory, const struct speech_record *record);

/** The caption of that name; NULL where it is not there. */
const struct speech_record *speech_memory_find(const struct speech_memory *memory, uint64_t name);

/** Captions that are held. */
size_t speech_memory_count(const struct speech_memory *memory);

/** The captions as records for training, lengths in frames; borrowed from the memory. Reading is
 * nothing to do. */
const struct record_source *speech_memory_source(struct speech_memory *memory);

#endif
