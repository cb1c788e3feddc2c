#include "tests/training/training_store.h"

#include "core/random.h"
#include "nn/half.h"
#include "storage/store_reader.h"
#include "storage/store_writer.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 6, TOKENS = STORE_GRID * STORE_GRID, FEATURES = STORE_LAYERS * STORE_WIDTH };

const char *training_store_split(size_t caption)
{
    return caption / 4 % 5 == 4 ? "val" : "train";
}

const char *training_store_language(size_t caption)
{
    return caption % 3 == 0 ? "ar" : "en";
}

size_t training_store_units(size_t caption)
{
    return caption == STORE_SILENT ? 0 : 1 + caption * 5 % 7;
}

size_t training_store_frames(size_t caption)
{
    return caption == STORE_SILENT ? 0 : 1 + caption * 7 % 9;
}

/* The offsets of `count` records, [count + 1]; the caller's. */
static uint64_t *offsets_of(size_t (*length)(size_t))
{
    uint64_t *offsets = calloc(STORE_CAPTIONS + 1, sizeof *offsets);
    for (size_t c = 0; c < STORE_CAPTIONS; c++)
        offsets[c + 1] = offsets[c] + length(c);
    return offsets;
}

static uint16_t *drawn_ids(const char *purpose, size_t count, uint32_t codes)
{
    struct random_stream stream = random_stream_for(1, "store", purpose);
    uint16_t *ids = calloc(count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = (uint16_t)random_below(&stream, codes);
    return ids;
}

static float *drawn_floats(const char *purpose, size_t count)
{
    struct random_stream stream = random_stream_for(1, "store", purpose);
    float *values = calloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)random_normal(&stream);
    return values;
}

static uint16_t *drawn_features(const uint64_t *offsets, size_t spoilt)
{
    const size_t count = offsets[STORE_CAPTIONS] * FEATURES;
    float *values = drawn_floats("features", count);
    uint16_t *halves = calloc(count, sizeof *halves);
    if (spoilt < STORE_CAPTIONS)
        values[offsets[spoilt] * FEATURES + 1] = NAN;
    half_from_float(halves, values, count);
    free(values);
    return halves;
}

static char *texts_of(const char *(*text)(size_t))
{
    char *texts = calloc(STORE_CAPTIONS, TEXT_BYTES);
    for (size_t c = 0; c < STORE_CAPTIONS; c++)
        memcpy(texts + c * TEXT_BYTES, text(c), strlen(text(c)));
    return texts;
}

static uint16_t *ones(size_t count)
{
    uint16_t *values = calloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = 1;
    return values;
}

/* Rank 0 has all rows. */
static void put(struct store_writer *writer, const struct team *team, struct store_dataset dataset,
                void *values)
{
    size_t index;
    dataset.meaning = "test";
    check_status(store_writer_add(&index, writer, &dataset), STATUS_OK, NULL);
    check_status(store_writer_put(writer, index, 0, team->rank == 0 ? dataset.rows : 0, values),
                 STATUS_OK, NULL);
    free(values);
}

static void put_captions(struct store_writer *writer, const struct team *team)
{
    uint32_t *pictures = calloc(STORE_CAPTIONS, sizeof *pictures);
    for (size_t c = 0; c < STORE_CAPTIONS; c++)
        pictures[c] = (uint32_t)(c / 4);
    put(writer, team,
        (struct store_dataset){ .name = "/captions/split",
                                .type = COLUMN_TEXT,
                                .rows = STORE_CAPTIONS,
                                .width = TEXT_BYTES },
        texts_of(training_store_split));
    put(writer, team,
        (struct store_dataset){ .name = "/captions/language",
                                .type = COLUMN_TEXT,
                                .rows = STORE_CAPTIONS,
                                .width = TEXT_BYTES },
        texts_of(training_store_language));
    put(writer, team,
        (struct store_dataset){
            .name = "/captions/image", .type = COLUMN_U32, .rows = STORE_CAPTIONS, .width = 1 },
        pictures);
}

static void put_speech(struct store_writer *writer, const struct team *team, size_t spoilt)
{
    uint64_t *units = offsets_of(training_store_units), *frames = offsets_of(training_store_frames);
    const size_t unit_count = units[STORE_CAPTIONS], frame_count = frames[STORE_CAPTIONS];
    put(writer, team,
        (struct store_dataset){
            .name = "/speech/units", .type = COLUMN_U16, .rows = unit_count, .width = 1 },
        drawn_ids("units", unit_count, STORE_SPEECH_CODES));
    put(writer, team,
        (struct store_dataset){
            .name = "/speech/durations", .type = COLUMN_U16, .rows = unit_count, .width = 1 },
        ones(unit_count));
    put(writer, team,
        (struct store_dataset){ .name = "/speech/features",
                                .type = COLUMN_F16,
                                .rows = frame_count,
                                .width = FEATURES },
        drawn_features(frames, spoilt));
    put(writer, team,
        (struct store_dataset){
            .name = "/speech/offsets", .type = COLUMN_U64, .rows = STORE_CAPTIONS + 1, .width = 1 },
        units);
    put(writer, team,
        (struct store_dataset){ .name = "/speech/feature_offsets",
                                .type = COLUMN_U64,
                                .rows = STORE_CAPTIONS + 1,
                                .width = 1 },
        frames);
}

static void put_pictures(struct store_writer *writer, const struct team *team)
{
    put(writer, team,
        (struct store_dataset){
            .name = "/images/units", .type = COLUMN_U16, .rows = STORE_PICTURES, .width = TOKENS },
        drawn_ids("images", (size_t)STORE_PICTURES * TOKENS, STORE_IMAGE_CODES));
    put(writer, team,
        (struct store_dataset){ .name = "/images/embedding",
                                .type = COLUMN_F32,
                                .rows = STORE_PICTURES,
                                .width = STORE_EMBEDDING },
        drawn_floats("embeddings", (size_t)STORE_PICTURES * STORE_EMBEDDING));
}

void training_store_write(const struct team *team, const char *path, size_t spoilt)
{
    struct store_writer *writer = NULL;
    const struct store_options options = { path, 512, 6 };
    check_status(store_writer_create(&writer, team, &options), STATUS_OK, NULL);
    store_writer_add_group(writer, "/captions");
    store_writer_add_group(writer, "/speech");
    store_writer_add_group(writer, "/images");
    put_captions(writer, team);
    put_speech(writer, team, spoilt);
    put_pictures(writer, team);
    store_writer_note_text(writer, "/", "format", store_format_name);
    store_writer_note_number(writer, "/", "format_version", STORE_FORMAT_VERSION);
    store_writer_note_text(writer, "/", "recipe_digest", "of the test");
    store_writer_note_number(writer, "/speech/units", "codebook", STORE_SPEECH_CODES);
    store_writer_note_number(writer, "/images/units", "codebook", STORE_IMAGE_CODES);
    store_writer_note_number(writer, "/images/units", "grid_rows", STORE_GRID);
    store_writer_note_number(writer, "/images/units", "grid_columns", STORE_GRID);
    check_status(store_writer_commit(writer), STATUS_OK, NULL);
    store_writer_destroy(writer);
    team_wait(team);
}
