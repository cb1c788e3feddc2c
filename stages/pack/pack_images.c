/* The store's pictures: /images. */
#include "stages/image_shards.h"
#include "stages/pack/pack_table.h"

#include <string.h>

enum image_dataset { ID, WIDTH, HEIGHT, SOURCE_BYTES, UNITS, EMBEDDING, DATASET_COUNT };

static void add_picture(const struct pack_table *table, struct pack_rows *rows, size_t at,
                        const struct shard *shard, size_t row)
{
    size_t count = 0;
    const uint32_t *width = shard_values(shard, IMAGE_WIDTH, row, &count);
    const uint32_t *height = shard_values(shard, IMAGE_HEIGHT, row, &count);
    const uint64_t *source_bytes = shard_values(shard, IMAGE_SOURCE_BYTES, row, &count);
    const uint16_t *units = shard_values(shard, IMAGE_UNITS, row, &count);
    const size_t tokens = table->datasets[UNITS].width;
    pack_rows_set_text(&rows[ID], &table->datasets[ID], at, shard_kept_id(shard, row));
    ((uint32_t *)rows[WIDTH].values)[at] = *width;
    ((uint32_t *)rows[HEIGHT].values)[at] = *height;
    ((uint64_t *)rows[SOURCE_BYTES].values)[at] = *source_bytes;
    memcpy((uint16_t *)rows[UNITS].values + at * tokens, units, tokens * sizeof *units);
}

static enum status check_widths(const struct pack_table *table, const struct shard *images,
                                const struct shard *embeddings, size_t number)
{
    const size_t tokens = shard_column_width(images, IMAGE_UNITS);
    if (shard_kept_count(images) > 0 && tokens != table->datasets[UNITS].width)
        return status_fail(STATUS_CORRUPT, "images shard %zu: %zu tokens a picture, others %zu",
                           number, tokens, table->datasets[UNITS].width);
    if (embeddings == NULL || shard_kept_count(embeddings) == 0 ||
        shard_column_width(embeddings, EMBEDDING_VALUES) == table->datasets[EMBEDDING].width)
        return STATUS_OK;
    return status_fail(STATUS_CORRUPT, "embeddings shard %zu: %zu values a picture, others %zu",
                       number, shard_column_width(embeddings, EMBEDDING_VALUES),
                       table->datasets[EMBEDDING].width);
}

/* The pictures of one shard that are in the store. */
static void add_pictures(const struct pack_table *table, struct pack_rows *rows, size_t at,
                         const struct shard *images, const struct shard *embeddings)
{
    for (size_t row = 0; row < shard_kept_count(images); row++) {
        const size_t record = shard_kept_record(images, row);
        if (table->source->scan->image_row[record] < 0)
            continue;
        add_picture(table, rows, at, images, row);
        if (embeddings != NULL) {
            size_t count = 0;
            const size_t width = table->datasets[EMBEDDING].width;
            const float *values =
                shard_values(embeddings, EMBEDDING_VALUES, shard_find(embeddings, record), &count);
            memcpy((float *)rows[EMBEDDING].values + at * width, values, width * sizeof *values);
        }
        at++;
    }
}

static enum status add_shard(const struct pack_table *table, struct pack_rows *rows, size_t at,
                             size_t number)
{
    struct shard *images = NULL, *embeddings = NULL;
    const struct run *run = table->source->run;
    enum status outcome = image_shard_read(&images, run, number);
    if (outcome == STATUS_OK && run_has_embeddings(run))
        outcome = embedding_shard_read(&embeddings, run, number);
    if (outcome == STATUS_OK)
        outcome = check_widths(table, images, embeddings, number);
    if (outcome == STATUS_OK)
        add_pictures(table, rows, at, images, embeddings);
    shard_destroy(images);
    shard_destroy(embeddings);
    return outcome;
}

static enum status fill(const struct pack_table *table, struct pack_rows *rows, size_t block)
{
    const struct pack_scan *scan = table->source->scan;
    const size_t first = block * table->source->block_shards;
    size_t end = first + table->source->block_shards;
    if (end > scan->image_shards)
        end = scan->image_shards;
    const uint64_t first_row = (uint64_t)scan->first_image[first];
    const uint64_t count = (uint64_t)scan->first_image[end] - first_row;
    for (size_t d = 0; d < table->dataset_count; d++)
        if (!pack_rows_allocate(&rows[d], &table->datasets[d], first_row, count))
            return status_fail(STATUS_NO_MEMORY, "pack: a block of %llu pictures",
                               (unsigned long long)count);
    enum status outcome = STATUS_OK;
    for (size_t s = first; s < end && outcome == STATUS_OK; s++)
        outcome =
            add_shard(table, rows, (size_t)(scan->first_image[s] - scan->first_image[first]), s);
    return outcome;
}

void pack_image_table(struct pack_table *table, struct pack_source *source)
{
    const struct pack_scan *scan = source->scan;
    const uint64_t images = (uint64_t)scan->first_image[scan->image_shards];
    const size_t tokens = (size_t)scan->maxima[PACK_IMAGE_TOKENS];
    const bool has_embeddings = run_has_embeddings(source->run);
    const size_t width = has_embeddings ? (size_t)scan->maxima[PACK_EMBEDDING_WIDTH] : 0;
    *table = (struct pack_table){
        .dataset_count = has_embeddings ? DATASET_COUNT : EMBEDDING,
        .fill = fill,
        .source = source,
        .datasets = {
            [ID] = { "/images/id", COLUMN_TEXT, .rows = images,
                     .width = (size_t)scan->maxima[PACK_IMAGE_ID_BYTES],
                     .meaning = "picture id of the manifest" },
            [WIDTH] = { "/images/width", COLUMN_U32, .rows = images, .width = 1,
                        .meaning = "pixels of the source picture" },
            [HEIGHT] = { "/images/height", COLUMN_U32, .rows = images, .width = 1,
                         .meaning = "pixels of the source picture" },
            [SOURCE_BYTES] = { "/images/source_bytes", COLUMN_U64, .rows = images, .width = 1,
                               .meaning = "bytes of the source file" },
            [UNITS] = { "/images/units", COLUMN_U16, .rows = images, .width = tokens,
                        .bits = shard_id_bits((size_t)scan->maxima[PACK_IMAGE_CODEBOOK]),
                        .chunk_bytes = PACK_CHUNK_BYTES, .has_row_vector = true,
                        .meaning = "codebook ids of the token grid, row by row" },
            [EMBEDDING] = { "/images/embedding", COLUMN_F32, .rows = images, .width = width,
                            .chunk_bytes = PACK_CHUNK_BYTES, .has_row_vector = true,
                            .meaning = "CLIP's embedding of the picture, not of length 1" },
        },
    };
    source->block_shards =
        pack_block_shards(images * (tokens * 2 + width * 4 + 64), scan->image_shards);
    table->block_count = shard_range_count(scan->image_shards, source->block_shards);
}
