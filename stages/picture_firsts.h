/** Pictures that occur twice: which pictures of the manifest have the same bytes, by RUN/pictures.
 *
 * Of pictures with equal bytes the one that the manifest has first stands for all: it alone becomes
 * units and an embedding, and the store has one row for it. Equal means an equal digest of 128 bits
 * and equally many bytes. */
#ifndef STAGES_PICTURE_FIRSTS_H
#define STAGES_PICTURE_FIRSTS_H

#include "stages/run_directory.h"
#include "stages/shard_stage.h"

/** Equal on all ranks. */
struct picture_firsts {
    size_t *first; /* [count], owned: the first picture with these bytes; its own number where that
                      is this one, or where its bytes are not known */
    size_t count;  /* pictures of the manifest */
};

/** Collective. Reads the digests of all pictures, each shard on one rank. On success the caller
 * ends `out`; on failure it is empty. 24 bytes a picture pass between the ranks.
 * Errors: STATUS_NOT_FOUND (a shard is missing; says what makes it), STATUS_CORRUPT, STATUS_IO,
 * STATUS_NO_MEMORY. */
enum status picture_firsts_read(struct picture_firsts *out, const struct run *run);

/** An all-zero struct is allowed. */
void picture_firsts_end(struct picture_firsts *firsts);

/** Local. False where an earlier picture has the same bytes. */
bool picture_firsts_is_first(const struct picture_firsts *firsts, size_t record);

/** Local. Adds the pictures of the range that are not the first, with their first, to a recipe;
 * nothing where there is none. */
void picture_firsts_add(struct digest *recipe, const struct picture_firsts *firsts,
                        struct shard_range range);

/** Local. What follows the reading of the picture at `path` for a batch, which ended with
 * `outcome`. A first that could be read waits in the batch. Any other is done, and the stage's
 * progress told: one that could not be read is a reject of `out` for the newest failure, with "same
 * bytes as ID: " before it where it is not the first. A full memory is not the picture's fault, and
 * handed back. Errors: STATUS_NO_MEMORY; those of shard_stage_tick. */
enum status picture_firsts_settle(enum status outcome, struct shard *out, struct shard_work *work,
                                  const struct picture_firsts *firsts, const struct run *run,
                                  size_t record, const char *path);

#endif
