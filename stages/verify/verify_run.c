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
    const size_t column = folder->columns == image_columns  ? (size_t)IMAGE_UNITS
                          : folder->columns == unit_columns ? (size_t)UNIT_UNITS
                                                            : (size_t)GENERATED_UNITS;
    if (folder->columns == speech_columns)
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
        status_fail(outcome, "%s; unitmill %s %s/plan.yaml makes it again", status_text(),
                    folder->stage, run->plan.run);
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

static void add_caption(bool *seen, size_t *distinct, uint64_t record, size_t caption_count)
{
    if (record < caption_count && !seen[record]) {
        seen[record] = true;
        ++*distinct;
    }
}

/* Every caption of the manifest is in the store or among its rejects. */
static enum status check_counts(const struct run *run, const char *path)
{
    struct store_reader *store = NULL;
    uint64_t kept = 0, rejects = 0, *records = NULL;
    size_t width = 0, distinct = 0;
    char *stages = NULL;
    enum { STAGE_BYTES = 32 };
    bool *seen = calloc(run->manifest.caption_count + 1, sizeof *seen);
    enum status outcome = store_reader_open(&store, path);
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&kept, &width, store, "/captions/id");
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&rejects, &width, store, "/rejects/record");
    if (outcome == STATUS_OK) {
        records = calloc((size_t)rejects + 1, sizeof *records);
        stages = calloc((size_t)rejects + 1, STAGE_BYTES);
        if (records == NULL || stages == NULL || seen == NULL)
            outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    }
    if (outcome == STATUS_OK)
        outcome = store_reader_numbers(records, store, "/rejects/record", 0, rejects, 1);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(stages, STAGE_BYTES, store, "/rejects/stage", 0, rejects);
    for (size_t r = 0; r < rejects && outcome == STATUS_OK; r++)
        if (strcmp(stages + r * STAGE_BYTES, "image-units") != 0 &&
            strcmp(stages + r * STAGE_BYTES, "embed-images") != 0)
            add_caption(seen, &distinct, records[r], run->manifest.caption_count);
    if (outcome == STATUS_OK && kept + distinct != run->manifest.caption_count)
        outcome = status_fail(STATUS_CORRUPT,
                              "%s: %llu captions and %zu rejected ones, the manifest has %zu", path,
                              (unsigned long long)kept, distinct, run->manifest.caption_count);
    free(records);
    free(stages);
    free(seen);
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
        { "images", "image-units", image_columns, IMAGE_COLUMN_COUNT, run_image_shard_count(run),
          run_image_range },
        { "embeddings", "embed-images", embedding_columns, EMBEDDING_COLUMN_COUNT,
          run_image_shard_count(run), run_image_range },
        { "generated", "generate", generated_columns, GENERATED_COLUMN_COUNT,
          run_image_shard_count(run), run_image_range },
    };
    enum status outcome = STATUS_OK;
    for (size_t f = 0; f < sizeof folders / sizeof folders[0] && outcome == STATUS_OK; f++) {
        const bool is_left_out =
            (folders[f].columns == embedding_columns && !run_has_embeddings(run)) ||
            (folders[f].columns == generated_columns && !run_has_generated(run));
        if (!is_left_out)
            outcome = check_folder(problems, digest, run, &folders[f]);
    }
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
