#include "stages/submit/sample_run.h"

#include "core/log.h"
#include "core/program.h"
#include "stages/stage_table.h"
#include "storage/json.h"
#include "storage/manifest.h"

#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_MAX = 2 * OPTION_TEXTS_MAX + 24 };

/* The sample's folder and what its commands are started with. */
struct sample {
    char folder[PATH_BYTES], run[PATH_BYTES], self[PATH_BYTES];
    char manifest_set[PATH_BYTES + 32], run_set[PATH_BYTES + 32];
    char captions_set[64], images_set[64], ranks[24];
    const char *plan_path;
    const struct option_texts *overrides;
};

static void write_picture(struct json_writer *writer, const struct manifest *manifest, size_t image)
{
    const struct manifest_image *picture = &manifest->images[image];
    json_writer_open_object(writer, NULL);
    json_writer_text(writer, "id", picture->id);
    if (picture->path[0] != '\0')
        json_writer_text(writer, "image", picture->path);
    json_writer_text(writer, "split", picture->split);
    json_writer_open_array(writer, "captions");
    for (size_t c = 0; c < picture->caption_count; c++) {
        const struct manifest_caption *caption = &manifest->captions[picture->first_caption + c];
        json_writer_open_object(writer, NULL);
        json_writer_text(writer, "id", caption->id);
        json_writer_text(writer, "text", caption->text);
        json_writer_text(writer, "language", caption->language);
        if (caption->speaker != NULL)
            json_writer_text(writer, "speaker", caption->speaker);
        if (caption->audio != NULL)
            json_writer_text(writer, "audio", caption->audio);
        json_writer_close(writer);
    }
    json_writer_close(writer);
    json_writer_close(writer);
}

static void write_root(struct json_writer *writer, const char *key, const char *root)
{
    char absolute[PATH_BYTES];
    if (realpath(root, absolute) != NULL) /* else nothing lies in it */
        json_writer_text(writer, key, absolute);
}

static enum status write_roots(struct json_writer *writer, FILE *file,
                               const struct manifest *manifest, const char *path)
{
    json_writer_open_object(writer, NULL);
    json_writer_integer(writer, "unitmill_manifest", 1);
    write_root(writer, "image_root", manifest->image_root);
    write_root(writer, "audio_root", manifest->audio_root);
    json_writer_close(writer);
    return json_writer_print(writer, file, path);
}

/* Records that cannot be used are left out: what they take does not count. */
static enum status write_lines(struct sample_run *out, FILE *file, const struct manifest *manifest,
                               const char *path, size_t pictures)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    enum status outcome = write_roots(writer, file, manifest, path);
    const size_t step = manifest->image_count / pictures;
    for (size_t p = 0; p < pictures && outcome == STATUS_OK; p++) {
        const struct manifest_image *picture = &manifest->images[p * step];
        bool is_usable = picture->reject == NULL;
        for (size_t c = 0; c < picture->caption_count; c++)
            is_usable = is_usable && manifest->captions[picture->first_caption + c].reject == NULL;
        if (!is_usable)
            continue;
        write_picture(writer, manifest, p * step);
        outcome = json_writer_print(writer, file, path);
        out->pictures++;
        out->captions += picture->caption_count;
    }
    json_writer_destroy(writer);
    return outcome;
}

static enum status write_manifest(struct sample_run *out, const struct sample *sample,
                                  const struct plan *plan, size_t pictures)
{
    struct manifest manifest;
    char path[PATH_BYTES];
    enum status outcome = path_join(path, sample->folder, "manifest.jsonl");
    if (outcome == STATUS_OK)
        outcome = manifest_read(&manifest, plan->manifest);
    if (outcome != STATUS_OK)
        return outcome;
    FILE *file = fopen(path, "w");
    if (file == NULL)
        outcome = file_fail(path, "cannot write");
    else {
        if (pictures > manifest.image_count)
            pictures = manifest.image_count;
        outcome = pictures == 0 ? STATUS_OK : write_lines(out, file, &manifest, path, pictures);
        if (fclose(file) != 0 && outcome == STATUS_OK)
            outcome = file_fail(path, "cannot write");
    }
    manifest_end(&manifest);
    if (outcome == STATUS_OK && (out->pictures == 0 || out->captions == 0))
        outcome = status_fail(STATUS_INVALID, "%s: nothing in it to measure with", plan->manifest);
    return outcome;
}

/* Shards no larger than the plan's, and some for each rank. */
static size_t shard_records(size_t records, size_t ranks, size_t planned)
{
    const size_t records_wanted = records / (3 * ranks);
    return records_wanted == 0 ? 1 : records_wanted < planned ? records_wanted : planned;
}

static enum status prepare(struct sample *sample, struct sample_run *out, const struct plan *plan,
                           size_t pictures)
{
    const char *parent = getenv("TMPDIR");
    enum status outcome =
        path_join(sample->folder, parent == NULL || parent[0] == '\0' ? "/tmp" : parent,
                  "unitmill-sample-XXXXXX");
    if (outcome == STATUS_OK && mkdtemp(sample->folder) == NULL) {
        outcome = file_fail(sample->folder, "cannot make a folder");
        sample->folder[0] = '\0';
    }
    if (outcome == STATUS_OK)
        outcome = path_join(sample->run, sample->folder, "run");
    if (outcome == STATUS_OK &&
        readlink("/proc/self/exe", sample->self, sizeof sample->self - 1) <= 0)
        outcome = file_fail("/proc/self/exe", "cannot find myself");
    if (outcome == STATUS_OK)
        outcome = write_manifest(out, sample, plan, pictures);
    snprintf(sample->manifest_set, sizeof sample->manifest_set, "manifest=%s/manifest.jsonl",
             sample->folder);
    snprintf(sample->run_set, sizeof sample->run_set, "run=%s", sample->run);
    snprintf(sample->captions_set, sizeof sample->captions_set, "shard_captions=%zu",
             shard_records(out->captions, out->ranks, plan->shard_captions));
    snprintf(sample->images_set, sizeof sample->images_set, "shard_images=%zu",
             shard_records(out->pictures, out->ranks, plan->shard_images));
    snprintf(sample->ranks, sizeof sample->ranks, "%zu", out->ranks);
    return outcome;
}

/* The line that says why, of all that a command said. */
static enum status fail_stage(const struct stage *stage, char *said)
{
    const char *reason = "no reason told";
    char *line;
    while ((line = strsep(&said, "\n")) != NULL)
        if (strncmp(line, "unitmill ", 9) == 0)
            reason = line;
    return status_fail(STATUS_IO, "the sample ends at %s, so give --rate for it: %s", stage->name,
                       reason);
}

static enum status run_once(struct program_result *result, const struct sample *sample,
                            const struct stage *stage)
{
    char *command[COMMAND_MAX] = {
        (char *)sample->self, (char *)stage->name, (char *)sample->plan_path, "--quiet", "--ranks",
        (char *)sample->ranks
    };
    const char *const own[] = { sample->manifest_set, sample->run_set, sample->captions_set,
                                sample->images_set };
    size_t count = 6;
    for (size_t o = 0; o < sample->overrides->count; o++) {
        command[count++] = "--set";
        command[count++] = (char *)sample->overrides->items[o];
    }
    for (size_t o = 0; o < sizeof own / sizeof own[0]; o++) {
        command[count++] = "--set";
        command[count++] = (char *)own[o];
    }
    const enum status outcome = program_run(result, command);
    return outcome == STATUS_OK && result->exit_code != 0 ? fail_stage(stage, result->errors)
                                                          : outcome;
}

/* Of a file, or of the files in a folder. */
static uint64_t bytes_of(const struct sample *sample, const char *name)
{
    char path[PATH_BYTES], file[PATH_BYTES];
    uint64_t bytes = 0;
    if (path_join(path, sample->run, name) != STATUS_OK)
        return 0;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return file_bytes(path);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.' && path_join(file, path, entry->d_name) == STATUS_OK)
            bytes += file_bytes(file);
    closedir(folder);
    return bytes;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)place;
    return kind == FTW_DP ? rmdir(path) : unlink(path);
}

static enum status measure(struct stage_measure *out, const struct sample *sample,
                           const struct stage *stage)
{
    struct program_result first = { 0 }, second = { 0 };
    enum status outcome = run_once(&first, sample, stage);
    if (outcome == STATUS_OK)
        outcome = run_once(&second, sample, stage);
    out->start_seconds = second.seconds;
    out->work_seconds = first.seconds - second.seconds;
    if (out->work_seconds < 1e-3)
        out->work_seconds = 1e-3;
    out->rank_mib = (double)first.peak_kib / 1024;
    out->bytes = bytes_of(sample, stage->path);
    program_end(&first);
    program_end(&second);
    return outcome;
}

enum status sample_run_measure(struct sample_run *out, const struct plan *plan,
                               const char *plan_path, const struct option_texts *overrides,
                               size_t pictures, size_t ranks)
{
    struct sample sample = { .plan_path = plan_path, .overrides = overrides };
    *out = (struct sample_run){ .ranks = ranks };
    enum status outcome = prepare(&sample, out, plan, pictures);
    for (size_t s = 0; s < stage_count && outcome == STATUS_OK; s++) {
        const struct stage *stage = &stage_table[s];
        if (stage->output == STAGE_MODEL) /* what training takes does not follow from a sample */
            continue;
        if (stage->is_planned != NULL && !stage->is_planned(plan))
            continue;
        log_say("measuring %s on %zu pictures with %zu captions", stage->name, out->pictures,
                out->captions);
        outcome = measure(&out->stages[s], &sample, stage);
    }
    if (sample.folder[0] != '\0')
        nftw(sample.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return outcome;
}
