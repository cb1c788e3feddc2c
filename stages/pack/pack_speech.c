/* The store's captions and speech units: /captions and /speech. */
#include "stages/pack/pack_table.h"
#include "storage/shard_schemas.h"

#include <string.h>

enum speech_dataset {
    CAPTION_ID,
    CAPTION_TEXT,
    CAPTION_LANGUAGE,
    CAPTION_VOICE,
    CAPTION_IMAGE,
    CAPTION_SPLIT,
    SPEECH_SAMPLES,
    SPEECH_OFFSETS,
    SPEECH_UNITS,
    SPEECH_DURATIONS,
    SPEECH_FEATURE_OFFSETS,
    SPEECH_FEATURES,
    SPEECH_DATASET_COUNT
};

/* The rows of one block as it fills, and how far it has come. */
struct filling {
    const struct pack_source *source;
    const struct pack_table *table;
    struct pack_rows *rows;
    size_t caption, unit, frame;
};

static unsigned bits_of(int64_t largest)
{
    return shard_id_bits((size_t)largest + 1);
}

static void add_caption(struct filling *filling, const struct shard *shard, size_t row)
{
    const struct manifest *manifest = &filling->source->run->manifest;
    const struct manifest_caption *caption = &manifest->captions[shard_kept_record(shard, row)];
    const struct store_dataset *datasets = filling->table->datasets;
    struct pack_rows *rows = filling->rows;
    const size_t at = filling->caption;
    const char *texts[] = { [CAPTION_ID] = caption->id,
                            [CAPTION_TEXT] = caption->text,
                            [CAPTION_LANGUAGE] = caption->language,
                            [CAPTION_VOICE] = shard_text(shard, UNIT_VOICE, row) };
    for (size_t d = CAPTION_ID; d <= CAPTION_VOICE; d++)
        pack_rows_set_text(&rows[d], &datasets[d], at, texts[d]);
    pack_rows_set_text(&rows[CAPTION_SPLIT], &datasets[CAPTION_SPLIT], at,
                       manifest->images[caption->image].split);
    ((uint32_t *)rows[CAPTION_IMAGE].values)[at] =
        (uint32_t)filling->source->scan->image_row[caption->image];
}

static void add_speech(struct filling *filling, const struct shard *shard, size_t row)
{
    struct pack_rows *rows = filling->rows;
    size_t runs = 0, count = 0;
    const uint16_t *units = shard_values(shard, UNIT_UNITS, row, &runs);
    const uint16_t *durations = shard_values(shard, UNIT_DURATIONS, row, &runs);
    const uint32_t *samples = shard_values(shard, UNIT_SAMPLE_COUNT, row, &count);
    ((uint32_t *)rows[SPEECH_SAMPLES].values)[filling->caption] = *samples;
    ((uint64_t *)rows[SPEECH_OFFSETS].values)[filling->caption] =
        rows[SPEECH_UNITS].first + filling->unit;
    memcpy((uint16_t *)rows[SPEECH_UNITS].values + filling->unit, units, runs * sizeof *units);
    memcpy((uint16_t *)rows[SPEECH_DURATIONS].values + filling->unit, durations,
           runs * sizeof *durations);
    filling->unit += runs;
    if (filling->table->dataset_count <= SPEECH_FEATURES)
        return;

    const size_t width = filling->table->datasets[SPEECH_FEATURES].width;
    size_t frames = 0;
    const uint16_t *features = shard_values(shard, UNIT_FEATURES, row, &frames);
    ((uint64_t *)rows[SPEECH_FEATURE_OFFSETS].values)[filling->caption] =
        rows[SPEECH_FEATURES].first + filling->frame;
    memcpy((uint16_t *)rows[SPEECH_FEATURES].values + filling->frame * width, features,
           frames * width * sizeof *features);
    filling->frame += frames;
}

/* Offsets have one entry more than captions; the last block writes it. */
static enum status allocate(struct filling *filling, size_t first_shard, size_t end_shard)
{
    const struct pack_scan *scan = filling->source->scan;
    const struct pack_table *table = filling->table;
    const bool is_last = end_shard == scan->caption_shards;
    const int64_t first = scan->first_caption[first_shard];
    const int64_t count = scan->first_caption[end_shard] - first;
    for (size_t d = 0; d < table->dataset_count; d++) {
        int64_t row = first, rows = count;
        if (d == SPEECH_UNITS || d == SPEECH_DURATIONS) {
            row = scan->first_unit[first_shard];
            rows = scan->first_unit[end_shard] - row;
        } else if (d == SPEECH_FEATURES) {
            row = scan->first_frame[first_shard];
            rows = scan->first_frame[end_shard] - row;
        } else if (d == SPEECH_OFFSETS || d == SPEECH_FEATURE_OFFSETS)
            rows += is_last;
        if (!pack_rows_allocate(&filling->rows[d], &table->datasets[d], (uint64_t)row,
                                (uint64_t)rows))
            return status_fail(STATUS_NO_MEMORY, "pack: a block of %lld captions",
                               (long long)count);
    }
    if (is_last)
        ((uint64_t *)filling->rows[SPEECH_OFFSETS].values)[count] =
            (uint64_t)scan->first_unit[end_shard];
    if (is_last && table->dataset_count > SPEECH_FEATURES)
        ((uint64_t *)filling->rows[SPEECH_FEATURE_OFFSETS].values)[count] =
            (uint64_t)scan->first_frame[end_shard];
    return STATUS_OK;
}

static enum status add_shard(struct filling *filling, size_t number)
{
    struct shard *shard = NULL;
    const struct pack_source *source = filling->source;
    const enum status outcome = pack_read_units(&shard, source->run, number);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t width = filling->table->datasets[SPEECH_FEATURES].width;
    if (filling->table->dataset_count > SPEECH_FEATURES && shard_kept_count(shard) > 0 &&
        shard_column_width(shard, UNIT_FEATURES) != width) {
        shard_destroy(shard);
        return status_fail(STATUS_CORRUPT, "units shard %zu: features not of width %zu, as others",
                           number, width);
    }
    for (size_t row = 0; row < shard_kept_count(shard); row++)
        if (pack_keeps_caption(source->scan, source->run, shard_kept_record(shard, row))) {
            add_caption(filling, shard, row);
            add_speech(filling, shard, row);
            filling->caption++;
        }
    shard_destroy(shard);
    return STATUS_OK;
}

static enum status fill(const struct pack_table *table, struct pack_rows *rows, size_t block)
{
    struct filling filling = { .source = table->source, .table = table, .rows = rows };
    const size_t shards = filling.source->scan->caption_shards;
    const size_t first = block * filling.source->block_shards;
    size_t end = first + filling.source->block_shards;
    if (end > shards)
        end = shards;
    enum status outcome = allocate(&filling, first, end);
    for (size_t s = first; s < end && outcome == STATUS_OK; s++)
        outcome = add_shard(&filling, s);
    return outcome;
}

void pack_speech_table(struct pack_table *table, struct pack_source *source)
{
    const struct pack_scan *scan = source->scan;
    const int64_t *maxima = scan->maxima;
    const uint64_t captions = (uint64_t)scan->first_caption[scan->caption_shards];
    const uint64_t units = (uint64_t)scan->first_unit[scan->caption_shards];
    const uint64_t frames = (uint64_t)scan->first_frame[scan->caption_shards];
    const bool has_features = maxima[PACK_FEATURE_WIDTH] > 0;
    *table = (struct pack_table){
        .dataset_count = has_features ? SPEECH_DATASET_COUNT : SPEECH_FEATURE_OFFSETS,
        .fill = fill,
        .source = source,
        .datasets = {
            [CAPTION_ID] = { "/captions/id", COLUMN_TEXT, .rows = captions,
                             .width = (size_t)maxima[PACK_CAPTION_ID_BYTES],
                             .meaning = "caption id of the manifest" },
            [CAPTION_TEXT] = { "/captions/text", COLUMN_TEXT, .rows = captions,
                               .width = (size_t)maxima[PACK_TEXT_BYTES],
                               .meaning = "the caption" },
            [CAPTION_LANGUAGE] = { "/captions/language", COLUMN_TEXT, .rows = captions,
                                   .width = (size_t)maxima[PACK_LANGUAGE_BYTES],
                                   .meaning = "language, as the manifest says" },
            [CAPTION_VOICE] = { "/captions/voice", COLUMN_TEXT, .rows = captions,
                                .width = (size_t)maxima[PACK_VOICE_BYTES],
                                .meaning = "espeak-ng voice and variant, or recorded" },
            [CAPTION_IMAGE] = { "/captions/image", COLUMN_U32, .rows = captions, .width = 1,
                                .chunk_bytes = PACK_CHUNK_BYTES,
.meaning = "row of its picture in /images" },
            [CAPTION_SPLIT] = { "/captions/split", COLUMN_TEXT, .rows = captions,
                                .width = (size_t)maxima[PACK_SPLIT_BYTES],
                                .meaning = "train, val, test, ..." },
            [SPEECH_SAMPLES] = { "/speech/sample_count", COLUMN_U32, .rows = captions, .width = 1,
                                 .meaning = "samples of the speech at 16 kHz" },
            [SPEECH_OFFSETS] = { "/speech/offsets", COLUMN_U64, .rows = captions + 1, .width = 1,
                                 .chunk_bytes = PACK_CHUNK_BYTES,
.meaning = "first row of each caption in units and durations" },
            [SPEECH_UNITS] = { "/speech/units", COLUMN_U16, .rows = units, .width = 1,
                               .bits = shard_id_bits((size_t)maxima[PACK_SPEECH_CODEBOOK]),
                               .chunk_bytes = PACK_CHUNK_BYTES,
.meaning = "speech units, repeats dropped" },
            [SPEECH_DURATIONS] = { "/speech/durations", COLUMN_U16, .rows = units, .width = 1,
                                   .bits = bits_of(maxima[PACK_DURATION]),
                                   .chunk_bytes = PACK_CHUNK_BYTES,
.meaning = "frames of 20 ms that each unit lasts" },
            [SPEECH_FEATURE_OFFSETS] = { "/speech/feature_offsets", COLUMN_U64,
                                         .rows = captions + 1, .width = 1,
                                         .chunk_bytes = PACK_CHUNK_BYTES,
.meaning = "first row of each caption in features" },
            [SPEECH_FEATURES] = { "/speech/features", COLUMN_F16, .rows = frames,
                                  .width = (size_t)maxima[PACK_FEATURE_WIDTH],
                                  .has_row_vector = true,
                                  .chunk_bytes = PACK_FEATURE_CHUNK_BYTES,
.meaning = "HuBERT features, a row a frame of 20 ms; several "
                                             "layers side by side" },
        },
    };
    uint64_t bytes = 0;
    for (size_t d = 0; d < table->dataset_count; d++)
        bytes += table->datasets[d].rows * table->datasets[d].width * 2;
    source->block_shards = pack_block_shards(bytes, scan->caption_shards);
    table->block_count = shard_range_count(scan->caption_shards, source->block_shards);
}
