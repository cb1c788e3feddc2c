/** First pass over the shards: what the store will hold, and where each shard's rows begin. */
#ifndef STAGES_PACK_PACK_SCAN_H
#define STAGES_PACK_PACK_SCAN_H

#include "core/digest.h"
#include "stages/picture_firsts.h"
#include "stages/reject_list.h"
#include "stages/run_directory.h"

/** Largest values met, for widths and bits; reduced over ranks as one array. */
enum pack_maximum {
    PACK_CAPTION_ID_BYTES,
    PACK_TEXT_BYTES,
    PACK_LANGUAGE_BYTES,
    PACK_VOICE_BYTES,
    PACK_SPLIT_BYTES,
    PACK_IMAGE_ID_BYTES,
    PACK_DURATION,
    PACK_SPEECH_CODEBOOK,
    PACK_FEATURE_WIDTH,
    PACK_IMAGE_CODEBOOK,
    PACK_IMAGE_TOKENS,
    PACK_GRID_ROWS,
    PACK_GRID_COLUMNS,
    PACK_EMBEDDING_WIDTH,
    PACK_MAXIMUM_COUNT
};

/** Equal on all ranks. Arrays named first_* have one entry more than shards: the total. */
struct pack_scan {
    size_t caption_shards, image_shards;
    int64_t *first_caption, *first_unit, *first_frame; /* store rows where each unit shard begins */
    int64_t *first_image; /* store rows where each image shard begins */
    int64_t *image_row;   /* store row of each manifest picture, or of the first with its bytes; -1
                             where it is a reject */
    struct picture_firsts firsts;
    size_t duplicates; /* pictures in the store that have no row of their own */
    int64_t maxima[PACK_MAXIMUM_COUNT];
    struct reject_list rejects;     /* this rank's own, of pack: see pack_rejects.h */
    char recipe[DIGEST_TEXT_BYTES]; /* of everything that decides the store's content */
};

/** Collective. Reads and checks every shard, each on one rank. On success the caller ends `scan`
 * with pack_scan_end. Errors: as pack_run. */
enum status pack_scan_begin(struct pack_scan *scan, const struct run *run);

/** Local. */
void pack_scan_end(struct pack_scan *scan);

/** Local. STATUS_STOPPED once this process was asked to stop at once. SIGUSR2 lets pack finish:
 * another turn would begin where this one did. */
enum status pack_stop_check(void);

/** Local. True where caption `record` goes into the store, given that its units are there. */
bool pack_keeps_caption(const struct pack_scan *scan, const struct run *run, size_t record);

/** Local. Reads unit shard `number`. The caller destroys it. */
struct shard;
enum status pack_read_units(struct shard **out, const struct run *run, size_t number);

#endif
