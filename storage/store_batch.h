/** Store batches: any records of a store, many at a time, as training takes them in.
 *
 * A record is a caption: its speech units with their durations, the units of its picture, and where
 * asked for, the picture's embedding and the speech's features. Each rank opens the store for
 * itself; nothing is collective. Within a batch the rows are read in the order of the file, each
 * chunk once, and chunks are kept between batches up to a number of bytes: memory is that number
 * and one batch, whatever the store's size. Checksums are checked and ids held against their
 * codebooks, so that what comes out can index a table. All functions are local.
 *
 *     struct store_batch batch;
 *     store_batch_open(&reader, path, &(struct store_batch_options){
 *         STORE_BATCH_SPEECH | STORE_BATCH_PICTURES, STORE_BATCH_CACHE_BYTES,
 *         STORE_BATCH_BYTES_MAX });
 *     while (a loader has records)
 *         store_batch_read(&batch, reader, records, record_count);
 *     store_batch_close(reader); */
#ifndef STORAGE_STORE_BATCH_H
#define STORAGE_STORE_BATCH_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** Parts of a record, to be or-ed. */
enum {
    STORE_BATCH_SPEECH = 1,     /* units, durations */
    STORE_BATCH_PICTURES = 2,   /* image units */
    STORE_BATCH_EMBEDDINGS = 4, /* of the pictures; the store must have them */
    STORE_BATCH_FEATURES = 8    /* of the speech; the store must have them */
};

/** Usual limits. */
enum { STORE_BATCH_CACHE_BYTES = 64 << 20, STORE_BATCH_BYTES_MAX = 1 << 30 };

struct store_batch_options {
    unsigned parts;
    size_t cache_bytes;     /* of chunks kept; 0: only the one in hand */
    size_t batch_bytes_max; /* a batch that would take more is refused */
};

/** What the store holds. What was not asked for is 0. */
struct store_batch_shape {
    uint64_t captions, pictures;
    uint64_t speech_codebook, image_codebook; /* ids are below */
    size_t tokens;                            /* units of a picture */
    size_t grid_rows, grid_columns;           /* their grid, row by row */
    size_t embedding_width, feature_width;
};

/** N records as read, in the order in which they were asked for. Arrays belong to the reader and
 * last until its next call; those of parts not asked for are NULL. Speech units of record n are
 * units[unit_offsets[n]] up to, not including, units[unit_offsets[n + 1]], durations likewise. */
struct store_batch {
    size_t count;                  /* N */
    const uint32_t *pictures;      /* [N], rows in /images */
    const size_t *unit_offsets;    /* [N + 1] */
    const uint16_t *units;         /* [unit_offsets[N]] */
    const uint16_t *durations;     /* [unit_offsets[N]], frames of 20 ms */
    const uint16_t *image_units;   /* [N][tokens] */
    const float *embeddings;       /* [N][embedding_width] */
    const size_t *feature_offsets; /* [N + 1], in frames */
    const uint16_t *features;      /* [feature_offsets[N]][feature_width], halves as their bits */
};

struct store_batch_reader; /* opaque */

/** Opens the store at `path` for reading the parts. On success the caller ends `*out` with
 * store_batch_close; on failure NULL.
 *
 * Errors: STATUS_NOT_FOUND
 *         STATUS_CORRUPT  not a whole store, or not of a shape that stores have; a part is not
 * there STATUS_NO_MEMORY */
enum status store_batch_open(struct store_batch_reader **out, const char *path,
                             const struct store_batch_options *options);

const struct store_batch_shape *store_batch_shape(const struct store_batch_reader *reader);

/** Reads records [count], rows of /captions in any order, also several times the same.
 *
 * Errors: STATUS_INVALID  no such record; a batch of more than batch_bytes_max
 *         STATUS_CORRUPT  naming file, dataset and rows
 *         STATUS_NO_MEMORY
 * After a failure the batch is empty; the reader goes on. */
enum status store_batch_read(struct store_batch *batch, struct store_batch_reader *reader,
                             const uint64_t *records, size_t count);

/** Bytes held now: chunks kept and the last batch. */
size_t store_batch_memory_bytes(const struct store_batch_reader *reader);

/** NULL is allowed. */
void store_batch_close(struct store_batch_reader *reader);

#endif
