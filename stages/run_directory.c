#include "stages/run_directory.h"

#include "core/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DIGEST_COUNT = 13 };

enum status run_path(char out[PATH_BYTES], const struct run *run, const char *name)
{
    return path_join(out, run->plan.run, name);
}

enum status run_shard_path(char out[PATH_BYTES], const struct run *run, const char *folder,
                           size_t number)
{
    char name[96];
    snprintf(name, sizeof name, "%s/%05zu.h5", folder, number);
    return run_path(out, run, name);
}

bool run_has_generated(const struct run *run)
{
    char path[PATH_BYTES];
    return run->plan.generate.im2sp != NULL ||
           (run_path(path, run, "generated") == STATUS_OK && file_exists(path));
}

size_t shard_range_count(size_t record_count, size_t shard_records)
{
    return record_count / shard_records + (record_count % shard_records != 0);
}

struct shard_range shard_range_at(size_t number, size_t record_count, size_t shard_records)
{
    const size_t first = number * shard_records;
    const size_t left = record_count - first;
    return (struct shard_range){ number, first, left < shard_records ? left : shard_records };
}

enum status run_read_shard(struct shard **out, const struct run *run, const char *folder,
                           struct shard_range range, const struct shard_column *columns,
                           size_t column_count)
{
    char path[PATH_BYTES];
    *out = NULL;
    enum status outcome = run_shard_path(path, run, folder, range.number);
    if (outcome == STATUS_OK)
        outcome = shard_read(out, path, columns, column_count);
    if (outcome != STATUS_OK)
        return outcome;
    const struct shard_identity *identity = shard_identity(*out);
    if (identity->number == range.number && identity->first_record == range.first &&
        identity->record_count == range.count)
        return STATUS_OK;
    shard_destroy(*out);
    *out = NULL;
    return status_fail(STATUS_CORRUPT, "%s: not a shard of records %zu to %zu of this run", path,
                       range.first, range.first + range.count - 1);
}

size_t run_caption_shard_count(const struct run *run)
{
    return shard_range_count(run->manifest.caption_count, run->plan.shard_captions);
}

size_t run_image_shard_count(const struct run *run)
{
    return shard_range_count(run->manifest.image_count, run->plan.shard_images);
}

struct shard_range run_caption_range(const struct run *run, size_t number)
{
    return shard_range_at(number, run->manifest.caption_count, run->plan.shard_captions);
}

struct shard_range run_image_range(const struct run *run, size_t number)
{
    return shard_range_at(number, run->manifest.image_count, run->plan.shard_images);
}

/* A weights file without a named configuration may have config.json beside it. */
static enum status set_config(char **config, const char *weights)
{
    char folder[PATH_BYTES], beside[PATH_BYTES];
    if (*config != NULL || weights == NULL)
        return STATUS_OK;
    path_folder(folder, weights);
    const enum status outcome = path_join(beside, folder, "config.json");
    if (outcome != STATUS_OK || !file_exists(beside))
        return outcome;
    return plan_set_text(config, beside);
}

/* What the plan's paths hold, taken on rank 0 and given to all: digests[i] is "" for no file. */
static enum status take_digests(char digests[DIGEST_COUNT][DIGEST_TEXT_BYTES], struct run *run)
{
    const struct plan *plan = &run->plan;
    const char *const paths[DIGEST_COUNT] = { plan->manifest,
                                              plan->speech_units.hubert,
                                              plan->speech_units.config,
                                              plan->speech_units.kmeans,
                                              plan->image_units.vit_vqgan,
                                              plan->image_units.config,
                                              plan->embed_images.clip,
                                              plan->embed_images.config,
                                              plan->generate.im2sp,
                                              plan->generate.config,
                                              plan->generate.vocoder,
                                              plan->generate.vocoder_config,
                                              plan->pretrain.init };
    enum status outcome = STATUS_OK;
    memset(digests, 0, DIGEST_COUNT * sizeof digests[0]);
    for (size_t d = 0; run->team->rank == 0 && d < DIGEST_COUNT && outcome == STATUS_OK; d++)
        if (paths[d] != NULL)
            outcome = digest_file(digests[d], paths[d]);
    outcome = team_agree(run->team, "take digests of the plan's files", outcome);
    if (outcome == STATUS_OK)
        team_broadcast(run->team, digests, DIGEST_COUNT * sizeof digests[0], 0);
    return outcome;
}

static enum status note_digests(struct run *run)
{
    char digests[DIGEST_COUNT][DIGEST_TEXT_BYTES];
    char **const members[DIGEST_COUNT] = {
        &run->plan.digests.manifest,      &run->plan.digests.hubert,
        &run->plan.digests.hubert_config, &run->plan.digests.kmeans,
        &run->plan.digests.vit_vqgan,     &run->plan.digests.vit_vqgan_config,
        &run->plan.digests.clip,          &run->plan.digests.clip_config,
        &run->plan.digests.im2sp,         &run->plan.digests.im2sp_config,
        &run->plan.digests.vocoder,       &run->plan.digests.vocoder_config,
        &run->plan.digests.init
    };
    enum status outcome = take_digests(digests, run);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t d = 0; d < DIGEST_COUNT && outcome == STATUS_OK; d++) {
        if (digests[d][0] != '\0')
            outcome = plan_set_text(members[d], digests[d]);
        else {
            free(*members[d]);
            *members[d] = NULL;
        }
    }
    return team_agree(run->team, "note digests", outcome);
}

static enum status read_inputs(struct run *run, const char *plan_path,
                               const struct option_texts *overrides)
{
    enum status outcome = plan_read(&run->plan, plan_path, overrides);
    if (outcome == STATUS_OK)
        outcome = set_config(&run->plan.speech_units.config, run->plan.speech_units.hubert);
    if (outcome == STATUS_OK)
        outcome = set_config(&run->plan.image_units.config, run->plan.image_units.vit_vqgan);
    if (outcome == STATUS_OK)
        outcome = set_config(&run->plan.embed_images.config, run->plan.embed_images.clip);
    if (outcome == STATUS_OK)
        outcome = set_config(&run->plan.generate.config, run->plan.generate.im2sp);
    if (outcome == STATUS_OK)
        outcome = set_config(&run->plan.generate.vocoder_config, run->plan.generate.vocoder);
    outcome = team_agree(run->team, "read plan", outcome);
    if (outcome == STATUS_OK)
        outcome = team_agree(run->team, "read manifest",
                             manifest_read(&run->manifest, run->plan.manifest));
    return outcome;
}

/* Rank 0 keeps the run's own log. */
static enum status keep_log(const struct run *run)
{
    char path[PATH_BYTES];
    enum status outcome = run_path(path, run, "log");
    if (outcome == STATUS_OK)
        outcome = folder_make(path);
    if (outcome == STATUS_OK)
        outcome = run_path(path, run, "log/unitmill.log");
    return outcome == STATUS_OK ? log_keep(path) : outcome;
}

/* The kernel drops the lock when the process ends, however it ends. */
static enum status take_lock(struct run *run)
{
    char path[PATH_BYTES];
    enum status outcome = folder_make(run->plan.run);
    if (outcome == STATUS_OK)
        outcome = run_path(path, run, ".lock");
    if (outcome != STATUS_OK)
        return outcome;
    run->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (run->lock < 0)
        return file_fail(path, "cannot lock the run");
    if (flock(run->lock, LOCK_EX | LOCK_NB) == 0)
        return STATUS_OK;
    if (errno == EWOULDBLOCK)
        return status_fail(STATUS_INVALID, "%s: another unitmill is at work in this run",
                           run->plan.run);
    return STATUS_OK; /* a file system without locks: go on without this guard */
}

static enum status write_frozen(const struct run *run, const char *path)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (stream == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    fputs("# The plan as run, overrides applied. Written by unitmill; a run goes on only with a\n"
          "# plan that gives the same content.\n",
          stream);
    plan_write(stream, &run->plan);
    fclose(stream);
    const enum status outcome = file_write(path, text, bytes);
    free(text);
    return outcome;
}

static bool holds_shards(const struct run *run, const char *folder)
{
    char path[PATH_BYTES];
    bool is_found = false;
    DIR *entries = run_path(path, run, folder) == STATUS_OK ? opendir(path) : NULL;
    if (entries == NULL)
        return false;
    for (const struct dirent *entry; !is_found && (entry = readdir(entries)) != NULL;)
        is_found = entry->d_name[0] != '.';
    closedir(entries);
    return is_found;
}

/* False while no stage has finished anything: a plan that failed at once may still be corrected. */
static bool has_results(const struct run *run)
{
    static const char *const folders[] = { "speech", "units", "images", "embeddings" };
    char path[PATH_BYTES];
    for (size_t f = 0; f < sizeof folders / sizeof folders[0]; f++)
        if (holds_shards(run, folders[f]))
            return true;
    return run_path(path, run, "kmeans.h5") == STATUS_OK && file_exists(path);
}

static enum status freeze_or_check(const struct run *run)
{
    char path[PATH_BYTES];
    struct plan frozen;
    enum status outcome = run_path(path, run, "plan.yaml");
    if (outcome != STATUS_OK)
        return outcome;
    if (!file_exists(path) || !has_results(run))
        return write_frozen(run, path);
    outcome = plan_read(&frozen, path, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = plan_check_same(&run->plan, &frozen);
    plan_end(&frozen);
    if (outcome != STATUS_OK)
        return status_fail(outcome, "%s: this run was made otherwise: %s", run->plan.run,
                           status_text());
    return STATUS_OK;
}

enum status run_open(struct run *run, const struct team *team, const char *plan_path,
                     const struct option_texts *overrides)
{
    *run = (struct run){ .team = team, .lock = -1 };
    enum status outcome = read_inputs(run, plan_path, overrides);
    if (outcome == STATUS_OK)
        outcome = note_digests(run);
    if (outcome == STATUS_OK)
        outcome =
            team_agree(team, "lock run directory", team->rank == 0 ? take_lock(run) : STATUS_OK);
    if (outcome == STATUS_OK)
        outcome =
            team_agree(team, "freeze plan", team->rank == 0 ? freeze_or_check(run) : STATUS_OK);
    if (outcome == STATUS_OK)
        outcome = team_agree(team, "keep log", team->rank == 0 ? keep_log(run) : STATUS_OK);
    if (outcome != STATUS_OK)
        run_close(run);
    return outcome;
}

enum status run_view(struct run *run, const struct team *team, const char *folder)
{
    char path[PATH_BYTES];
    *run = (struct run){ .team = team, .lock = -1 };
    enum status outcome = path_join(path, folder, "plan.yaml");
    if (outcome == STATUS_OK && !file_exists(path))
        outcome =
            status_fail(STATUS_NOT_FOUND, "%s: not a run directory: no plan.yaml in it", folder);
    outcome = team_agree(team, "find frozen plan", outcome);
    if (outcome == STATUS_OK)
        outcome = read_inputs(run, path, NULL);
    if (outcome == STATUS_OK) /* the directory may have been moved since */
        outcome = team_agree(team, "name run", plan_set_text(&run->plan.run, folder));
    if (outcome != STATUS_OK)
        run_close(run);
    return outcome;
}

void run_close(struct run *run)
{
    if (run->lock >= 0)
        close(run->lock);
    manifest_end(&run->manifest);
    plan_end(&run->plan);
    *run = (struct run){ .lock = -1 };
}
