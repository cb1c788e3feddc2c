/** What the shards of each stage hold: the tables that the stage that writes them and those that
 * read them share. Meanings are in the tables, and in docs/FORMATS.md. */
#ifndef STORAGE_SHARD_SCHEMAS_H
#define STORAGE_SHARD_SCHEMAS_H

#include "storage/shard.h"

/** RUN/speech: captions as speech. */
enum speech_column {
    SPEECH_FLAC,
    SPEECH_SAMPLE_COUNT,
    SPEECH_TEXT,
    SPEECH_LANGUAGE,
    SPEECH_VOICE,
    SPEECH_RATE_WPM,
    SPEECH_PITCH,
    SPEECH_PHONES,
    SPEECH_PHONE_STARTS,
    SPEECH_COLUMN_COUNT
};
extern const struct shard_column speech_columns[SPEECH_COLUMN_COUNT];

/** RUN/units: speech units. The last column is there only where the plan keeps features. */
enum unit_column {
    UNIT_UNITS,
    UNIT_DURATIONS,
    UNIT_FRAME_COUNT,
    UNIT_SAMPLE_COUNT,
    UNIT_VOICE,
    UNIT_FEATURES,
    UNIT_COLUMN_COUNT
};
extern const struct shard_column unit_columns[UNIT_COLUMN_COUNT];

/** RUN/pictures: the files of the pictures. */
enum picture_column { PICTURE_DIGEST, PICTURE_SOURCE_BYTES, PICTURE_COLUMN_COUNT };
extern const struct shard_column picture_columns[PICTURE_COLUMN_COUNT];

/** RUN/images: image units. */
enum image_column {
    IMAGE_UNITS,
    IMAGE_WIDTH,
    IMAGE_HEIGHT,
    IMAGE_SOURCE_BYTES,
    IMAGE_GRID_ROWS,
    IMAGE_GRID_COLUMNS,
    IMAGE_COLUMN_COUNT
};
extern const struct shard_column image_columns[IMAGE_COLUMN_COUNT];

/** RUN/embeddings: embeddings of pictures. */
enum embedding_column { EMBEDDING_VALUES, EMBEDDING_COLUMN_COUNT };
extern const struct shard_column embedding_columns[EMBEDDING_COLUMN_COUNT];

/** RUN/generated: captions that a model said of pictures. */
enum generated_column {
    GENERATED_UNITS,
    GENERATED_SCORE,
    GENERATED_IS_CUT,
    GENERATED_SETTINGS,
    GENERATED_FLAC,
    GENERATED_SAMPLE_COUNT,
    GENERATED_RATE_HZ,
    GENERATED_UNIT_COUNT,
    GENERATED_FLAC_BYTES,
    GENERATED_COLUMN_COUNT
};

/** As they are read: a file of one caption a picture lacks the last two. */
extern const struct shard_column generated_columns[GENERATED_COLUMN_COUNT];

/** As they are written for `captions` captions a picture; returns how many columns that are. */
size_t generated_columns_for(struct shard_column columns[GENERATED_COLUMN_COUNT], size_t captions);

/** Bits that ids below `codebook` need: 1 .. 16; 0 where that is a whole 16-bit word. */
unsigned shard_id_bits(size_t codebook);

#endif
