#include "stages/picture_firsts.h"

#include "stages/picture_records.h"
#include "storage/shard_schemas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What passes between the ranks of a picture: two words of its digest, and its bytes; zeros where
 * they are not known. */
enum { WORDS = 3 };

static enum status read_shard(int64_t *words, const struct run *run, size_t number)
{
    struct shard *shard = NULL;
    const struct shard_range range = run_image_range(run, number);
    const enum status outcome =
        run_read_shard(&shard, run, "pictures", range, picture_columns, PICTURE_COLUMN_COUNT);
    if (outcome == STATUS_NOT_FOUND)
        return status_fail(outcome, "%s; unitmill image-units makes it", status_text());
    for (size_t row = 0; outcome == STATUS_OK && row < shard_kept_count(shard); row++) {
        size_t count = 0;
        int64_t *of_picture = words + WORDS * shard_kept_record(shard, row);
        const uint64_t *bytes = shard_values(shard, PICTURE_SOURCE_BYTES, row, &count);
        digest_words(of_picture, shard_text(shard, PICTURE_DIGEST, row));
        of_picture[2] = (int64_t)*bytes;
    }
    shard_destroy(shard);
    return outcome;
}

static int compare_words(const int64_t *a, const int64_t *b)
{
    for (size_t w = 0; w < WORDS; w++)
        if (a[w] != b[w])
            return a[w] < b[w] ? -1 : 1;
    return 0;
}

/* Equal bytes side by side, the first of the manifest first. */
static int compare(const void *a, const void *b)
{
    const int64_t *const x = *(const int64_t *const *)a, *const y = *(const int64_t *const *)b;
    const int order = compare_words(x, y);
    return order != 0 ? order : (x > y) - (x < y);
}

static enum status find_firsts(struct picture_firsts *firsts, const int64_t *words)
{
    size_t known = 0;
    const int64_t **sorted = calloc(firsts->count + 1, sizeof *sorted);
    if (sorted == NULL)
        return status_fail(STATUS_NO_MEMORY, "digests of %zu pictures", firsts->count);
    for (size_t r = 0; r < firsts->count; r++) {
        firsts->first[r] = r;
        if (words[WORDS * r + 2] > 0)
            sorted[known++] = words + WORDS * r;
    }
    qsort(sorted, known, sizeof *sorted, compare);
    for (size_t s = 1; s < known; s++) {
        const size_t here = (size_t)(sorted[s] - words) / WORDS;
        const size_t before = (size_t)(sorted[s - 1] - words) / WORDS;
        if (compare_words(sorted[s], sorted[s - 1]) == 0)
            firsts->first[here] = firsts->first[before];
    }
    free(sorted);
    return STATUS_OK;
}

enum status picture_firsts_read(struct picture_firsts *out, const struct run *run)
{
    const struct team *team = run->team;
    const size_t count = run->manifest.image_count, shards = run_image_shard_count(run);
    int64_t *words = calloc(WORDS * count + 1, sizeof *words);
    enum status outcome = STATUS_OK;
    *out = (struct picture_firsts){ calloc(count + 1, sizeof *out->first), count };
    if (words == NULL || out->first == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "digests of %zu pictures", count);
    for (size_t s = (size_t)team->rank; s < shards && outcome == STATUS_OK; s += (size_t)team->size)
        outcome = read_shard(words, run, s);
    outcome = team_agree(team, "read picture digests", outcome);
    if (outcome == STATUS_OK) {
        team_sum(team, words, WORDS * count);
        outcome = team_agree(team, "find equal pictures", find_firsts(out, words));
    }
    free(words);
    if (outcome != STATUS_OK)
        picture_firsts_end(out);
    return outcome;
}

void picture_firsts_end(struct picture_firsts *firsts)
{
    free(firsts->first);
    *firsts = (struct picture_firsts){ 0 };
}

bool picture_firsts_is_first(const struct picture_firsts *firsts, size_t record)
{
    return firsts->first[record] == record;
}

void picture_firsts_add(struct digest *recipe, const struct picture_firsts *firsts,
                        struct shard_range range)
{
    for (size_t r = range.first; r < range.first + range.count; r++)
        if (!picture_firsts_is_first(firsts, r)) {
            digest_add_number(recipe, r);
            digest_add_number(recipe, firsts->first[r]);
        }
}

static enum status reject(struct shard *out, const struct picture_firsts *firsts,
                          const struct run *run, size_t record, const char *path)
{
    const struct manifest_image *images = run->manifest.images;
    char reason[STATUS_TEXT_BYTES];
    if (picture_firsts_is_first(firsts, record))
        return shard_reject(out, record, images[record].id, picture_record_reason(path));
    snprintf(reason, sizeof reason, "same bytes as %.100s: %s", images[firsts->first[record]].id,
             picture_record_reason(path));
    return shard_reject(out, record, images[record].id, reason);
}

enum status picture_firsts_settle(enum status outcome, struct shard *out, struct shard_work *work,
                                  const struct picture_firsts *firsts, const struct run *run,
                                  size_t record, const char *path)
{
    const bool is_first = picture_firsts_is_first(firsts, record);
    if (outcome == STATUS_NO_MEMORY || (outcome == STATUS_OK && is_first))
        return outcome;
    if (outcome != STATUS_OK)
        outcome = reject(out, firsts, run, record, path);
    return outcome == STATUS_OK ? shard_stage_tick(work) : outcome;
}
