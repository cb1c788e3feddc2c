#include "stages/verify/verify_run.h"

#include "core/log.h"
#include "stages/image_shards.h"
#include "stages/verify/verify_store.h"
#include "storage/kmeans_file.h"
#include "storage/store_reader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct shard_folder {
    const char *name, *stage;
    const struct shard_column *columns;
    size_t column_count, shard_count;
    struct shard_range (*range)(const struct run *run, size_t number);
};

static void tell(size_t *problems)
{
    ++*problems;
    log_failure(status_text());
}

static enum status check_finite(const struct shard *shard, const struct shard_folder *folder)
{
    for (size_t row = 0; row < shard_kept_count(shard); row++) {
        size_t rows = 0;
        const float *values = shard_values(shard, EMBEDDING_VALUES, row, &rows);
        for (size_t i = 0; i < shard_column_width(shard, EMBEDDING_VALUES); i++)
            if (!isfinite(values[i]))
                return status_fail(STATUS_CORRUPT, "%s/%05zu.h5: %s: a value is not finite",
                                   folder->name, shard_identity(shard)->number,
                                   shard_kept_id(shard, row));
    }
    return STATUS_OK;
}

/* Ids of units must lie in the codebook that the shard names, embeddings must be numbers. */
static enum status check_values(const struct shard *shard, const struct shard_folder *folder)
{
    const size_t codebook = shard_identity(shard)->codebook;
    const size_t column = folder->columns == unit_columns ? (size_t)UNIT_UNITS : IMAGE_UNITS;
    if (folder->columns == speech_columns || folder->columns == picture_columns)
        return STATUS_OK;
    if (folder->columns == embedding_columns)
        return check_finite(shard, folder);
    for (size_t row = 0; row < shard_kept_count(shard); row++) {
        size_t rows = 0;
        const uint16_t *ids = shard_values(shard, column, row, &rows);
        const size_t count = rows * shard_column_width(shard, column);
        for (size_t i = 0; i < count; i++)
            if (ids[i] >= codebook)
                return status_fail(STATUS_CORRUPT,
                                   "%s/%05zu.h5: %s: id %u is not in a codebook "
                                   "of %zu",
                                   folder->name, shard_identity(shard)->number,
                                   shard_kept_id(shard, row), ids[i], codebook);
    }
    return STATUS_OK;
}

/* `words` stays 0 for a shard that is missing or damaged. */
static void check_shard(int64_t words[2], size_t *missing, size_t *problems, const struct run *run,
                        const struct shard_folder *folder, size_t number)
{
    char path[PATH_BYTES], content[DIGEST_TEXT_BYTES];
    struct shard *shard = NULL;
    const struct shard_range range = folder->range(run, number);
    enum status outcome = run_shard_path(path, run, folder->name, number);
    if (outcome == STATUS_OK)
        outcome = shard_read(&shard, path, folder->columns, folder->column_count);
    if (outcome == STATUS_NOT_FOUND) {
        ++*missing;
        return;
    }
    if (outcome == STATUS_OK && (shard_identity(shard)->first_record != range.first ||
                                 shard_identity(shard)->record_count != range.count ||
                                 strcmp(shard_identity(shard)->stage, folder->stage) != 0))
        outcome = status_fail(STATUS_CORRUPT, "%s: it is another shard under this name", path);
    if (outcome == STATUS_OK)
        outcome = check_values(shard, folder);
    if (outcome == STATUS_OK)
        outcome = shard_content_digest(content, shard);
    if (outcome == STATUS_OK)
        digest_words(words, content);
    else {
        const char *maker = folder->columns == picture_columns ? "image-units" : folder->stage;
        status_fail(outcome, "%s; unitmill %s %s/plan.yaml makes it again", status_text(), maker,
                    run->plan.run);
        tell(problems);
    }
    shard_destroy(shard);
}

static enum status check_folder(size_t *problems, struct digest *digest, const struct run *run,
                                const struct shard_folder *folder)
{
    int64_t missing_sum = 0, *words = calloc(2 * folder->shard_count + 1, sizeof *words);
    size_t missing = 0;
    enum status outcome = STATUS_OK;
    if (words == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", folder->name);
    outcome = team_agree(run->team, "prepare shards", outcome);
    for (size_t s = (size_t)run->team->rank; outcome == STATUS_OK && s < folder->shard_count;
         s += (size_t)run->team->size)
        check_shard(words + 2 * s, &missing, problems, run, folder, s);
    if (outcome == STATUS_OK) {
        missing_sum = (int64_t)missing;
        team_sum(run->team, &missing_sum, 1);
        team_sum(run->team, words, 2 * folder->shard_count);
        digest_add_text(digest, folder->stage);
        digest_add(digest, words, 2 * folder->shard_count * sizeof *words);
    }
    if (missing_sum > 0)
        log_say("%s: %lld of %zu shards are not there yet", folder->stage, (long long)missing_sum,
                folder->shard_count);
    free(words);
    return outcome;
}

static void check_kmeans(size_t *problems, struct digest *digest, const struct run *run)
{
    char path[PATH_BYTES];
    float *centroids = NULL;
    size_t clusters = 0, width = 0;
    enum status outcome = run_path(path, run, "kmeans.h5");
    if (outcome == STATUS_OK && !file_exists(path))
        return;
    if (outcome == STATUS_OK)
        outcome = kmeans_file_read(&centroids, &clusters, &width, path);
    digest_add_text(digest, "kmeans");
    if (outcome == STATUS_OK)
        digest_add(digest, centroids, clusters * width * sizeof *centroids);
    else if (run->team->rank == 0) /* every rank sees the same */
        tell(problems);
    free(centroids);
}

/* Records of one kind: how many there should be, are kept, and are among the rejects. */
struct census {
    const char *kind;
    size_t record_count;
    uint64_t kept;
    bool *seen; /* [record_count + 1], owned: among the rejects */
    size_t rejected;
};

static void note_reject(struct census *census, uint64_t record)
{
    if (record < census->record_count && !census->seen[record]) {
        census->seen[record] = true;
        census->rejected++;
    }
}

static enum status count_kept(uint64_t *kept, const struct store_reader *store, const char *ids)
{
    uint64_t rows = 0;
    size_t width = 0;
    const enum status outcome = store_reader_extent(&rows, &width, store, ids);
    *kept += rows;
    return outcome;
}

static enum status note_rejects(struct census *captions, struct census *pictures,
                                const struct store_reader *store)
{
    enum { STAGE_BYTES = 32 };
    uint64_t rejects = 0;
    enum status outcome = count_kept(&rejects, store, "/rejects/record");
    if (outcome != STATUS_OK)
        return outcome;
    uint64_t *records = calloc((size_t)rejects + 1, sizeof *records);
    char *stages = calloc((size_t)rejects + 1, STAGE_BYTES);
    if (records == NULL || stages == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%llu rejects", (unsigned long long)rejects);
    if (outcome == STATUS_OK)
        outcome = store_reader_numbers(records, store, "/rejects/record", 0, rejects, 1);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(stages, STAGE_BYTES, store, "/rejects/stage", 0, rejects);
    for (size_t r = 0; r < rejects && outcome == STATUS_OK; r++) {
        const char *stage = stages + r * STAGE_BYTES;
        const bool is_picture =
            strcmp(stage, "image-units") == 0 || strcmp(stage, "embed-images") == 0;
        note_reject(is_picture ? pictures : captions, records[r]);
    }
    free(records);
    free(stages);
    return outcome;
}

static enum status compare_census(const struct census *census, const char *path)
{
    if (census->kept + census->rejected == census->record_count)
        return STATUS_OK;
    return status_fail(STATUS_CORRUPT, "%s: %llu %s and %zu rejected ones, the manifest has %zu",
                       path, (unsigned long long)census->kept, census->kind, census->rejected,
                       census->record_count);
}

/* Every caption and every picture of the manifest is in the store or among its rejects. */
static enum status check_counts(const struct run *run, const char *path)
{
    static const char duplicates[] = "/images/duplicates/id";
    struct store_reader *store = NULL;
    const size_t caption_count = run->manifest.caption_count;
    const size_t image_count = run->manifest.image_count;
    struct census captions = { "captions", caption_count, .seen = calloc(caption_count + 1, 1) };
    struct census pictures = { "pictures", image_count, .seen = calloc(image_count + 1, 1) };
    enum status outcome = store_reader_open(&store, path);
    if (outcome == STATUS_OK && (captions.seen == NULL || pictures.seen == NULL))
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    if (outcome == STATUS_OK)
        outcome = count_kept(&captions.kept, store, "/captions/id");
    if (outcome == STATUS_OK)
        outcome = count_kept(&pictures.kept, store, "/images/id");
    if (outcome == STATUS_OK && store_reader_has(store, duplicates))
        outcome = count_kept(&pictures.kept, store, duplicates);
    if (outcome == STATUS_OK)
        outcome = note_rejects(&captions, &pictures, store);
    if (outcome == STATUS_OK)
        outcome = compare_census(&captions, path);
    if (outcome == STATUS_OK)
        outcome = compare_census(&pictures, path);
    free(captions.seen);
    free(pictures.seen);
    store_reader_close(store);
    return outcome;
}

static enum status check_store(size_t *problems, struct digest *digest, const struct run *run)
{
    char path[PATH_BYTES], content[DIGEST_TEXT_BYTES];
    enum status outcome = run_path(path, run, "store.h5");
    if (outcome != STATUS_OK || !file_exists(path)) {
        log_say("pack: the store is not there yet");
        return outcome;
    }
    outcome = verify_store(problems, content, run->team, path);
    if (outcome == STATUS_CORRUPT) {
        if (run->team->rank == 0)
            tell(problems);
        return STATUS_OK;
    }
    if (outcome == STATUS_OK)
        digest_add_text(digest, content);
    if (outcome == STATUS_OK && run->team->rank == 0 && check_counts(run, path) != STATUS_OK)
        tell(problems);
    return outcome;
}

static enum status check_all(size_t *problems, struct digest *digest, const struct run *run)
{
    const struct shard_folder folders[] = {
        { "speech", "speak", speech_columns, SPEECH_COLUMN_COUNT, run_caption_shard_count(run),
          run_caption_range },
        { "units", "speech-units", unit_columns,
          run->plan.speech_units.features ? UNIT_COLUMN_COUNT : UNIT_FEATURES,
          run_caption_shard_count(run), run_caption_range },
        { "pictures", "picture-digests", picture_columns, PICTURE_COLUMN_COUNT,
          run_image_shard_count(run), run_image_range },
        { "images", "image-units", image_columns, IMAGE_COLUMN_COUNT, run_image_shard_count(run),
          run_image_range },
        { "embeddings", "embed-images", embedding_columns, EMBEDDING_COLUMN_COUNT,
          run_image_shard_count(run), run_image_range },
    };
    const size_t folder_count =
        sizeof folders / sizeof folders[0] - (run_has_embeddings(run) ? 0 : 1);
    enum status outcome = STATUS_OK;
    for (size_t f = 0; f < folder_count && outcome == STATUS_OK; f++)
        outcome = check_folder(problems, digest, run, &folders[f]);
    if (outcome == STATUS_OK) {
        check_kmeans(problems, digest, run);
        outcome = check_store(problems, digest, run);
    }
    return outcome;
}

enum status verify_run(size_t *problems, char digest[DIGEST_TEXT_BYTES], const struct team *team,
                       const char *folder)
{
    struct run run;
    struct digest *running = NULL;
    digest[0] = '\0';
    enum status outcome = run_view(&run, team, folder);
    if (outcome != STATUS_OK)
        return outcome;
    running = digest_begin();
    if (running == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", folder);
    outcome = team_agree(team, "begin verification", outcome);
    if (outcome == STATUS_OK)
        outcome = check_all(problems, running, &run);
    digest_end(digest, running);
    run_close(&run);
    return outcome;
}
