#include "storage/shard_schemas.h"

#include <string.h>

const struct shard_column speech_columns[SPEECH_COLUMN_COUNT] = {
    [SPEECH_FLAC] = { "flac", COLUMN_U8, .is_ragged = true, .width = 1,
                      .meaning = "a FLAC file: 16 kHz, mono, 16 bit" },
    [SPEECH_SAMPLE_COUNT] = { "sample_count", COLUMN_U32, .width = 1, .is_deflated = true,
                              .meaning = "samples at 16 kHz" },
    [SPEECH_TEXT] = { "text", COLUMN_TEXT, .width = 1, .is_deflated = true,
                      .meaning = "the caption that was spoken" },
    [SPEECH_LANGUAGE] = { "language", COLUMN_TEXT, .width = 1, .is_deflated = true,
                          .meaning = "its language, as the manifest says" },
    [SPEECH_VOICE] = { "voice", COLUMN_TEXT, .width = 1, .is_deflated = true,
                       .meaning = "espeak-ng voice and variant, or recorded" },
    [SPEECH_RATE_WPM] = { "rate_wpm", COLUMN_U16, .width = 1, .is_deflated = true,
                          .meaning = "words a minute asked of espeak-ng; 0 where recorded" },
    [SPEECH_PITCH] = { "pitch", COLUMN_U16, .width = 1, .is_deflated = true,
                       .meaning = "pitch asked of espeak-ng, 0 to 99; 0 where recorded" },
    [SPEECH_PHONES] = { "phones", COLUMN_TEXT, .width = 1, .is_deflated = true,
                        .meaning = "espeak-ng phone names, blanks between; none where recorded" },
    [SPEECH_PHONE_STARTS] = { "phone_starts", COLUMN_U32, .is_ragged = true, .width = 1,
                              .is_deflated = true,
                              .meaning = "first sample of each phone, which lasts to the next" },
};

const struct shard_column unit_columns[UNIT_COLUMN_COUNT] = {
    [UNIT_UNITS] = { "units", COLUMN_U16, .is_ragged = true, .width = 1,
                     .meaning = "k-means clusters, repeats dropped" },
    [UNIT_DURATIONS] = { "durations", COLUMN_U16, .is_ragged = true, .width = 1,
                         .is_deflated = true, .meaning = "frames of 20 ms that each unit lasts" },
    [UNIT_FRAME_COUNT] = { "frame_count", COLUMN_U32, .width = 1, .is_deflated = true,
                           .meaning = "frames of 20 ms" },
    [UNIT_SAMPLE_COUNT] = { "sample_count", COLUMN_U32, .width = 1, .is_deflated = true,
                            .meaning = "samples at 16 kHz" },
    [UNIT_VOICE] = { "voice", COLUMN_TEXT, .width = 1, .is_deflated = true,
                     .meaning = "espeak-ng voice and variant, or recorded" },
    [UNIT_FEATURES] = { "features", COLUMN_F16, .is_ragged = true, .width = 0,
                        .meaning = "HuBERT features, a row a frame; several layers side by side" },
};

const struct shard_column picture_columns[PICTURE_COLUMN_COUNT] = {
    [PICTURE_DIGEST] = { "digest", COLUMN_TEXT, .width = 1,
                         .meaning = "XXH3, 128 bits, of the source file" },
    [PICTURE_SOURCE_BYTES] = { "source_bytes", COLUMN_U64, .width = 1, .is_deflated = true,
                               .meaning = "bytes of the source file" },
};

const struct shard_column image_columns[IMAGE_COLUMN_COUNT] = {
    [IMAGE_UNITS] = { "units", COLUMN_U16, .width = 0,
                      .meaning = "codebook ids of the token grid, row by row" },
    [IMAGE_WIDTH] = { "width", COLUMN_U32, .width = 1, .is_deflated = true,
                      .meaning = "pixels of the source picture" },
    [IMAGE_HEIGHT] = { "height", COLUMN_U32, .width = 1, .is_deflated = true,
                       .meaning = "pixels of the source picture" },
    [IMAGE_SOURCE_BYTES] = { "source_bytes", COLUMN_U64, .width = 1, .is_deflated = true,
                             .meaning = "bytes of the source file" },
    [IMAGE_GRID_ROWS] = { "grid_rows", COLUMN_U16, .width = 1, .is_deflated = true,
                          .meaning = "rows of the token grid" },
    [IMAGE_GRID_COLUMNS] = { "grid_columns", COLUMN_U16, .width = 1, .is_deflated = true,
                             .meaning = "columns of the token grid" },
};

const struct shard_column embedding_columns[EMBEDDING_COLUMN_COUNT] = {
    [EMBEDDING_VALUES] = { "embedding", COLUMN_F32, .width = 0,
                           .meaning = "CLIP's embedding of the picture, not of length 1" },
};

const struct shard_column generated_columns[GENERATED_COLUMN_COUNT] = {
    [GENERATED_UNITS] = { "units", COLUMN_U16, .is_ragged = true, .width = 1, .is_deflated = true,
                          .meaning = "speech units of the caption, as the model said them" },
    [GENERATED_SCORE] = { "score", COLUMN_F32, .width = 0, .is_deflated = true,
                          .meaning = "sum of log p over the sequence / its ids ^ length_penalty" },
    [GENERATED_IS_CUT] = { "is_cut", COLUMN_U8, .width = 0, .is_deflated = true,
                           .meaning = "1: it had not ended at length_max" },
    [GENERATED_SETTINGS] = { "settings", COLUMN_TEXT, .width = 1, .is_deflated = true,
                             .meaning = "how it was searched for" },
    [GENERATED_FLAC] = { "flac", COLUMN_U8, .is_ragged = true, .width = 1,
                         .meaning =
                             "a FLAC file: mono, 16 bit; no bytes where none was asked for" },
    [GENERATED_SAMPLE_COUNT] = { "sample_count", COLUMN_U32, .width = 0, .is_deflated = true,
                                 .meaning = "its samples" },
    [GENERATED_RATE_HZ] = { "rate_hz", COLUMN_U32, .width = 1, .is_deflated = true,
                            .meaning = "its samples a second" },
    [GENERATED_UNIT_COUNT] = { "unit_count", COLUMN_U32, .width = 0, .is_deflated = true,
                               .is_optional = true, .meaning = "units of each caption" },
    [GENERATED_FLAC_BYTES] = { "flac_bytes", COLUMN_U32, .width = 0, .is_deflated = true,
                               .is_optional = true,
                               .meaning = "bytes of each caption's FLAC file" },
};

size_t generated_columns_for(struct shard_column columns[GENERATED_COLUMN_COUNT], size_t captions)
{
    memcpy(columns, generated_columns, sizeof generated_columns);
    for (size_t c = 0; c < GENERATED_COLUMN_COUNT; c++) {
        columns[c].is_optional = false;
        if (columns[c].width == 0)
            columns[c].width = captions;
    }
    return captions > 1 ? GENERATED_COLUMN_COUNT : GENERATED_UNIT_COUNT;
}

unsigned shard_id_bits(size_t codebook)
{
    unsigned bits = 1;
    while (bits < 16 && codebook > (size_t)1 << bits)
        bits++;
    return bits == 16 ? 0 : bits;
}
