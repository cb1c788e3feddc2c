/** Shard: the result of one stage for a fixed range of records, one HDF5 file, the unit of work and
 * of restart.
 *
 * A shard is built in memory, column by column, written whole under its final name, and carries
 * a digest of its own content, so that "complete" is something a reader can check. The layout is in
 * docs/FORMATS.md, "Shards". All functions are local. */
#ifndef STORAGE_SHARD_H
#define STORAGE_SHARD_H

#include "core/digest.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum column_type {
    COLUMN_TEXT, /* UTF-8 without zero bytes, one a record */
    COLUMN_U8,
    COLUMN_U16,
    COLUMN_U32,
    COLUMN_U64,
    COLUMN_F16, /* IEEE half, as its 16 bits */
    COLUMN_F32
};

/** One column of a stage's shards. A ragged one holds any number of rows a record. */
struct shard_column {
    const char *name;
    enum column_type type;
    bool is_ragged;
    size_t width;        /* values in a row; 0 in shard_read: what the file has */
    unsigned bits;       /* significant bits of an integer type; 0: all of them */
    bool is_deflated;    /* worth deflating: not for FLAC bytes or ids that look random */
    bool is_optional;    /* in shard_read: a file may lack it and all that follow it */
    const char *meaning; /* unit and sense, kept as an attribute */
};

enum { SHARD_COLUMNS_MAX = 16 };

/** What a shard is about. Texts are borrowed by shard_create and owned by shard_read's result. */
struct shard_identity {
    const char *stage;
    size_t number;       /* 0, 1, ... in manifest order */
    size_t first_record; /* in the manifest */
    size_t record_count; /* of the range: kept, rejected, and those an earlier stage rejected */
    size_t codebook;     /* units are 0 .. codebook - 1; 0 where the stage makes none */
    const char *recipe;  /* digest of everything that decides the content */
};

struct shard; /* opaque */

/** An empty shard. `columns` is copied, their texts are borrowed. NULL on failure.
 * Errors: STATUS_NO_MEMORY. */
enum status shard_create(struct shard **out, const struct shard_identity *identity,
                         const struct shard_column *columns, size_t column_count);

/** NULL is allowed. */
void shard_destroy(struct shard *shard);

/** Adds to the record in hand: `rows` rows of column `column` (1 unless ragged), `values`
 * [rows][width] of the column's type. Texts go through shard_add_text.
 * Errors: STATUS_NO_MEMORY. */
enum status shard_add(struct shard *shard, size_t column, const void *values, size_t rows);

enum status shard_add_text(struct shard *shard, size_t column, const char *text);

/** Ends the record in hand, number `record` of the manifest, whose id is `id`. Every column has got
 * its value: anything else is a programmer's error. Records come in ascending order.
 * Errors: STATUS_NO_MEMORY. */
enum status shard_keep(struct shard *shard, size_t record, const char *id);

/** Drops what the record in hand has been given, and lists it as a reject with its reason.
 * Errors: STATUS_NO_MEMORY. */
enum status shard_reject(struct shard *shard, size_t record, const char *id, const char *reason);

/** Adds to the empty shard `out` what `before` kept and what `again` kept or rejected, in the order
 * of records; rejects of `before` are left behind. No record is kept in both, and all three have
 * the same columns. Errors: STATUS_NO_MEMORY. */
enum status shard_merge(struct shard *out, const struct shard *before, const struct shard *again);

/** Writes the file at `path` (path.partial, flush, rename).
 * Errors: STATUS_IO (a full disk, no permission), STATUS_NO_MEMORY. */
enum status shard_write(const struct shard *shard, const char *path);

/** Reads a shard whole and checks every checksum and its content digest. `columns` is what the
 * stage expects; they must be there with these types and widths; U16 `bits` are not compared. On
 * success
 * `*out` is the caller's. Errors: STATUS_NOT_FOUND; STATUS_CORRUPT with what is broken;
 * STATUS_NO_MEMORY. */
enum status shard_read(struct shard **out, const char *path, const struct shard_column *columns,
                       size_t column_count);

/** Reads only the rejects, without a proof of the rest; the result has no kept records. Errors: as
 * shard_read. */
enum status shard_read_rejects(struct shard **out, const char *path);

/** Reads only the identity, the counts and the recorded content digest, once the file's seal is
 * found whole: its bytes are read, but not unpacked. Errors: as shard_read. */
struct shard_summary {
    size_t number, first_record, record_count, codebook, kept_count, reject_count;
    char stage[32], recipe[DIGEST_TEXT_BYTES], content[DIGEST_TEXT_BYTES];
};
enum status shard_read_summary(struct shard_summary *out, const char *path);

/** The same without a look at the seal: cheap however large the shard, and for a glance only,
 * because HDF5 does not survive every damage. */
enum status shard_peek_summary(struct shard_summary *out, const char *path);

/** What is in a shard that was read or built. Pointers are borrowed. */
const struct shard_identity *shard_identity(const struct shard *shard);
size_t shard_column_count(const struct shard *shard);
size_t shard_column_width(const struct shard *shard, size_t column);
size_t shard_kept_count(const struct shard *shard);
size_t shard_reject_count(const struct shard *shard);
size_t shard_kept_record(const struct shard *shard, size_t row);
const char *shard_kept_id(const struct shard *shard, size_t row);

struct shard_reject {
    size_t record;
    const char *id, *reason;
};
struct shard_reject shard_reject_at(const struct shard *shard, size_t index);

/** Values of kept record `row` in a column, [*rows][width]; *rows is 1 unless ragged. */
const void *shard_values(const struct shard *shard, size_t column, size_t row, size_t *rows);

/** The text of kept record `row`. */
const char *shard_text(const struct shard *shard, size_t column, size_t row);

/** The kept row of manifest record `record`, or SIZE_MAX. */
size_t shard_find(const struct shard *shard, size_t record);

/** Digest of the content: values, ids and rejects, not of how the file holds them.
 * Errors: STATUS_NO_MEMORY. */
enum status shard_content_digest(char text[DIGEST_TEXT_BYTES], const struct shard *shard);

#endif
