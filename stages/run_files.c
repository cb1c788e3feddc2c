#include "stages/run_files.h"

#include "core/file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MANIFEST, FILE_COUNT = 13 };

struct watched_file {
    const char *key; /* of the plan, for messages */
    char *path;      /* owned; NULL where the plan names none */
    char digest[DIGEST_TEXT_BYTES];
    uint64_t byte_count; /* that the digest covers; UINT64_MAX: all */
    struct stat seen;    /* when the content was last found to be that of the digest */
};

struct run_files {
    struct watched_file files[FILE_COUNT];
};

/* A change of the content changes one of these, whatever somebody sets the times to. */
static bool is_same_state(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum status look(struct stat *state, const struct watched_file *file)
{
    return stat(file->path, state) == 0 ? STATUS_OK : file_fail(file->path, "cannot open");
}

static enum status check_file(struct watched_file *file)
{
    struct stat now;
    char digest[DIGEST_TEXT_BYTES];
    if (file->path == NULL)
        return STATUS_OK;
    enum status outcome = look(&now, file);
    if (outcome != STATUS_OK || is_same_state(&now, &file->seen))
        return outcome;
    outcome = digest_file_part(digest, file->path, file->byte_count);
    if (outcome == STATUS_OK && strcmp(digest, file->digest) != 0)
        outcome = status_fail(STATUS_INVALID,
                              "%s: %s was changed while the run was using it; put the file back, "
                              "or begin a new run in another directory",
                              file->key, file->path);
    if (outcome == STATUS_OK)
        file->seen = now;
    return outcome;
}

static enum status name_files(struct run_files *files, const struct plan *plan)
{
    const struct {
        const char *key, *path;
    } named[FILE_COUNT] = {
        [MANIFEST] = { "manifest", plan->manifest },
        { "speech_units.hubert", plan->speech_units.hubert },
        { "speech_units.config", plan->speech_units.config },
        { "speech_units.kmeans", plan_fits_units(plan) ? NULL : plan->speech_units.kmeans },
        { "image_units.vit_vqgan", plan->image_units.vit_vqgan },
        { "image_units.config", plan->image_units.config },
        { "embed_images.clip", plan->embed_images.clip },
        { "embed_images.config", plan->embed_images.config },
        { "generate.im2sp", plan->generate.im2sp },
        { "generate.config", plan->generate.config },
        { "generate.vocoder", plan->generate.vocoder },
        { "generate.vocoder_config", plan->generate.vocoder_config },
        { "pretrain.init", plan->pretrain.init },
    };
    for (size_t f = 0; f < FILE_COUNT; f++) {
        struct watched_file *file = &files->files[f];
        file->key = named[f].key;
        file->byte_count = UINT64_MAX;
        if (named[f].path != NULL && (file->path = strdup(named[f].path)) == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s: no memory", named[f].path);
    }
    return STATUS_OK;
}

/* Before any digest is taken: what changes from here on is found later. */
static enum status look_at_all(struct run_files *files)
{
    enum status outcome = STATUS_OK;
    for (size_t f = 0; f < FILE_COUNT && outcome == STATUS_OK; f++)
        if (files->files[f].path != NULL)
            outcome = look(&files->files[f].seen, &files->files[f]);
    return outcome;
}

static enum status prepare(struct run_files **out, const struct plan *plan)
{
    struct run_files *files = calloc(1, sizeof *files);
    *out = files;
    if (files == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", plan->run);
    const enum status outcome = name_files(files, plan);
    return outcome == STATUS_OK ? look_at_all(files) : outcome;
}

/* What rank 0 tells the others. */
struct found {
    uint64_t manifest_bytes;
    char digests[FILE_COUNT][DIGEST_TEXT_BYTES]; /* "" for no file */
};

static enum status take_digests(struct found *found, const struct run_files *files)
{
    enum status outcome = STATUS_OK;
    found->manifest_bytes = (uint64_t)files->files[MANIFEST].seen.st_size;
    for (size_t f = 0; f < FILE_COUNT && outcome == STATUS_OK; f++)
        if (files->files[f].path != NULL)
            outcome = digest_file_part(found->digests[f], files->files[f].path,
                                       f == MANIFEST ? found->manifest_bytes : UINT64_MAX);
    return outcome;
}

static enum status note(struct run_files *files, struct plan *plan, const struct found *found)
{
    char **const members[FILE_COUNT] = {
        &plan->digests.manifest,     &plan->digests.hubert,      &plan->digests.hubert_config,
        &plan->digests.kmeans,       &plan->digests.vit_vqgan,   &plan->digests.vit_vqgan_config,
        &plan->digests.clip,         &plan->digests.clip_config, &plan->digests.im2sp,
        &plan->digests.im2sp_config, &plan->digests.vocoder,     &plan->digests.vocoder_config,
        &plan->digests.init,
    };
    enum status outcome = STATUS_OK;
    files->files[MANIFEST].byte_count = found->manifest_bytes;
    plan->digests.manifest_bytes = (size_t)found->manifest_bytes;
    for (size_t f = 0; f < FILE_COUNT && outcome == STATUS_OK; f++) {
        memcpy(files->files[f].digest, found->digests[f], DIGEST_TEXT_BYTES);
        if (found->digests[f][0] != '\0')
            outcome = plan_set_text(members[f], found->digests[f]);
        else {
            free(*members[f]);
            *members[f] = NULL;
        }
    }
    return outcome;
}

enum status run_files_begin(struct run_files **out, struct plan *plan, const struct team *team)
{
    struct run_files *files = NULL;
    struct found found = { 0 };
    *out = NULL;
    enum status outcome = team_agree(team, "look at the plan's files", prepare(&files, plan));
    if (outcome == STATUS_OK)
        outcome = team_agree(team, "take digests of the plan's files",
                             team->rank == 0 ? take_digests(&found, files) : STATUS_OK);
    if (outcome == STATUS_OK) {
        team_broadcast(team, &found, sizeof found, 0);
        outcome = team_agree(team, "note digests", note(files, plan, &found));
    }
    if (outcome != STATUS_OK) {
        run_files_end(files);
        return outcome;
    }
    *out = files;
    return STATUS_OK;
}

enum status run_files_check(struct run_files *files)
{
    enum status outcome = STATUS_OK;
    for (size_t f = MANIFEST + 1; f < FILE_COUNT && outcome == STATUS_OK; f++)
        outcome = check_file(&files->files[f]);
    return outcome;
}

enum status run_files_check_manifest(struct run_files *files)
{
    return check_file(&files->files[MANIFEST]);
}

void run_files_end(struct run_files *files)
{
    for (size_t f = 0; files != NULL && f < FILE_COUNT; f++)
        free(files->files[f].path);
    free(files);
}

/* What was appended must not go on with the last line. */
static enum status ends_a_line(bool *ends, const char *path, size_t byte_count)
{
    FILE *file = NULL;
    const enum status outcome = file_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    *ends = fseeko(file, (off_t)byte_count - 1, SEEK_SET) == 0 &&
            (fgetc(file) == '\n' || fgetc(file) == '\n');
    fclose(file);
    return STATUS_OK;
}

enum status run_files_manifest_has_grown(bool *has_grown, const struct plan *plan,
                                         const struct plan *frozen)
{
    char digest[DIGEST_TEXT_BYTES];
    const size_t before = frozen->digests.manifest_bytes;
    *has_grown = false;
    if (frozen->digests.manifest == NULL || before == 0 || plan->digests.manifest_bytes <= before)
        return STATUS_OK;
    enum status outcome = digest_file_part(digest, plan->manifest, before);
    if (outcome == STATUS_OK && strcmp(digest, frozen->digests.manifest) == 0)
        outcome = ends_a_line(has_grown, plan->manifest, before);
    return outcome;
}
