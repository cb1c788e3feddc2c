/** Column map: which column of a table, or member of an object, is what. Plain values; local. */
#ifndef STORAGE_IMPORT_COLUMN_MAP_H
#define STORAGE_IMPORT_COLUMN_MAP_H

#include "core/options.h"

enum import_column {
    COLUMN_IMAGE,
    COLUMN_TEXT,
    COLUMN_ID,
    COLUMN_SPLIT,
    COLUMN_LANGUAGE,
    COLUMN_SPEAKER,
    COLUMN_AUDIO,
    COLUMN_COUNT
};

enum { COLUMN_NAMES_MAX = 5 };

struct column_map {
    /** By what names each is looked for, best first, ending with NULL: one where the user says it,
     * else what public files use. */
    const char *names[COLUMN_COUNT][COLUMN_NAMES_MAX];
    bool is_asked[COLUMN_COUNT]; /* by the user: then it has to be there */
};

/** Fills the map from "KEY=COLUMN" texts, which are borrowed. Errors: STATUS_INVALID for another
 * key or form. */
enum status column_map_read(struct column_map *map, const struct option_texts *texts);

/** What a user calls the column: "image", "text", ... */
const char *column_map_key(enum import_column column);

#endif
