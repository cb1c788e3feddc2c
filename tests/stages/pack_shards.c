#include "tests/stages/pack_shards.h"

#include "core/file.h"
#include "storage/shard_schemas.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

size_t pack_runs_of(size_t caption)
{
    return caption % 6; /* also none */
}

uint16_t pack_unit_at(size_t caption, size_t index)
{
    return (uint16_t)((caption * 31 + index * 7) % SPEECH_CODES);
}

uint16_t pack_duration_at(size_t caption, size_t index)
{
    return (uint16_t)(caption == 9 && index == 0 ? 40000 : 1 + (caption + index) % 3);
}

uint32_t pack_frames_of(size_t caption)
{
    uint32_t frames = 0;
    for (size_t r = 0; r < pack_runs_of(caption); r++)
        frames += pack_duration_at(caption, r);
    return frames;
}

uint16_t pack_token_at(size_t picture, size_t index)
{
    return (uint16_t)((picture * 977 + index * 4001) % IMAGE_CODES);
}

size_t pack_twin_of(size_t picture, enum pack_fault fault)
{
    if (fault != FAULT_TWINS && fault != FAULT_LOST_TWIN)
        return picture;
    if (picture == 11)
        return BAD_PICTURE;
    return picture == 9 || picture == 17 ? 2 : picture;
}

static void publish(const struct run *run, struct shard *shard, const char *stage_folder,
                    size_t number)
{
    char path[PATH_BYTES], folder[PATH_BYTES];
    check_status(run_shard_path(path, run, stage_folder, number), STATUS_OK, NULL);
    path_folder(folder, path);
    check_status(folder_make(folder), STATUS_OK, NULL);
    check_status(shard_write(shard, path), STATUS_OK, NULL);
    shard_destroy(shard);
}

static struct shard *begin_shard(const char *stage, struct shard_range range, size_t codebook,
                                 const struct shard_column *columns, size_t column_count)
{
    struct shard *shard = NULL;
    const struct shard_identity identity = { .stage = stage,
                                             .number = range.number,
                                             .first_record = range.first,
                                             .record_count = range.count,
                                             .codebook = codebook,
                                             .recipe = "test" };
    check_status(shard_create(&shard, &identity, columns, column_count), STATUS_OK, NULL);
    return shard;
}

/* Speech is there for its rejects only. */
static void write_speech(const struct run *run, size_t number)
{
    const struct shard_range range = run_caption_range(run, number);
    struct shard *shard = begin_shard("speak", range, 0, speech_columns, SPEECH_COLUMN_COUNT);
    for (size_t c = range.first; c < range.first + range.count; c++)
        if (c == UNSPOKEN)
            shard_reject(shard, c, run->manifest.captions[c].id, "text is empty");
    publish(run, shard, "speech", number);
}

static void add_features(struct shard *shard, size_t caption, uint32_t frames)
{
    for (uint32_t f = 0; f < frames; f++) {
        const uint16_t row[FEATURE_WIDTH] = { 0x3C00, (uint16_t)caption, (uint16_t)f, 0 };
        shard_add(shard, UNIT_FEATURES, row, 1);
    }
}

static void add_caption(const struct run *run, struct shard *shard, size_t caption,
                        enum pack_fault fault)
{
    const bool is_faulty = caption == 17;
    uint32_t frames = pack_frames_of(caption);
    const uint32_t samples = 320 * frames;
    for (size_t r = 0; r < pack_runs_of(caption); r++) {
        uint16_t unit = pack_unit_at(caption, r), duration = pack_duration_at(caption, r);
        if (is_faulty && fault == FAULT_UNIT_BEYOND_CODEBOOK)
            unit = SPEECH_CODES;
        if (is_faulty && r == 0 && fault == FAULT_OTHER_UNIT)
            unit = (uint16_t)(SPEECH_CODES - 1 - unit);
        if (is_faulty && r == 0 && fault == FAULT_DURATIONS_DO_NOT_SUM)
            duration++;
        if (!is_faulty || r > 0 || fault != FAULT_MORE_DURATIONS_THAN_UNITS)
            shard_add(shard, UNIT_UNITS, &unit, 1);
        shard_add(shard, UNIT_DURATIONS, &duration, 1);
    }
    shard_add(shard, UNIT_FRAME_COUNT, &frames, 1);
    shard_add(shard, UNIT_SAMPLE_COUNT, &samples, 1);
    shard_add_text(shard, UNIT_VOICE, caption % 2 == 0 ? "en-us" : "ar+f2");
    if (run->plan.speech_units.features)
        add_features(shard, caption,
                     is_faulty && fault == FAULT_FEATURES_DO_NOT_FIT ? frames + 9 : frames);
    check_status(shard_keep(shard, caption, run->manifest.captions[caption].id), STATUS_OK, NULL);
}

static void write_units(const struct run *run, size_t number, enum pack_fault fault)
{
    struct shard_column columns[UNIT_COLUMN_COUNT];
    struct shard_range range = run_caption_range(run, number);
    memcpy(columns, unit_columns, sizeof columns);
    columns[UNIT_UNITS].bits = shard_id_bits(SPEECH_CODES);
    columns[UNIT_FEATURES].width = FEATURE_WIDTH;
    if (fault == FAULT_RANGE_OF_ANOTHER_RUN && number == 5)
        range.count = 7;
    struct shard *shard =
        begin_shard("speech-units", range, SPEECH_CODES, columns,
                    run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES);
    for (size_t c = range.first; c < range.first + range.count && c < CAPTIONS; c++)
        if (c == TOO_SHORT)
            shard_reject(shard, c, run->manifest.captions[c].id, "shorter than a frame");
        else if (c != UNSPOKEN)
            add_caption(run, shard, c, fault);
    publish(run, shard, "units", number);
}

static void add_picture(const struct run *run, struct shard *shard, size_t picture,
                        enum pack_fault fault)
{
    const bool is_faulty = picture == 8;
    const uint16_t rows = is_faulty && fault == FAULT_GRID_DOES_NOT_FIT ? GRID + 1 : GRID;
    const uint16_t columns = GRID;
    const uint32_t width = 100 + (uint32_t)picture, height = 200;
    const uint64_t source_bytes = 1000 * picture;
    uint16_t units[TOKENS];
    for (size_t t = 0; t < TOKENS; t++)
        units[t] = pack_token_at(picture, t);
    if (is_faulty && fault == FAULT_TOKEN_BEYOND_CODEBOOK)
        units[TOKENS - 1] = IMAGE_CODES;
    shard_add(shard, IMAGE_UNITS, units, 1);
    shard_add(shard, IMAGE_WIDTH, &width, 1);
    shard_add(shard, IMAGE_HEIGHT, &height, 1);
    shard_add(shard, IMAGE_SOURCE_BYTES, &source_bytes, 1);
    shard_add(shard, IMAGE_GRID_ROWS, &rows, 1);
    shard_add(shard, IMAGE_GRID_COLUMNS, &columns, 1);
    check_status(shard_keep(shard, picture, run->manifest.images[picture].id), STATUS_OK, NULL);
}

/* The first four have equally many bytes. */
static void write_pictures(const struct run *run, size_t number, enum pack_fault fault)
{
    const struct shard_range range = run_image_range(run, number);
    struct shard *shard =
        begin_shard("picture-digests", range, 0, picture_columns, PICTURE_COLUMN_COUNT);
    for (size_t p = range.first; p < range.first + range.count; p++) {
        const size_t twin = pack_twin_of(p, fault);
        const uint64_t source_bytes = twin < 4 ? 500 : 1000 * twin;
        char digest[DIGEST_TEXT_BYTES];
        digest_of(digest, &twin, sizeof twin);
        shard_add_text(shard, PICTURE_DIGEST, digest);
        shard_add(shard, PICTURE_SOURCE_BYTES, &source_bytes, 1);
        check_status(shard_keep(shard, p, run->manifest.images[p].id), STATUS_OK, NULL);
    }
    publish(run, shard, "pictures", number);
}

static void write_images(const struct run *run, size_t number, enum pack_fault fault)
{
    struct shard_column columns[IMAGE_COLUMN_COUNT];
    const struct shard_range range = run_image_range(run, number);
    memcpy(columns, image_columns, sizeof columns);
    columns[IMAGE_UNITS].width = TOKENS;
    struct shard *shard =
        begin_shard("image-units", range, IMAGE_CODES, columns, IMAGE_COLUMN_COUNT);
    for (size_t p = range.first; p < range.first + range.count; p++) {
        const size_t twin = pack_twin_of(p, fault);
        const bool is_left_out = p == 8 && fault == FAULT_PICTURE_LEFT_OUT;
        const bool is_lost = twin != p && fault == FAULT_LOST_TWIN;
        if ((twin == BAD_PICTURE && !is_lost) || fault == FAULT_ALL_PICTURES_REJECTED)
            shard_reject(shard, p, run->manifest.images[p].id, "not a JPEG");
        else if (twin == p && !is_left_out)
            add_picture(run, shard, p, fault);
    }
    publish(run, shard, "images", number);
}

void pack_write_shards(const struct run *run, enum pack_fault fault)
{
    team_wait(run->team);
    for (size_t s = 0; run->team->rank == 0 && s < run_caption_shard_count(run); s++) {
        write_speech(run, s);
        write_units(run, s, fault);
    }
    for (size_t s = 0; run->team->rank == 0 && s < run_image_shard_count(run); s++) {
        write_pictures(run, s, fault);
        write_images(run, s, fault);
    }
    team_wait(run->team);
}

void pack_begin_run(struct run *run, const struct team *team, enum pack_fault fault,
                    const char *set)
{
    static int folder_number;
    char name[32], folder[PATH_BYTES];
    const struct option_texts sets = { .items = { set }, .count = set == NULL ? 0 : 1 };
    snprintf(name, sizeof name, "inputs-%d", folder_number++);
    snprintf(folder, sizeof folder, "%s", check_scratch(name));
    const char *plan_path = plain_run_make(folder, team, PICTURES);
    check_status(run_open(run, team, plan_path, &sets), STATUS_OK, NULL);
    pack_write_shards(run, fault);
}

void pack_end_run(struct run *run)
{
    if (run->team != NULL)
        team_wait(run->team);
    run_close(run);
}

const char *pack_store_path(const struct run *run)
{
    static char path[PATH_BYTES];
    check_status(run_path(path, run, "store.h5"), STATUS_OK, NULL);
    return path;
}
