/** A small store to train on, its values drawn from fixed streams. */
#ifndef TESTS_TRAINING_TRAINING_STORE_H
#define TESTS_TRAINING_TRAINING_STORE_H

#include "cluster/team.h"

#include <stddef.h>
#include <stdint.h>

enum {
    STORE_PICTURES = 25,
    STORE_CAPTIONS = 4 * STORE_PICTURES, /* caption c is of picture c / 4 */
    STORE_SILENT = 9,                    /* a caption without units and frames */
    STORE_SPEECH_CODES = 11,
    STORE_IMAGE_CODES = 17,
    STORE_GRID = 4,
    STORE_LAYERS = 2, /* of features, side by side */
    STORE_WIDTH = 8,  /* of one layer */
    STORE_EMBEDDING = 6
};

/** Caption `caption` is of split "val" where picture % 5 is 4, else of "train"; every third is in
 * Arabic ("ar"), else in English ("en"). */
const char *training_store_split(size_t caption);
const char *training_store_language(size_t caption);

/** Numbers of units and of frames of a caption: 1 to 7 and 1 to 9; 0 for STORE_SILENT. */
size_t training_store_units(size_t caption);
size_t training_store_frames(size_t caption);

enum { NOTHING_SPOILT = STORE_CAPTIONS };

/** Collective. Writes the store. The features of caption `spoilt` are not numbers. */
void training_store_write(const struct team *team, const char *path, size_t spoilt);

#endif
