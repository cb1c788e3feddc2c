#include "stages/generated_captions.h"

size_t generated_captions_count(const struct shard *shard)
{
    return shard_column_width(shard, GENERATED_SCORE);
}

static bool has_counts(const struct shard *shard)
{
    return shard_column_count(shard) == GENERATED_COLUMN_COUNT;
}

/* Where the captions of a row end in a ragged column, by the column of their lengths. */
static bool adds_up(const struct shard *shard, size_t row, size_t ragged, size_t lengths)
{
    size_t total = 0, one = 0;
    shard_values(shard, ragged, row, &total);
    const uint32_t *length = shard_values(shard, lengths, row, &one);
    for (size_t c = 0; c < generated_captions_count(shard); c++) {
        if (length[c] > total)
            return false;
        total -= length[c];
    }
    return total == 0;
}

enum status generated_captions_check(const struct shard *shard)
{
    const size_t captions = generated_captions_count(shard);
    if (shard_column_width(shard, GENERATED_IS_CUT) != captions ||
        shard_column_width(shard, GENERATED_SAMPLE_COUNT) != captions ||
        (captions > 1 && !has_counts(shard)))
        return status_fail(STATUS_CORRUPT, "its columns are of other numbers of captions");
    if (!has_counts(shard))
        return STATUS_OK;
    if (shard_column_width(shard, GENERATED_UNIT_COUNT) != captions ||
        shard_column_width(shard, GENERATED_FLAC_BYTES) != captions)
        return status_fail(STATUS_CORRUPT, "its columns are of other numbers of captions");
    for (size_t row = 0; row < shard_kept_count(shard); row++)
        if (!adds_up(shard, row, GENERATED_UNITS, GENERATED_UNIT_COUNT) ||
            !adds_up(shard, row, GENERATED_FLAC, GENERATED_FLAC_BYTES))
            return status_fail(STATUS_CORRUPT, "%.150s: its captions are not as long as they say",
                               shard_kept_id(shard, row));
    return STATUS_OK;
}

/* Where caption `caption` begins in a ragged column; `*count` becomes its length. */
static size_t find(size_t *count, const struct shard *shard, size_t row, size_t caption,
                   size_t lengths)
{
    size_t one = 0, begin = 0;
    if (!has_counts(shard))
        return 0;
    const uint32_t *length = shard_values(shard, lengths, row, &one);
    for (size_t c = 0; c < caption; c++)
        begin += length[c];
    *count = length[caption];
    return begin;
}

struct generated_caption generated_captions_at(const struct shard *shard, size_t row,
                                               size_t caption)
{
    struct generated_caption found = { 0 };
    size_t one = 0;
    const uint16_t *units = shard_values(shard, GENERATED_UNITS, row, &found.count);
    const uint8_t *flac = shard_values(shard, GENERATED_FLAC, row, &found.flac_bytes);
    found.units = units + find(&found.count, shard, row, caption, GENERATED_UNIT_COUNT);
    found.flac = flac + find(&found.flac_bytes, shard, row, caption, GENERATED_FLAC_BYTES);
    found.score = ((const float *)shard_values(shard, GENERATED_SCORE, row, &one))[caption];
    found.is_cut = ((const uint8_t *)shard_values(shard, GENERATED_IS_CUT, row, &one))[caption];
    found.sample_count =
        ((const uint32_t *)shard_values(shard, GENERATED_SAMPLE_COUNT, row, &one))[caption];
    found.rate_hz = *(const uint32_t *)shard_values(shard, GENERATED_RATE_HZ, row, &one);
    return found;
}
