/** Shards for pack, written by the test: what they hold follows from formulas, so that the store
 * can be checked against them. */
#ifndef TESTS_STAGES_PACK_SHARDS_H
#define TESTS_STAGES_PACK_SHARDS_H

#include "cluster/team.h"
#include "stages/run_directory.h"
#include "tests/stages/plain_run.h"

enum {
    PICTURES = 20,
    CAPTIONS = PICTURES * PLAIN_RUN_CAPTIONS,
    GRID = 3,
    TOKENS = GRID * GRID,
    IMAGE_CODES = 8192,
    SPEECH_CODES = 100,
    FEATURE_WIDTH = 4
};

/** Rejects: a picture by image-units, a caption by speak, another by speech-units. */
enum { BAD_PICTURE = 5, UNSPOKEN = 3, TOO_SHORT = 12 };

/** What is to be wrong with the shards. */
enum pack_fault {
    FAULT_NONE,
    FAULT_ALL_PICTURES_REJECTED,
    FAULT_OTHER_UNIT, /* one unit is another, and right */
    FAULT_UNIT_BEYOND_CODEBOOK,
    FAULT_MORE_DURATIONS_THAN_UNITS,
    FAULT_DURATIONS_DO_NOT_SUM,
    FAULT_TOKEN_BEYOND_CODEBOOK,
    FAULT_GRID_DOES_NOT_FIT,
    FAULT_FEATURES_DO_NOT_FIT,
    FAULT_RANGE_OF_ANOTHER_RUN,
    FAULT_PICTURE_LEFT_OUT, /* by image-units, without a reason */
    FAULT_TWINS,            /* no fault: pictures have the bytes of others, see pack_twin_of */
    FAULT_LOST_TWIN         /* and one of a reject is no reject itself */
};

/** The first picture with the bytes of `picture`: 2 of 9 and 17, BAD_PICTURE of 11; with another
 * fault than FAULT_TWINS and FAULT_LOST_TWIN each its own. */
size_t pack_twin_of(size_t picture, enum pack_fault fault);

/** Of caption number `caption` of the manifest: run-length units, and frames. */
size_t pack_runs_of(size_t caption);
uint16_t pack_unit_at(size_t caption, size_t index);
uint16_t pack_duration_at(size_t caption, size_t index);
uint32_t pack_frames_of(size_t caption);

/** Token `index` of picture number `picture`. */
uint16_t pack_token_at(size_t picture, size_t index);

/** Collective. Opens a fresh run of PICTURES pictures, with an override of its plan (NULL: none),
 * and writes its shards. pack_end_run ends it. */
void pack_begin_run(struct run *run, const struct team *team, enum pack_fault fault,
                    const char *set);
void pack_end_run(struct run *run);

/** Collective. Writes the shards again. */
void pack_write_shards(const struct run *run, enum pack_fault fault);

/** Path of the run's store, valid until the next call. */
const char *pack_store_path(const struct run *run);

#endif
