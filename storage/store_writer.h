/** Store writer: the packed HDF5 file that training and generation read, written by all ranks.
 *
 * The layout is the caller's: datasets of fixed extent, each written in row ranges. The file is
 * `<path>.partial` until store_writer_commit. If HDF5 fails inside a collective call, no further
 * collective call can be trusted: the status is returned, and store_writer_destroy ends the job. */
#ifndef STORAGE_STORE_WRITER_H
#define STORAGE_STORE_WRITER_H

#include "cluster/team.h"
#include "storage/shard.h"

#include <stddef.h>
#include <stdint.h>

struct store_writer; /* opaque */

struct store_options {
    const char *path;   /* final name; borrowed */
    size_t chunk_bytes; /* of a chunk before compression, at most, > 0 */
    int deflate_level;  /* 0 (off) .. 9; for datasets in which it pays */
};

/** One dataset. A text dataset has `width` bytes a text. */
struct store_dataset {
    const char *name;      /* "/speech/units" */
    enum column_type type; /* COLUMN_TEXT: texts padded with zeros */
    unsigned bits;         /* N-bit filter: significant bits; 0: all */
    uint64_t rows;
    size_t width;        /* values in a row (bytes in a text) */
    size_t chunk_bytes;  /* of a chunk before compression, where the store's are larger; 0: those */
    bool has_row_vector; /* [rows][width], also where width is 1 */
    bool is_deflated;    /* deflate pays: see store_packing_choose */
    bool is_shuffled;    /* deflated after shuffle, which then stands in N-bit's place */
    const char *meaning; /* attribute */
};

/** Collective. Creates `<path>.partial`, replacing an older one. All ranks pass equal options. On
 * success `*out` is the caller's, to end with store_writer_destroy; on failure NULL on every rank.
 * Errors: STATUS_INVALID, STATUS_IO, STATUS_NO_MEMORY. */
enum status store_writer_create(struct store_writer **out, const struct team *team,
                                const struct store_options *options);

/** Collective. Makes a group ("/speech"). Errors: STATUS_IO. */
enum status store_writer_add_group(struct store_writer *writer, const char *name);

/** Collective. Creates a dataset; equal on all ranks. `*index` names it from then on.
 * Errors: STATUS_IO. */
enum status store_writer_add(size_t *index, struct store_writer *writer,
                             const struct store_dataset *dataset);

/** Collective. Writes this rank's rows; ranges of different ranks do not overlap.
 *
 *     values [row_count][width]  in, of the dataset's type; row_count may be 0
 *
 * Errors: STATUS_IO. */
enum status store_writer_put(struct store_writer *writer, size_t index, uint64_t first_row,
                             uint64_t row_count, const void *values);

/** Collective. Sets a text or a number as an attribute of the object `place` ("/provenance",
 * "/speech/units"). Equal on all ranks. Errors: STATUS_IO. */
enum status store_writer_note_text(struct store_writer *writer, const char *place, const char *name,
                                   const char *text);
enum status store_writer_note_number(struct store_writer *writer, const char *place,
                                     const char *name, uint64_t number);

/** Collective. Closes the file, seals it (storage/seal.h) and renames it to its final name. Call
 * once, last. Errors: STATUS_IO. */
enum status store_writer_commit(struct store_writer *writer);

/** Collective. Releases everything; NULL is allowed. What was not committed is removed. After a
 * failure inside HDF5 it ends the job (team_abort) instead of closing the file. */
void store_writer_destroy(struct store_writer *writer);

/** Local. Sets is_deflated and is_shuffled of the dataset to the packing in which these values are
 * smallest, found by trying, in memory: N-bit alone, deflate after it, deflate after shuffle.
 * Deflate must gain a twentieth at least, because it costs time in writing and reading.
 *
 *     values [rows][width]  in, a sample, of which the first few MiB are tried
 *
 * Errors: STATUS_IO, STATUS_NO_MEMORY. */
enum status store_packing_choose(struct store_dataset *dataset, const struct store_options *options,
                                 uint64_t rows, const void *values);

#endif
