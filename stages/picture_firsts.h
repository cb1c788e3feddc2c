/** Pictures that occur twice: which pictures of the manifest have the same bytes, by RUN/pictures.
 *
 * Of pictures with equal bytes the one that the manifest has first stands for all: it alone becomes
 * units and an embedding, and the store has one row for it. Equal means an equal digest of 128 bits
 * and equally many bytes. */
#ifndef STAGES_PICTURE_FIRSTS_H
#define STAGES_PICTURE_FIRSTS_H

#include "stages/run_directory.h"

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

/** Local. Lists picture `record` in `out` as a reject for the newest failure, without `path` before
 * it; where it has the bytes of an earlier picture, with "same bytes as ID: " before it.
 * Errors: STATUS_NO_MEMORY. */
enum status picture_firsts_reject(struct shard *out, const struct picture_firsts *firsts,
                                  const struct run *run, size_t record, const char *path);

#endif
