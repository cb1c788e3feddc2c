#include "stages/verify/shard_rules.h"

#include "stages/generated_captions.h"

#include <math.h>
#include <string.h>

static uint32_t number_at(const struct shard *shard, size_t column, size_t row)
{
    size_t rows = 0;
    return *(const uint32_t *)shard_values(shard, column, row, &rows);
}

static enum status fail_at(const struct shard *shard, size_t row, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%.200s: %s", shard_kept_id(shard, row), fact);
}

static enum status check_ids(const struct shard *shard, size_t row, const uint16_t *ids,
                             size_t count)
{
    const size_t codebook = shard_identity(shard)->codebook;
    for (size_t i = 0; i < count; i++)
        if (ids[i] >= codebook)
            return status_fail(STATUS_CORRUPT, "%.200s: id %u is not in a codebook of %zu",
                               shard_kept_id(shard, row), ids[i], codebook);
    return STATUS_OK;
}

static size_t word_count(const char *text)
{
    size_t words = text[0] != '\0';
    for (; *text != '\0'; text++)
        words += *text == ' ';
    return words;
}

enum status shard_rules_speech(const struct shard *shard, const struct run *run)
{
    for (size_t row = 0; row < shard_kept_count(shard); row++) {
        const struct manifest_caption *caption =
            &run->manifest.captions[shard_kept_record(shard, row)];
        size_t starts = 0;
        const uint32_t *start = shard_values(shard, SPEECH_PHONE_STARTS, row, &starts);
        if (strcmp(shard_text(shard, SPEECH_TEXT, row), caption->text) != 0 ||
            strcmp(shard_text(shard, SPEECH_LANGUAGE, row), caption->language) != 0)
            return fail_at(shard, row, "text or language is not the manifest's");
        if (starts != word_count(shard_text(shard, SPEECH_PHONES, row)))
            return fail_at(shard, row, "not one start for each phone");
        for (size_t s = 0; s < starts; s++)
            if (start[s] > number_at(shard, SPEECH_SAMPLE_COUNT, row) ||
                (s > 0 && start[s] < start[s - 1]))
                return fail_at(shard, row, "a phone's start is out of order");
    }
    return STATUS_OK;
}

enum status shard_rules_units(const struct shard *shard, const struct run *run)
{
    enum status outcome = STATUS_OK;
    for (size_t row = 0; row < shard_kept_count(shard) && outcome == STATUS_OK; row++) {
        size_t units = 0, durations = 0, frames = number_at(shard, UNIT_FRAME_COUNT, row);
        const uint16_t *ids = shard_values(shard, UNIT_UNITS, row, &units);
        const uint16_t *lengths = shard_values(shard, UNIT_DURATIONS, row, &durations);
        uint64_t total = 0;
        outcome = check_ids(shard, row, ids, units);
        for (size_t d = 0; d < durations && outcome == STATUS_OK; d++) {
            total += lengths[d];
            if (lengths[d] == 0)
                outcome = fail_at(shard, row, "a unit lasts no frame");
        }
        if (outcome == STATUS_OK && (units != durations || total != frames))
            outcome = fail_at(shard, row, "units, durations and frames do not fit each other");
        if (run->plan.speech_units.features)
            shard_values(shard, UNIT_FEATURES, row, &frames);
        if (outcome == STATUS_OK && total != frames)
            outcome = fail_at(shard, row, "not one feature for each frame");
    }
    return outcome;
}

enum status shard_rules_images(const struct shard *shard, const struct run *run)
{
    enum status outcome = STATUS_OK;
    const size_t tokens = shard_column_width(shard, IMAGE_UNITS);
    (void)run;
    for (size_t row = 0; row < shard_kept_count(shard) && outcome == STATUS_OK; row++) {
        size_t rows = 0;
        const uint16_t *ids = shard_values(shard, IMAGE_UNITS, row, &rows);
        const uint16_t *high = shard_values(shard, IMAGE_GRID_ROWS, row, &rows);
        const uint16_t *wide = shard_values(shard, IMAGE_GRID_COLUMNS, row, &rows);
        outcome = check_ids(shard, row, ids, tokens);
        if (outcome == STATUS_OK && (size_t)*high * *wide != tokens)
            outcome = fail_at(shard, row, "its grid has other sides than its units");
        if (outcome == STATUS_OK &&
            (number_at(shard, IMAGE_WIDTH, row) == 0 || number_at(shard, IMAGE_HEIGHT, row) == 0))
            outcome = fail_at(shard, row, "a side of no pixels");
    }
    return outcome;
}

enum status shard_rules_embeddings(const struct shard *shard, const struct run *run)
{
    (void)run;
    for (size_t row = 0; row < shard_kept_count(shard); row++) {
        size_t rows = 0;
        const float *values = shard_values(shard, EMBEDDING_VALUES, row, &rows);
        for (size_t i = 0; i < shard_column_width(shard, EMBEDDING_VALUES); i++)
            if (!isfinite(values[i]))
                return fail_at(shard, row, "a value is not finite");
    }
    return STATUS_OK;
}

static enum status check_caption(const struct shard *shard, size_t row, size_t caption)
{
    const struct generated_caption found = generated_captions_at(shard, row, caption);
    enum status outcome = check_ids(shard, row, found.units, found.count);
    if (outcome == STATUS_OK && !isfinite(found.score))
        outcome = fail_at(shard, row, "a score is not finite");
    if (outcome == STATUS_OK && (found.flac_bytes > 0) != (found.sample_count > 0))
        outcome = fail_at(shard, row, "sound without samples, or samples without sound");
    return outcome;
}

enum status shard_rules_generated(const struct shard *shard, const struct run *run)
{
    enum status outcome = generated_captions_check(shard);
    (void)run;
    for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(shard); row++)
        for (size_t c = 0; outcome == STATUS_OK && c < generated_captions_count(shard); c++)
            outcome = check_caption(shard, row, c);
    return outcome;
}

static const char *id_in_manifest(const struct run *run, size_t record, bool is_of_pictures)
{
    return is_of_pictures ? run->manifest.images[record].id : run->manifest.captions[record].id;
}

enum status shard_rules_ids(const struct shard *shard, const struct run *run, bool is_of_pictures)
{
    const size_t kept = shard_kept_count(shard);
    for (size_t r = 0; r < kept + shard_reject_count(shard); r++) {
        const size_t record =
            r < kept ? shard_kept_record(shard, r) : shard_reject_at(shard, r - kept).record;
        const char *found =
            r < kept ? shard_kept_id(shard, r) : shard_reject_at(shard, r - kept).id;
        const char *expected = id_in_manifest(run, record, is_of_pictures);
        if (strcmp(found, expected) != 0)
            return status_fail(STATUS_CORRUPT, "record %zu is %.150s, in the manifest %.150s",
                               record, found, expected);
    }
    return STATUS_OK;
}

/* The record that comes next in ascending order, kept or rejected; SIZE_MAX after the last. */
static size_t next_record(const struct shard *shard, size_t *kept, size_t *rejected)
{
    const size_t a =
        *kept < shard_kept_count(shard) ? shard_kept_record(shard, *kept) : (size_t)SIZE_MAX;
    const size_t b = *rejected < shard_reject_count(shard)
                         ? shard_reject_at(shard, *rejected).record
                         : (size_t)SIZE_MAX;
    *kept += a <= b;
    *rejected += b <= a;
    return a < b ? a : b;
}

enum status shard_rules_records(const struct shard *shard, const struct shard *source)
{
    const struct shard_identity *identity = shard_identity(shard);
    const size_t count = source == NULL ? identity->record_count : shard_kept_count(source);
    size_t kept = 0, rejected = 0;
    if (shard_kept_count(shard) + shard_reject_count(shard) != count)
        return status_fail(STATUS_CORRUPT, "%zu records kept and %zu rejected, of %zu there are",
                           shard_kept_count(shard), shard_reject_count(shard), count);
    for (size_t r = 0; r < count; r++) {
        const size_t expected =
            source == NULL ? identity->first_record + r : shard_kept_record(source, r);
        if (next_record(shard, &kept, &rejected) != expected)
            return status_fail(STATUS_CORRUPT, "record %zu is neither kept nor rejected", expected);
    }
    return STATUS_OK;
}

enum status shard_rules_pictures(const struct shard *shard, const struct shard *source,
                                 const struct picture_firsts *firsts)
{
    const struct shard_identity *identity = shard_identity(shard);
    size_t kept = 0, rejected = 0, next = next_record(shard, &kept, &rejected);
    for (size_t r = identity->first_record; r < identity->first_record + identity->record_count;
         r++) {
        const bool is_first = picture_firsts_is_first(firsts, r);
        const bool is_wanted = is_first && (source == NULL || shard_find(source, r) != SIZE_MAX);
        const bool is_kept = shard_find(shard, r) != SIZE_MAX, is_there = next == r;
        if (is_wanted != is_there && (is_first || is_kept))
            return status_fail(STATUS_CORRUPT, "record %zu is %s", r,
                               is_there ? "here and should not be" : "neither kept nor rejected");
        if (is_there)
            next = next_record(shard, &kept, &rejected);
    }
    return STATUS_OK;
}

enum status shard_rules_of_speech(const struct shard *units, const struct shard *speech)
{
    for (size_t row = 0; row < shard_kept_count(units); row++) {
        const size_t at = shard_find(speech, shard_kept_record(units, row));
        if (strcmp(shard_text(units, UNIT_VOICE, row), shard_text(speech, SPEECH_VOICE, at)) != 0 ||
            number_at(units, UNIT_SAMPLE_COUNT, row) != number_at(speech, SPEECH_SAMPLE_COUNT, at))
            return fail_at(units, row, "voice or length is not that of its speech");
    }
    return STATUS_OK;
}
