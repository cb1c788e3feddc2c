/** Checkpoints: the state of a training run as one HDF5 file, written by all ranks, each its slice
 * of the optimiser's state, and read by any number of ranks. Layout: docs/FORMATS.md.
 *
 * State is flat vectors of floats (nn/parameters.h), seen as rows of CHECKPOINT_ROW_FLOATS; rank r
 * has rows slice_of(rows, r, size). The file is `<path>.partial` until it is whole. */
#ifndef STORAGE_CHECKPOINT_H
#define STORAGE_CHECKPOINT_H

#include "cluster/team.h"
#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { CHECKPOINT_ROW_FLOATS = 16, CHECKPOINT_TEXT_BYTES = 16384 };

struct checkpoint {
    size_t rows;
    float *values;          /* [rows][CHECKPOINT_ROW_FLOATS], the same on all ranks */
    float *mean, *square;   /* [own rows][CHECKPOINT_ROW_FLOATS] */
    float *average;         /* likewise; NULL where none is kept */
    uint64_t step;          /* updates done */
    const char *parameters; /* digest of names and shapes, in order */
    const char *recipe;     /* lines "name: value" of what must not change between sessions */
    char best[64];          /* of the validation so far, "step value"; empty for none */
};

/** Collective. Writes the checkpoint.
 * Errors: STATUS_INVALID (recipe too long); as storage/store_writer.h. */
enum status checkpoint_write(const char *path, const struct team *team,
                             const struct checkpoint *checkpoint);

/** Collective. Fills the vectors, step and best of `checkpoint`, whose `rows`, `parameters` and
 * `recipe` say what is expected; an average is read where there is room for one and the file has
 * it, else it is that of the values.
 *
 * Errors: STATUS_NOT_FOUND; STATUS_CORRUPT (cut short, damaged); STATUS_INVALID (of another
 * model, or another recipe; the line that differs is named); STATUS_NO_MEMORY. Vectors may be half
 * filled then. */
enum status checkpoint_read(struct checkpoint *checkpoint, const char *path,
                            const struct team *team);

#endif
