/** A sample of feature frames, spread over the ranks, for fitting.
 *
 * Shards are drawn over the whole manifest, captions within them, frames within these; every draw
 * depends on the seed and the record only, so that features of two kinds are sampled at the same
 * frames. Captions of held-out voices are left out. All frames that one shard gives are a block,
 * and blocks are what the fit works on: which rank holds which does not matter to it. */
#ifndef STAGES_FRAME_SAMPLE_H
#define STAGES_FRAME_SAMPLE_H

#include "stages/run_directory.h"
#include "stages/speech_features.h"

/** Most shards that a sample opens. */
enum { FRAME_SAMPLE_SHARDS_MAX = 256 };

struct frame_block {
    size_t number; /* global: 0 .. block_count - 1 */
    float *values; /* [rows][width], owned */
    size_t rows;
};

/** What to draw. */
struct frame_sample_options {
    const char *stage;       /* that samples, for messages; borrowed */
    size_t draw;             /* samples of different numbers are drawn independently */
    size_t shards_max;       /* 1 .. FRAME_SAMPLE_SHARDS_MAX */
    double captions, frames; /* how many are wanted, about; never more than the shards have */
    bool is_quiet;           /* no progress */
};

struct frame_sample {
    struct frame_sample_options options;
    size_t shards[FRAME_SAMPLE_SHARDS_MAX]; /* shard of each block, ascending; on all ranks */
    size_t block_count;                     /* over all ranks */
    struct frame_block *blocks;             /* this rank's own */
    size_t own_count;
    size_t width;
    int64_t rows[FRAME_SAMPLE_SHARDS_MAX]; /* of each block, on all ranks */
    uint64_t total_rows;
};

/** Local. Draws the shards; frees nothing. */
void frame_sample_begin(struct frame_sample *sample, const struct run *run,
                        const struct frame_sample_options *options);

/** Collective. Makes the frames, each block on the rank that claims it.
 * Errors: STATUS_STOPPED; those of speech_shard_read; STATUS_NO_MEMORY. */
enum status frame_sample_fill(struct frame_sample *sample, const struct run *run,
                              struct speech_features *features);

/** Local. */
void frame_sample_end(struct frame_sample *sample);

#endif
