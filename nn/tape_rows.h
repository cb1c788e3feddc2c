/** Operations that choose, repeat and mix rows, on the tape. Local; see nn/tape.h. */
#ifndef NN_TAPE_ROWS_H
#define NN_TAPE_ROWS_H

#include "nn/tape.h"

/** One row of one of several arrays. */
struct row_source {
    uint32_t part; /* which of them */
    uint32_t row;
};

/** Rows from anywhere, in any order, as often as wanted: row i is row sources[i].row of
 * parts[sources[i].part]. Gathering, concatenation, a CLS row before each sequence, position
 * embeddings: all are this.
 *
 *     parts   [part_count] of [..][D]
 *     sources [count], borrowed until tape_reset
 *     returns [count][D] */
struct array *tape_collect_rows(struct tape *tape, struct array *const *parts, size_t part_count,
                                const struct row_source *sources, size_t count);

/** The same values as rows of another length; rows * columns stays. */
struct array *tape_reshape(struct tape *tape, struct array *x, size_t rows, size_t columns);

enum { NO_PADDING_ID = -1 };

/** Rows of a table by id. Row `padding_id` is used like any other and gets no gradient
 * (PyTorch's padding_idx); NO_PADDING_ID for none. Golden: nn-ops/embedding*, exactly.
 *
 *     table   [N][D]
 *     ids     [count], 0 .. N - 1, borrowed until tape_reset
 *     returns [count][D] */
struct array *tape_embedding(struct tape *tape, struct array *table, const int32_t *ids,
                             size_t count, int32_t padding_id);

/** The weighted sum of arrays of one shape: sum over l of weights[l] layers[l].
 *
 *     layers  [count], at most TAPE_LAYERS_MAX, of [T][D]
 *     weights [1][count]
 *     returns [T][D] */
struct array *tape_mix_layers(struct tape *tape, struct array *const *layers, size_t count,
                              struct array *weights);

/** As tape_mix_layers, of half precision features that take no gradient; they are widened a stretch
 * at a time, in the cache.
 *
 *     layers [count] of [T][D], borrowed until tape_reset */
struct array *tape_mix_half_layers(struct tape *tape, const uint16_t *const *layers, size_t count,
                                   size_t T, size_t D, struct array *weights);

enum { TAPE_LAYERS_MAX = 32 };

#endif
