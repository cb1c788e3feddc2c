/** A table of the store: datasets that are filled side by side, block by block. */
#ifndef STAGES_PACK_PACK_TABLE_H
#define STAGES_PACK_PACK_TABLE_H

#include "stages/pack/pack_scan.h"
#include "storage/store_writer.h"

enum { PACK_DATASETS_MAX = 16, PACK_BLOCK_BYTES = 64 << 20 };

/** Chunks of what training reads at random: small, so that a record costs little more than its own
 * bytes; of features, a record of which is hundreds of rows. */
enum { PACK_CHUNK_BYTES = 8 << 10, PACK_FEATURE_CHUNK_BYTES = 256 << 10 };

/** Rows of one dataset that one block gives. `values` is owned by the driver and freed by it. */
struct pack_rows {
    uint64_t first, count;
    void *values;
};

/** What a table is filled from. */
struct pack_source {
    const struct pack_scan *scan; /* borrowed */
    const struct run *run;        /* borrowed */
    size_t block_shards;          /* shards in a block */
};

struct pack_table {
    struct store_dataset datasets[PACK_DATASETS_MAX];
    size_t dataset_count;
    size_t block_count; /* equal on all ranks; a block's content does not depend on the rank */

    /** Local. Fills rows[dataset] for every dataset. Errors: STATUS_CORRUPT, STATUS_NO_MEMORY. */
    enum status (*fill)(const struct pack_table *table, struct pack_rows *rows, size_t block);
    const struct pack_source *source;
};

/** Collective. Creates the datasets, packed as the first block shows that it pays, and writes all
 * blocks, as many at a time as there are ranks. Memory: one block a rank. */
enum status pack_table_write(struct pack_table *table, struct store_writer *writer,
                             const struct team *team, const struct store_options *options);

/** Collective. A small table: creates the datasets and writes what each rank has filled, unless
 * `outcome`, equal on all ranks, is a failure, which is then returned. Frees rows[dataset_count].
 */
enum status pack_rows_write(struct pack_rows *rows, const struct store_dataset *datasets,
                            size_t dataset_count, struct store_writer *writer, enum status outcome);

/** Local. Room for `count` rows of dataset `dataset`, zeroed; false without memory. */
bool pack_rows_allocate(struct pack_rows *rows, const struct store_dataset *dataset, uint64_t first,
                        uint64_t count);

/** Local. Copies a text into row `row` of a text dataset. */
void pack_rows_set_text(struct pack_rows *rows, const struct store_dataset *dataset, size_t row,
                        const char *text);

/** Local. Shards in a block, so that a block holds about PACK_BLOCK_BYTES. */
size_t pack_block_shards(uint64_t total_bytes, size_t shard_count);

/** The tables. They set source->block_shards and borrow `source`. */
void pack_speech_table(struct pack_table *table, struct pack_source *source);
void pack_image_table(struct pack_table *table, struct pack_source *source);

/** Collective. /images/duplicates; nothing where no picture occurs twice. */
enum status pack_duplicates_write(struct store_writer *writer, const struct pack_scan *scan,
                                  const struct run *run);

#endif
