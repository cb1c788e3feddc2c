#include "stages/pack/pack_scan.h"

#include "cluster/stop.h"
#include "stages/image_shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum status pack_stop_check(void)
{
    return stop_is_urgent()
               ? status_fail(STATUS_STOPPED,
                             "stopped by a signal; pack begins anew when it is run again")
               : STATUS_OK;
}

static enum status explain_missing(enum status outcome, const char *stage)
{
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill %s makes it", status_text(), stage);
    return outcome;
}

enum status pack_read_units(struct shard **out, const struct run *run, size_t number)
{
    const size_t column_count = run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES;
    const struct shard_range range = run_caption_range(run, number);
    return explain_missing(run_read_shard(out, run, "units", range, unit_columns, column_count),
                           "speech-units");
}

bool pack_keeps_caption(const struct pack_scan *scan, const struct run *run, size_t record)
{
    return scan->image_row[run->manifest.captions[record].image] >= 0;
}

static void raise_to(int64_t *maximum, size_t value)
{
    if (*maximum < (int64_t)value)
        *maximum = (int64_t)value;
}

static enum status note_digest(int64_t words[2], const struct shard *shard)
{
    char text[DIGEST_TEXT_BYTES];
    const enum status outcome = shard_content_digest(text, shard);
    if (outcome == STATUS_OK)
        digest_words(words, text);
    return outcome;
}

static bool are_below(const uint16_t *ids, size_t count, size_t codebook)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] >= codebook)
            return false;
    return true;
}

/* The checksums prove that a shard is what was written; what the store is filled by, that its
 * columns fit each other, is checked here. */
static enum status check_pictures(const struct shard *images)
{
    const size_t tokens = shard_column_width(images, IMAGE_UNITS);
    for (size_t row = 0; row < shard_kept_count(images); row++) {
        size_t count = 0;
        const uint16_t *units = shard_values(images, IMAGE_UNITS, row, &count);
        const uint16_t *rows = shard_values(images, IMAGE_GRID_ROWS, row, &count);
        const uint16_t *columns = shard_values(images, IMAGE_GRID_COLUMNS, row, &count);
        if ((size_t)*rows * *columns != tokens ||
            !are_below(units, tokens, shard_identity(images)->codebook))
            return status_fail(STATUS_CORRUPT,
                               "images shard %zu: picture %s: units, grid and "
                               "codebook do not fit each other",
                               shard_identity(images)->number, shard_kept_id(images, row));
    }
    return STATUS_OK;
}

static enum status check_captions(const struct shard *shard, bool has_features)
{
    for (size_t row = 0; row < shard_kept_count(shard); row++) {
        size_t units = 0, durations = 0, frames = 0, count = 0, total = 0;
        const uint16_t *ids = shard_values(shard, UNIT_UNITS, row, &units);
        const uint16_t *lengths = shard_values(shard, UNIT_DURATIONS, row, &durations);
        const uint32_t *frame_count = shard_values(shard, UNIT_FRAME_COUNT, row, &count);
        for (size_t d = 0; d < durations; d++)
            total += lengths[d];
        frames = *frame_count;
        if (has_features)
            shard_values(shard, UNIT_FEATURES, row, &frames);
        if (units != durations || total != *frame_count || frames != *frame_count ||
            !are_below(ids, units, shard_identity(shard)->codebook))
            return status_fail(STATUS_CORRUPT,
                               "units shard %zu: caption %s: units, durations, "
                               "frames and codebook do not fit each other",
                               shard_identity(shard)->number, shard_kept_id(shard, row));
    }
    return STATUS_OK;
}

/* What image_row holds until rows are numbered: 0 for a picture without a row of its own. */
enum { HAS_ROW = 1, IS_REJECT = 2 };

static void mark_rejects(struct pack_scan *scan, const struct shard *shard)
{
    for (size_t r = 0; r < shard_reject_count(shard); r++)
        scan->image_row[shard_reject_at(shard, r).record] = IS_REJECT;
}

/* `embeddings` may be NULL: no picture needs one. */
static void scan_picture(struct pack_scan *scan, const struct shard *images,
                         const struct shard *embeddings, size_t row, size_t number)
{
    size_t count = 0;
    const size_t record = shard_kept_record(images, row);
    const uint16_t *grid_rows = shard_values(images, IMAGE_GRID_ROWS, row, &count);
    const uint16_t *grid_columns = shard_values(images, IMAGE_GRID_COLUMNS, row, &count);
    if (embeddings != NULL && shard_find(embeddings, record) == SIZE_MAX)
        return;
    scan->first_image[number]++;
    scan->image_row[record] = HAS_ROW;
    raise_to(&scan->maxima[PACK_GRID_ROWS], *grid_rows);
    raise_to(&scan->maxima[PACK_GRID_COLUMNS], *grid_columns);
    raise_to(&scan->maxima[PACK_IMAGE_ID_BYTES], strlen(shard_kept_id(images, row)));
}

static enum status scan_images(struct pack_scan *scan, int64_t words[4], const struct run *run,
                               size_t number)
{
    struct shard *images = NULL, *embeddings = NULL;
    enum status outcome = image_shard_read(&images, run, number);
    if (outcome == STATUS_OK && run_has_embeddings(run))
        outcome = embedding_shard_read(&embeddings, run, number);
    if (outcome == STATUS_OK)
        outcome = check_pictures(images);
    if (outcome == STATUS_OK) {
        raise_to(&scan->maxima[PACK_IMAGE_CODEBOOK], shard_identity(images)->codebook);
        raise_to(&scan->maxima[PACK_IMAGE_TOKENS], shard_column_width(images, IMAGE_UNITS));
        for (size_t row = 0; row < shard_kept_count(images); row++)
            scan_picture(scan, images, embeddings, row, number);
        mark_rejects(scan, images);
        outcome = note_digest(words, images);
    }
    if (outcome == STATUS_OK && embeddings != NULL) {
        mark_rejects(scan, embeddings);
        raise_to(&scan->maxima[PACK_EMBEDDING_WIDTH],
                 shard_column_width(embeddings, EMBEDDING_VALUES));
        outcome = note_digest(words + 2, embeddings);
    }
    shard_destroy(images);
    shard_destroy(embeddings);
    return outcome;
}

static void scan_caption(struct pack_scan *scan, const struct run *run, const struct shard *shard,
                         size_t row, size_t number)
{
    const struct manifest_caption *caption = &run->manifest.captions[shard_kept_record(shard, row)];
    const struct manifest_image *image = &run->manifest.images[caption->image];
    size_t runs = 0, count = 0;
    const uint16_t *durations = shard_values(shard, UNIT_DURATIONS, row, &runs);
    const uint32_t *frames = shard_values(shard, UNIT_FRAME_COUNT, row, &count);
    for (size_t r = 0; r < runs; r++)
        raise_to(&scan->maxima[PACK_DURATION], durations[r]);
    scan->first_caption[number]++;
    scan->first_unit[number] += (int64_t)runs;
    scan->first_frame[number] += *frames;
    raise_to(&scan->maxima[PACK_CAPTION_ID_BYTES], strlen(caption->id));
    raise_to(&scan->maxima[PACK_TEXT_BYTES], strlen(caption->text));
    raise_to(&scan->maxima[PACK_LANGUAGE_BYTES], strlen(caption->language));
    raise_to(&scan->maxima[PACK_SPLIT_BYTES], strlen(image->split));
    raise_to(&scan->maxima[PACK_VOICE_BYTES], strlen(shard_text(shard, UNIT_VOICE, row)));
}

static bool note_orphan(struct pack_scan *scan, const struct run *run, size_t record)
{
    char reason[320];
    const struct manifest_caption *caption = &run->manifest.captions[record];
    snprintf(reason, sizeof reason, "its picture %s is a reject",
             run->manifest.images[caption->image].id);
    return reject_list_add(&scan->rejects, "pack", record, caption->id, reason);
}

static enum status scan_units(struct pack_scan *scan, int64_t words[2], const struct run *run,
                              size_t number)
{
    struct shard *shard = NULL;
    enum status outcome = pack_read_units(&shard, run, number);
    if (outcome != STATUS_OK)
        return outcome;
    raise_to(&scan->maxima[PACK_SPEECH_CODEBOOK], shard_identity(shard)->codebook);
    if (run->plan.speech_units.features)
        raise_to(&scan->maxima[PACK_FEATURE_WIDTH], shard_column_width(shard, UNIT_FEATURES));
    outcome = check_captions(shard, run->plan.speech_units.features);
    for (size_t row = 0; row < shard_kept_count(shard) && outcome == STATUS_OK; row++)
        if (pack_keeps_caption(scan, run, shard_kept_record(shard, row)))
            scan_caption(scan, run, shard, row, number);
        else if (!note_orphan(scan, run, shard_kept_record(shard, row)))
            outcome = status_fail(STATUS_NO_MEMORY, "pack: rejects");
    if (outcome == STATUS_OK)
        outcome = note_digest(words, shard);
    shard_destroy(shard);
    return outcome;
}

/* Content digests of two words each: of a shard of units; of one of image units and, zeros where
 * there are none, of embeddings. */
static size_t digest_count(const struct pack_scan *scan)
{
    return scan->caption_shards + 2 * scan->image_shards;
}

static enum status allocate(struct pack_scan *scan, int64_t **words, const struct run *run)
{
    *scan = (struct pack_scan){ .caption_shards = run_caption_shard_count(run),
                                .image_shards = run_image_shard_count(run) };
    scan->first_caption = calloc(scan->caption_shards + 1, sizeof(int64_t));
    scan->first_unit = calloc(scan->caption_shards + 1, sizeof(int64_t));
    scan->first_frame = calloc(scan->caption_shards + 1, sizeof(int64_t));
    scan->first_image = calloc(scan->image_shards + 1, sizeof(int64_t));
    scan->image_row = calloc(run->manifest.image_count, sizeof(int64_t));
    for (size_t m = 0; m < PACK_MAXIMUM_COUNT; m++)
        scan->maxima[m] = m != PACK_FEATURE_WIDTH; /* an empty store has widths too */
    *words = calloc(2 * digest_count(scan) + 1, sizeof(int64_t));
    if (scan->first_caption == NULL || scan->first_unit == NULL || scan->first_frame == NULL ||
        scan->first_image == NULL || scan->image_row == NULL || *words == NULL)
        return status_fail(STATUS_NO_MEMORY, "pack: tables of %zu shards",
                           scan->caption_shards + scan->image_shards);
    return STATUS_OK;
}

/* Counts become starts; the entry after the last is the total. */
static void counts_to_starts(int64_t *values, size_t count)
{
    int64_t sum = 0;
    for (size_t s = 0; s <= count; s++) {
        const int64_t mine = s < count ? values[s] : 0;
        values[s] = sum;
        sum += mine;
    }
}

/* A picture without a row that is no reject: its first is gone, or what has been read does not
 * belong together. */
static enum status note_lost(struct pack_scan *scan, const struct run *run, size_t record)
{
    char reason[320];
    const struct manifest_image *images = run->manifest.images;
    if (picture_firsts_is_first(&scan->firsts, record))
        return status_fail(STATUS_CORRUPT,
                           "picture %s is neither in RUN/images nor a reject; unitmill image-units "
                           "makes what is missing",
                           images[record].id);
    snprintf(reason, sizeof reason, "same bytes as %.200s, which is a reject",
             images[scan->firsts.first[record]].id);
    const bool is_mine = run->team->rank == 0;
    if (is_mine &&
        !reject_list_add(&scan->rejects, "image-units", record, images[record].id, reason))
        return status_fail(STATUS_NO_MEMORY, "pack: rejects");
    return STATUS_OK;
}

/* A first comes before those that have its row. */
static enum status number_images(struct pack_scan *scan, const struct run *run)
{
    int64_t next = 0;
    enum status outcome = STATUS_OK;
    for (size_t i = 0; i < run->manifest.image_count && outcome == STATUS_OK; i++) {
        const size_t first = scan->firsts.first[i];
        const int64_t found = scan->image_row[i];
        scan->image_row[i] = -1;
        if (found == HAS_ROW)
            scan->image_row[i] = next++;
        else if (found == 0 && first < i)
            scan->image_row[i] = scan->image_row[first];
        if (found == 0 && scan->image_row[i] < 0)
            outcome = note_lost(scan, run, i);
        scan->duplicates += found == 0 && scan->image_row[i] >= 0;
    }
    return outcome;
}

static enum status take_recipe(struct pack_scan *scan, const struct run *run, const int64_t *words)
{
    struct digest *recipe = digest_begin();
    if (recipe == NULL)
        return status_fail(STATUS_NO_MEMORY, "pack: recipe");
    digest_add_text(recipe, "pack 1");
    digest_add_text(recipe, run->plan.digests.manifest);
    digest_add_number(recipe, run->plan.pack.deflate_level);
    digest_add_number(recipe, run->plan.pack.chunk_bytes);
    digest_add(recipe, words, 2 * digest_count(scan) * sizeof *words);
    picture_firsts_add(recipe, &scan->firsts,
                       (struct shard_range){ .count = run->manifest.image_count });
    digest_end(scan->recipe, recipe);
    return STATUS_OK;
}

static enum status scan_all(struct pack_scan *scan, const struct run *run, int64_t *words)
{
    const struct team *team = run->team;
    const size_t rank = (size_t)team->rank, size = (size_t)team->size;
    enum status outcome = STATUS_OK;
    int64_t *image_words = words + 2 * scan->caption_shards;
    outcome = picture_firsts_read(&scan->firsts, run);
    for (size_t s = rank; s < scan->image_shards && outcome == STATUS_OK; s += size) {
        outcome = pack_stop_check();
        if (outcome == STATUS_OK)
            outcome = scan_images(scan, image_words + 4 * s, run, s);
    }
    outcome = team_agree(team, "scan image shards", outcome);
    if (outcome != STATUS_OK)
        return outcome;
    team_sum(team, scan->image_row, run->manifest.image_count);
    team_sum(team, scan->first_image, scan->image_shards);
    counts_to_starts(scan->first_image, scan->image_shards);
    outcome = team_agree(team, "number pictures", number_images(scan, run));
    if (outcome != STATUS_OK)
        return outcome;

    for (size_t s = rank; s < scan->caption_shards && outcome == STATUS_OK; s += size) {
        outcome = pack_stop_check();
        if (outcome == STATUS_OK)
            outcome = scan_units(scan, words + 2 * s, run, s);
    }
    outcome = team_agree(team, "scan unit shards", outcome);
    if (outcome != STATUS_OK)
        return outcome;
    team_sum(team, scan->first_caption, scan->caption_shards);
    team_sum(team, scan->first_unit, scan->caption_shards);
    team_sum(team, scan->first_frame, scan->caption_shards);
    counts_to_starts(scan->first_caption, scan->caption_shards);
    counts_to_starts(scan->first_unit, scan->caption_shards);
    counts_to_starts(scan->first_frame, scan->caption_shards);
    team_maximum(team, scan->maxima, PACK_MAXIMUM_COUNT);
    team_sum(team, words, 2 * digest_count(scan));
    return team_agree(team, "take store recipe", take_recipe(scan, run, words));
}

enum status pack_scan_begin(struct pack_scan *scan, const struct run *run)
{
    int64_t *words = NULL;
    enum status outcome = team_agree(run->team, "prepare scan", allocate(scan, &words, run));
    if (outcome == STATUS_OK)
        outcome = scan_all(scan, run, words);
    free(words);
    if (outcome != STATUS_OK)
        pack_scan_end(scan);
    return outcome;
}

void pack_scan_end(struct pack_scan *scan)
{
    free(scan->first_caption);
    free(scan->first_unit);
    free(scan->first_frame);
    free(scan->first_image);
    free(scan->image_row);
    picture_firsts_end(&scan->firsts);
    reject_list_end(&scan->rejects);
    *scan = (struct pack_scan){ 0 };
}
