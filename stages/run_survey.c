#include "stages/run_survey.h"

#include "stages/stage_table.h"
#include "storage/shard.h"
#include "storage/store_reader.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the store's rejects, read at a time; ids and reasons are shorter than TEXT_BYTES. */
enum { BLOCK_ROWS = 64, TEXT_BYTES = 1024 };

/* A shared lock would be granted if nobody held the exclusive one; it is given back at once. */
static bool is_locked(const struct run *run)
{
    char path[PATH_BYTES];
    if (run_path(path, run, ".lock") != STATUS_OK)
        return false;
    const int lock = open(path, O_RDONLY | O_CLOEXEC);
    if (lock < 0)
        return false;
    const bool is_held = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(lock);
    return is_held;
}

static enum status note_damage(struct run_survey *survey, struct survey_stage *stage,
                               const char *path, const char *reason)
{
    struct survey_damage *grown =
        realloc(survey->damages, (survey->damage_count + 1) * sizeof *grown);
    if (grown == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: survey", path);
    survey->damages = grown;
    struct survey_damage *damage = &grown[survey->damage_count];
    *damage = (struct survey_damage){ strdup(path), strdup(reason) };
    if (damage->file == NULL || damage->reason == NULL) {
        free(damage->file);
        free(damage->reason);
        return status_fail(STATUS_NO_MEMORY, "%s: survey", path);
    }
    survey->damage_count++;
    stage->damaged++;
    return STATUS_OK;
}

/* Status texts name the file first; the list of damages does so by itself. */
static const char *without_path(const char *text, const char *path)
{
    const size_t length = strlen(path);
    return strncmp(text, path, length) == 0 && strncmp(text + length, ": ", 2) == 0
               ? text + length + 2
               : text;
}

static void note_time(struct survey_stage *stage, const char *path, size_t records)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return;
    const double seconds = (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec;
    if (stage->shards_done == 0 || seconds < stage->first_seconds) {
        stage->first_seconds = seconds;
        stage->first_records = records;
    }
    if (stage->shards_done == 0 || seconds > stage->last_seconds)
        stage->last_seconds = seconds;
    stage->bytes += (uint64_t)info.st_size;
}

/* Not a proof: that is what verify is for. */
static enum status check_shard(struct shard_summary *summary, const char *path, const char *stage,
                               struct shard_range range)
{
    const enum status outcome = shard_peek_summary(summary, path);
    if (outcome != STATUS_OK)
        return outcome;
    if (strcmp(summary->stage, stage) != 0 || summary->number != range.number ||
        summary->first_record != range.first || summary->record_count != range.count)
        return status_fail(STATUS_CORRUPT, "is shard %zu of %s, records %zu and %zu after it",
                           summary->number, summary->stage, summary->first_record,
                           summary->record_count);
    return STATUS_OK;
}

static enum status survey_shard(struct run_survey *survey, struct survey_stage *stage,
                                const char *path, struct shard_range range)
{
    struct shard_summary summary;
    enum status outcome = check_shard(&summary, path, stage->name, range);
    if (outcome == STATUS_OK && summary.reject_count > 0)
        outcome = reject_list_add_shard(&survey->rejects, path);
    if (outcome == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (outcome == STATUS_CORRUPT)
        return note_damage(survey, stage, path, without_path(status_text(), path));
    if (outcome != STATUS_OK)
        return outcome;
    note_time(stage, path, range.count);
    stage->shards_done++;
    stage->records_done += range.count;
    stage->rejected += summary.reject_count;
    return STATUS_OK;
}

static enum status survey_folder(struct run_survey *survey, struct survey_stage *stage,
                                 const struct run *run, const struct stage *kind)
{
    const bool is_speech = kind->output == STAGE_CAPTION_SHARDS;
    enum status outcome = STATUS_OK;
    stage->shards = is_speech ? run_caption_shard_count(run) : run_image_shard_count(run);
    for (size_t s = 0; s < stage->shards && outcome == STATUS_OK; s++) {
        char path[PATH_BYTES];
        const struct shard_range range =
            is_speech ? run_caption_range(run, s) : run_image_range(run, s);
        stage->records += range.count;
        outcome = run_shard_path(path, run, kind->path, s);
        if (outcome == STATUS_OK)
            outcome = survey_shard(survey, stage, path, range);
    }
    return outcome;
}

static enum status survey_file(struct survey_stage *stage, const struct run *run, const char *name)
{
    char path[PATH_BYTES];
    const enum status outcome = run_path(path, run, name);
    stage->shards = 1;
    if (outcome == STATUS_OK && file_exists(path)) {
        note_time(stage, path, 0);
        stage->shards_done = 1;
    }
    return outcome;
}

/* A block of rows of the store's rejects. */
struct reject_rows {
    uint64_t records[BLOCK_ROWS];
    char stages[BLOCK_ROWS][TEXT_BYTES], ids[BLOCK_ROWS][TEXT_BYTES];
    char reasons[BLOCK_ROWS][TEXT_BYTES];
};

static enum status read_reject_rows(struct reject_rows *rows, const struct store_reader *reader,
                                    uint64_t first, uint64_t count)
{
    enum status outcome =
        store_reader_numbers(rows->records, reader, "/rejects/record", first, count, 1);
    if (outcome == STATUS_OK)
        outcome =
            store_reader_texts(rows->stages[0], TEXT_BYTES, reader, "/rejects/stage", first, count);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(rows->ids[0], TEXT_BYTES, reader, "/rejects/id", first, count);
    if (outcome == STATUS_OK)
        outcome = store_reader_texts(rows->reasons[0], TEXT_BYTES, reader, "/rejects/reason", first,
                                     count);
    return outcome;
}

static enum status count_reject_rows(uint64_t *rows, const struct store_reader *reader)
{
    static const char *const datasets[] = { "/rejects/record", "/rejects/stage", "/rejects/id",
                                            "/rejects/reason" };
    enum status outcome = STATUS_OK;
    for (size_t d = 0; d < sizeof datasets / sizeof datasets[0] && outcome == STATUS_OK; d++) {
        size_t width = 0;
        outcome = store_reader_extent(rows, &width, reader, datasets[d]);
        if (outcome == STATUS_OK && width != 1)
            outcome = status_fail(STATUS_CORRUPT, "%s: not one value a row", datasets[d]);
    }
    return outcome;
}

/* Rejects that the stage itself adds: captions whose picture is one. */
static enum status add_store_rejects(struct run_survey *survey, struct survey_stage *stage,
                                     const struct store_reader *reader)
{
    uint64_t row_count = 0;
    struct reject_rows *rows = malloc(sizeof *rows);
    if (rows == NULL)
        return status_fail(STATUS_NO_MEMORY, "rejects");
    enum status outcome = count_reject_rows(&row_count, reader);
    for (uint64_t first = 0; first < row_count && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const uint64_t left = row_count - first, count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        outcome = read_reject_rows(rows, reader, first, count);
        for (uint64_t r = 0; r < count && outcome == STATUS_OK; r++) {
            if (strcmp(rows->stages[r], stage->name) != 0)
                continue;
            stage->rejected++;
            if (!reject_list_add(&survey->rejects, rows->stages[r], (size_t)rows->records[r],
                                 rows->ids[r], rows->reasons[r]))
                outcome = status_fail(STATUS_NO_MEMORY, "rejects");
        }
    }
    free(rows);
    return outcome;
}

static enum status survey_store(struct run_survey *survey, struct survey_stage *stage,
                                const struct run *run, const char *name)
{
    char path[PATH_BYTES];
    uint64_t captions = 0;
    size_t width = 0;
    struct store_reader *reader = NULL;
    stage->shards = 1;
    stage->records = run->manifest.caption_count;
    enum status outcome = run_path(path, run, name);
    if (outcome != STATUS_OK || !file_exists(path))
        return outcome;
    outcome = store_reader_open(&reader, path);
    if (outcome == STATUS_OK)
        outcome = store_reader_extent(&captions, &width, reader, "/captions/id");
    if (outcome == STATUS_OK)
        outcome = add_store_rejects(survey, stage, reader);
    store_reader_close(reader);
    if (outcome == STATUS_CORRUPT) {
        stage->rejected = 0;
        return note_damage(survey, stage, path, without_path(status_text(), path));
    }
    if (outcome != STATUS_OK)
        return outcome;
    note_time(stage, path, 0);
    stage->shards_done = 1;
    stage->records_done = (size_t)captions;
    stage->records = (size_t)captions;
    return STATUS_OK;
}

/* Somebody at work is at the incomplete stage that moved last, or else at the first one. */
static void settle_states(struct run_survey *survey)
{
    struct survey_stage *at_work = NULL;
    for (size_t s = 0; s < survey->stage_count; s++) {
        struct survey_stage *stage = &survey->stages[s];
        if (stage->state == SURVEY_NOT_PLANNED)
            continue;
        if (stage->shards_done == stage->shards) {
            stage->state = SURVEY_DONE;
            continue;
        }
        stage->state = stage->shards_done + stage->damaged > 0 ? SURVEY_STOPPED : SURVEY_MISSING;
        if (at_work == NULL || stage->last_seconds > at_work->last_seconds)
            at_work = stage;
    }
    if (survey->is_running && at_work != NULL)
        at_work->state = SURVEY_RUNNING;
}

static enum status survey_stage(struct run_survey *survey, struct survey_stage *stage,
                                const struct run *run, const struct stage *kind)
{
    stage->name = kind->name;
    const bool is_planned = kind->is_planned == NULL || kind->is_planned(&run->plan);
    /* What is generated may be asked for long after the plan was frozen. */
    if (!is_planned && !(strcmp(kind->path, "generated") == 0 && run_has_generated(run))) {
        stage->state = SURVEY_NOT_PLANNED;
        return STATUS_OK;
    }
    switch (kind->output) {
    case STAGE_CAPTION_SHARDS:
    case STAGE_IMAGE_SHARDS:
        return survey_folder(survey, stage, run, kind);
    case STAGE_FILE:
    case STAGE_MODEL:
        return survey_file(stage, run, kind->path);
    case STAGE_STORE:
        return survey_store(survey, stage, run, kind->path);
    }
    return STATUS_OK;
}

enum status run_survey_take(struct run_survey *out, const struct run *run)
{
    enum status outcome = STATUS_OK;
    *out = (struct run_survey){ .is_running = is_locked(run) };
    assert(stage_count <= SURVEY_STAGES_MAX);
    for (size_t s = 0; s < stage_count && outcome == STATUS_OK; s++)
        outcome = survey_stage(out, &out->stages[out->stage_count++], run, &stage_table[s]);
    if (outcome == STATUS_OK)
        settle_states(out);
    else
        run_survey_end(out);
    return outcome;
}

double survey_rate(const struct survey_stage *stage)
{
    const double span = stage->last_seconds - stage->first_seconds;
    if (stage->shards_done < 2 || stage->records_done <= stage->first_records || span < 1e-3)
        return 0.0;
    return (double)(stage->records_done - stage->first_records) / span;
}

double survey_seconds_left(const struct survey_stage *stage)
{
    const double rate = survey_rate(stage);
    if (stage->state == SURVEY_DONE)
        return 0.0;
    return rate > 0.0 ? (double)(stage->records - stage->records_done) / rate : -1.0;
}

bool survey_is_over_limit(const struct survey_stage *stage, double reject_limit)
{
    return (double)stage->rejected > reject_limit * (double)stage->records;
}

const char *survey_state_name(enum survey_state state)
{
    static const char *const names[] = {
        [SURVEY_MISSING] = "missing",     [SURVEY_RUNNING] = "running",
        [SURVEY_STOPPED] = "stopped",     [SURVEY_DONE] = "done",
        [SURVEY_QUEUED] = "queued",       [SURVEY_FAILED] = "failed",
        [SURVEY_CANCELLED] = "cancelled", [SURVEY_NOT_PLANNED] = "not planned"
    };
    return names[state];
}

void run_survey_end(struct run_survey *survey)
{
    for (size_t d = 0; d < survey->damage_count; d++) {
        free(survey->damages[d].file);
        free(survey->damages[d].reason);
    }
    free(survey->damages);
    reject_list_end(&survey->rejects);
    *survey = (struct run_survey){ 0 };
}
