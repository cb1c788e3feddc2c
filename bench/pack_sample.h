/** Rows as pack puts them into a store, made from a seed: text, picture, offsets, unit ids and
 * durations of captions, unit ids of pictures. Offsets and pictures hold where the rows of each
 * rank stand behind those of the rank before. */
#ifndef BENCH_PACK_SAMPLE_H
#define BENCH_PACK_SAMPLE_H

#include "storage/store_writer.h"

enum {
    PACK_SAMPLE_TEXT,
    PACK_SAMPLE_IMAGES,
    PACK_SAMPLE_OFFSETS,
    PACK_SAMPLE_UNITS,
    PACK_SAMPLE_DURATIONS,
    PACK_SAMPLE_PICTURES,
    PACK_SAMPLE_DATASETS
};

/** The datasets of all ranks together, and this rank's rows of them: as many on each rank. */
struct pack_sample {
    struct store_dataset datasets[PACK_SAMPLE_DATASETS];
    uint64_t own_rows[PACK_SAMPLE_DATASETS];
    size_t row_bytes[PACK_SAMPLE_DATASETS];
    void *values[PACK_SAMPLE_DATASETS]; /* [own_rows][row_bytes], owned; one offset more */
};

enum { PACK_SAMPLE_CLUSTERS = 200, PACK_SAMPLE_CODES = 8192, PACK_SAMPLE_GRID = 28 };

/** Collective. About 31 MB a rank, in rows that divide by `blocks`; the packing is chosen
 * on rank 0's rows, as pack does. The caller ends the sample, on failure too.
 * Errors: STATUS_NO_MEMORY, STATUS_IO. */
enum status pack_sample_make(struct pack_sample *sample, const struct team *team, size_t blocks,
                             const struct store_options *options);

/** Local. An all-zero sample is allowed. */
void pack_sample_end(struct pack_sample *sample);

#endif
