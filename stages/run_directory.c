#include "stages/run_directory.h"

#include "core/log.h"
#include "stages/shipped_nets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

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

static enum status read_plan(struct run *run, const char *plan_path,
                             const struct option_texts *overrides, bool is_view)
{
    enum status outcome = plan_read(&run->plan, plan_path, overrides);
    if (outcome == STATUS_OK)
        outcome = shipped_nets_resolve(&run->plan, is_view);
    return team_agree(run->team, "read plan", outcome);
}

/* As much of it as its digest covers: on all ranks the same, though lines be appended meanwhile. */
static enum status read_manifest(struct run *run)
{
    const size_t bytes = run->plan.digests.manifest_bytes;
    enum status outcome =
        manifest_read_part(&run->manifest, run->plan.manifest, bytes > 0 ? bytes : UINT64_MAX);
    if (outcome == STATUS_OK && run->files != NULL && run->team->rank == 0)
        outcome = run_files_check_manifest(run->files);
    return team_agree(run->team, "read manifest", outcome);
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

/* A file system of several hosts may keep the lock of one that died for a while, and a job that
 * lost a host is at work again soon: it waits. */
static bool gets_lock(int lock)
{
    enum { TURN_WAIT_SECONDS = 180 };
    const char *turn = getenv("SLURM_RESTART_COUNT");
    const int waits = turn != NULL && strcmp(turn, "0") != 0 ? TURN_WAIT_SECONDS : 0;
    for (int seconds = 0; flock(lock, LOCK_EX | LOCK_NB) != 0; seconds++) {
        if (errno != EWOULDBLOCK || seconds >= waits)
            return false;
        sleep(1);
    }
    return true;
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
    run->is_locked = gets_lock(run->lock);
    if (run->is_locked)
        return STATUS_OK;
    if (errno == EWOULDBLOCK)
        return status_fail(STATUS_INVALID, "%s: another unitmill is at work in this run",
                           run->plan.run);
    log_say("%s: its file system has no locks; see to it that one unitmill at a time works there",
            run->plan.run);
    return STATUS_OK;
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
    shipped_nets_write_plan(stream, &run->plan);
    fclose(stream);
    const enum status outcome = file_write(path, text, bytes);
    free(text);
    return outcome;
}

/* Folders with shards, in the order of their stages. */
static const char *const shard_folders[] = { "speech", "units",      "pictures",
                                             "images", "embeddings", "generated" };
enum { SHARD_FOLDER_COUNT = sizeof shard_folders / sizeof shard_folders[0] };

static bool has_ending(const char *name, const char *ending)
{
    const size_t length = strlen(name), ending_length = strlen(ending);
    return length > ending_length && strcmp(name + length - ending_length, ending) == 0;
}

/* What a killed run was writing counts for nothing: only whole files have their final names. */
static bool holds_shards(const struct run *run, const char *folder)
{
    char path[PATH_BYTES];
    bool is_found = false;
    DIR *entries = run_path(path, run, folder) == STATUS_OK ? opendir(path) : NULL;
    if (entries == NULL)
        return false;
    for (const struct dirent *entry; !is_found && (entry = readdir(entries)) != NULL;)
        is_found = has_ending(entry->d_name, ".h5");
    closedir(entries);
    return is_found;
}

/* False while no stage has finished anything: a plan that failed at once may still be corrected. */
static bool has_results(const struct run *run)
{
    char path[PATH_BYTES];
    for (size_t f = 0; f < SHARD_FOLDER_COUNT; f++)
        if (holds_shards(run, shard_folders[f]))
            return true;
    return run_path(path, run, "kmeans.h5") == STATUS_OK && file_exists(path);
}

static void drop_partials_in(const char *folder)
{
    char path[PATH_BYTES];
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (has_ending(entry->d_name, ".h5.partial") &&
            path_join(path, folder, entry->d_name) == STATUS_OK)
            unlink(path);
    closedir(entries);
}

/* Drops what a killed run was writing. Only under the lock: it could be somebody else's work. */
static void drop_partials(const struct run *run)
{
    char path[PATH_BYTES];
    drop_partials_in(run->plan.run);
    for (size_t f = 0; f < SHARD_FOLDER_COUNT; f++)
        if (run_path(path, run, shard_folders[f]) == STATUS_OK)
            drop_partials_in(path);
}

/* A manifest to which lines were appended is that of the run: the digest of the old part proves it.
 */
static enum status follow_manifest(bool *has_grown, struct plan *frozen, const struct run *run)
{
    enum status outcome = run_files_manifest_has_grown(has_grown, &run->plan, frozen);
    if (outcome == STATUS_OK && *has_grown)
        outcome = plan_set_text(&frozen->digests.manifest, run->plan.digests.manifest);
    return outcome;
}

static enum status check_frozen(const struct run *run, const char *path)
{
    struct plan frozen;
    bool has_grown = false;
    enum status outcome = plan_read(&frozen, path, NULL);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = follow_manifest(&has_grown, &frozen, run);
    const size_t bytes = run->plan.digests.manifest_bytes - frozen.digests.manifest_bytes;
    if (outcome == STATUS_OK && plan_check_same(&run->plan, &frozen) != STATUS_OK)
        outcome = status_fail(
            STATUS_INVALID, "%s: this run was made otherwise (--set run=DIR begins a new one): %s",
            run->plan.run, status_text());
    plan_end(&frozen);
    if (outcome != STATUS_OK || !has_grown)
        return outcome;
    log_say("%s: %zu bytes were appended to the manifest; this run goes on with them",
            run->plan.run, bytes);
    return write_frozen(run, path);
}

static enum status freeze_or_check(const struct run *run)
{
    char path[PATH_BYTES];
    const enum status outcome = run_path(path, run, "plan.yaml");
    if (outcome != STATUS_OK)
        return outcome;
    return file_exists(path) && has_results(run) ? check_frozen(run, path)
                                                 : write_frozen(run, path);
}

/* Rank 0's part of opening: nobody else is at work, the plan is that of the run. */
static enum status enter(struct run *run)
{
    const enum status outcome = freeze_or_check(run);
    if (outcome == STATUS_OK && run->is_locked)
        drop_partials(run);
    return outcome;
}

enum status run_open(struct run *run, const struct team *team, const char *plan_path,
                     const struct option_texts *overrides)
{
    *run = (struct run){ .team = team, .lock = -1 };
    enum status outcome = read_plan(run, plan_path, overrides, false);
    if (outcome == STATUS_OK)
        outcome = run_files_begin(&run->files, &run->plan, team);
    if (outcome == STATUS_OK)
        outcome = read_manifest(run);
    if (outcome == STATUS_OK)
        outcome =
            team_agree(team, "lock run directory", team->rank == 0 ? take_lock(run) : STATUS_OK);
    if (outcome == STATUS_OK)
        outcome = team_agree(team, "freeze plan", team->rank == 0 ? enter(run) : STATUS_OK);
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
        outcome = read_plan(run, path, NULL, true);
    if (outcome == STATUS_OK)
        outcome = read_manifest(run);
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
    run_files_end(run->files);
    manifest_end(&run->manifest);
    plan_end(&run->plan);
    *run = (struct run){ .lock = -1 };
}
