#include "stages/scenes/scenes.h"

#include "cluster/stop.h"
#include "core/file.h"
#include "core/random.h"
#include "scenes/caption.h"
#include "scenes/draw.h"
#include "scenes/scene.h"
#include "storage/jpeg_image.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the data set lies. */
struct paths {
    char images[PATH_BYTES];
    char manifest[PATH_BYTES];
    char manifest_partial[PATH_BYTES];
    char truth[PATH_BYTES];
    char truth_partial[PATH_BYTES];
};

static enum status find_paths(struct paths *paths, const char *out)
{
    enum status outcome = path_join(paths->images, out, "images");
    if (outcome == STATUS_OK)
        outcome = path_join(paths->manifest, out, "manifest.jsonl");
    if (outcome == STATUS_OK)
        outcome = path_join(paths->manifest_partial, out, "manifest.jsonl.partial");
    if (outcome == STATUS_OK)
        outcome = path_join(paths->truth, out, "ground_truth.jsonl");
    if (outcome == STATUS_OK)
        outcome = path_join(paths->truth_partial, out, "ground_truth.jsonl.partial");
    return outcome;
}

/* Whether the data set of that many pictures has an entry of that name in its folder. */
static bool is_ours(const char *name, size_t count)
{
    static const char *const names[] = { "images", "manifest.jsonl", "manifest.jsonl.partial",
                                         "ground_truth.jsonl", "ground_truth.jsonl.partial" };
    (void)count;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Whether it has a picture of that name. */
static bool is_our_image(const char *name, size_t count)
{
    size_t number = 0, digits = 0;
    for (; digits < 6 && isdigit((unsigned char)name[digits]); digits++)
        number = 10 * number + (size_t)(name[digits] - '0');
    const char *ending = name + digits;
    const bool is_jpeg = strcmp(ending, ".jpg") == 0 || strcmp(ending, ".jpg.partial") == 0;
    return digits == 6 && is_jpeg && number >= 1 && number <= count;
}

static enum status check_entries(const char *folder, size_t count,
                                 bool (*is_expected)(const char *name, size_t count))
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return errno == ENOENT ? STATUS_OK : file_fail(folder, "cannot be read");
    enum status outcome = STATUS_OK;
    const struct dirent *entry;
    while (outcome == STATUS_OK && (entry = readdir(entries)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !is_expected(name, count))
            outcome = status_fail(STATUS_INVALID,
                                  "%s: holds %.80s, which is not of this data set; name an empty "
                                  "or a new folder",
                                  folder, name);
    }
    closedir(entries);
    return outcome;
}

static bool is_language(const char *name)
{
    bool is_found = false;
    for (unsigned l = 0; l < CAPTION_LANGUAGE_COUNT; l++)
        is_found |= strcmp(name, caption_language_name((enum caption_language)l)) == 0;
    return is_found;
}

static bool is_form(const char *name)
{
    bool is_found = strcmp(name, SCENE_FORM_THINGS) == 0;
    for (unsigned f = 0; f < CAPTION_FORM_COUNT; f++)
        is_found |= strcmp(name, caption_form_name((enum caption_form)f)) == 0;
    return is_found;
}

static enum status check_options(const struct scenes_options *options)
{
    if (options->out == NULL || options->out[0] == '\0')
        return status_fail(STATUS_INVALID, "no folder is named for the pictures");
    if (options->count < 1 || options->count > SCENES_COUNT_MAX)
        return status_fail(STATUS_INVALID, "%zu pictures: the count must be in 1..%d",
                           options->count, SCENES_COUNT_MAX);
    if (options->split != NULL && strcmp(options->split, "train") != 0 &&
        strcmp(options->split, "val") != 0 && strcmp(options->split, "test") != 0)
        return status_fail(STATUS_INVALID, "%.40s: the splits are train, val and test",
                           options->split);
    if (options->chosen.language != NULL && !is_language(options->chosen.language))
        return status_fail(STATUS_INVALID, "%.40s: there are captions in en and ar",
                           options->chosen.language);
    if (options->chosen.form != NULL && !is_form(options->chosen.form))
        return status_fail(
            STATUS_INVALID,
            "%.40s: captions have the forms list, sizes, relation, places, ground and things",
            options->chosen.form);
    if (options->chosen.wording > SCENE_WORDINGS)
        return status_fail(STATUS_INVALID, "wording %zu: no form has more than %d",
                           options->chosen.wording, SCENE_WORDINGS);
    return STATUS_OK;
}

/* How a picture is encoded: mostly as cameras and web sites do, in part as few do. */
static struct jpeg_image_options draw_encoder(const struct scene *scene, uint64_t seed,
                                              uint64_t index)
{
    struct random_stream stream = random_stream_numbered(seed, index, "encoder");
    const uint32_t chroma = random_below(&stream, 100);
    return (struct jpeg_image_options){
        .quality = 75 + (int)random_below(&stream, 21),
        .subsampling = chroma < 80   ? JPEG_420
                       : chroma < 93 ? JPEG_444
                                     : JPEG_422,
        .progressive = random_below(&stream, 100) < 12,
        .grayscale = scene->grayscale,
    };
}

static bool is_wanted(const struct scene *scene, const struct scenes_options *options)
{
    return options->split == NULL ||
           strcmp(options->split, scene_split_name(scene_split_of(scene))) == 0;
}

static enum status put_lines(FILE *manifest, FILE *truth, const struct paths *paths,
                             const struct scenes_options *options)
{
    struct json_writer *writer = json_writer_create();
    if (writer == NULL)
        return status_fail(STATUS_NO_MEMORY, "a JSON writer");
    json_writer_open_object(writer, NULL);
    json_writer_integer(writer, "unitmill_manifest", 1);
    json_writer_text(writer, "image_root", ".");
    json_writer_close(writer);
    enum status outcome = json_writer_print(writer, manifest, paths->manifest_partial);

    for (uint64_t index = 1; index <= options->count && outcome == STATUS_OK; index++) {
        struct scene scene;
        scene_compose(&scene, options->seed, index);
        if (!is_wanted(&scene, options))
            continue;
        const struct jpeg_image_options encoder = draw_encoder(&scene, options->seed, index);
        outcome = scene_lines_put_manifest(writer, manifest, paths->manifest_partial, &scene,
                                           options->seed, index, &options->chosen);
        if (outcome == STATUS_OK)
            outcome =
                scene_lines_put_truth(writer, truth, paths->truth_partial, &scene, &encoder, index);
    }
    json_writer_destroy(writer);
    return outcome;
}

static enum status close_lines(FILE *file, const char *path, enum status outcome)
{
    if (file != NULL && fclose(file) != 0 && outcome == STATUS_OK)
        outcome = file_fail(path, "cannot write");
    return outcome;
}

/* Writes both partial line files: they cost little beside the pictures, and tell whether the folder
 * holds another data set. */
static enum status write_lines(const struct paths *paths, const struct scenes_options *options)
{
    FILE *manifest = fopen(paths->manifest_partial, "we");
    if (manifest == NULL)
        return file_fail(paths->manifest_partial, "cannot create");
    enum status outcome = STATUS_OK;
    FILE *truth = fopen(paths->truth_partial, "we");
    if (truth == NULL)
        outcome = file_fail(paths->truth_partial, "cannot create");
    else
        outcome = put_lines(manifest, truth, paths, options);
    outcome = close_lines(manifest, paths->manifest_partial, outcome);
    return close_lines(truth, paths->truth_partial, outcome);
}

static bool is_same_text(FILE *a, FILE *b)
{
    char left[4096], right[4096];
    for (;;) {
        const size_t left_bytes = fread(left, 1, sizeof left, a);
        const size_t right_bytes = fread(right, 1, sizeof right, b);
        if (left_bytes != right_bytes || memcmp(left, right, left_bytes) != 0)
            return false;
        if (left_bytes < sizeof left)
            return ferror(a) == 0 && ferror(b) == 0;
    }
}

/* Refuses where a manifest is there already and is not the one just written. */
static enum status check_manifest(const struct paths *paths)
{
    if (!file_exists(paths->manifest))
        return STATUS_OK;
    FILE *old = fopen(paths->manifest, "re");
    FILE *new = fopen(paths->manifest_partial, "re");
    const bool is_same = old != NULL && new != NULL &&is_same_text(old, new);
    if (old != NULL)
        fclose(old);
    if (new != NULL)
        fclose(new);
    return is_same ? STATUS_OK
                   : status_fail(STATUS_INVALID,
                                 "%s: is of another data set (other options, or another version); "
                                 "name a new folder",
                                 paths->manifest);
}

static enum status write_bytes(FILE *file, const char *path, const uint8_t *bytes,
                               size_t byte_count)
{
    const bool is_written = fwrite(bytes, 1, byte_count, file) == byte_count;
    const int reason = errno;
    const bool is_closed = fclose(file) == 0;
    if (!is_written)
        errno = reason;
    return is_written && is_closed ? STATUS_OK : file_fail(path, "cannot write");
}

/* Whole or absent for whoever looks; flushing to the disk is left for the end, once for all. */
static enum status write_image(const struct paths *paths, uint64_t index, const uint8_t *bytes,
                               size_t byte_count)
{
    char path[PATH_BYTES], partial[PATH_BYTES], name[32], partial_name[48];
    snprintf(name, sizeof name, "%06zu.jpg", (size_t)index);
    snprintf(partial_name, sizeof partial_name, "%s.partial", name);
    enum status outcome = path_join(path, paths->images, name);
    if (outcome == STATUS_OK)
        outcome = path_join(partial, paths->images, partial_name);
    if (outcome != STATUS_OK)
        return outcome;

    FILE *file = fopen(partial, "we");
    if (file == NULL)
        return file_fail(partial, "cannot create");
    outcome = write_bytes(file, partial, bytes, byte_count);
    if (outcome == STATUS_OK && rename(partial, path) != 0)
        outcome = file_fail(path, "cannot rename to it");
    if (outcome != STATUS_OK)
        unlink(partial);
    return outcome;
}

static enum status make_image(const struct paths *paths, const struct scenes_options *options,
                              uint64_t index)
{
    const uint64_t seed = options->seed;
    struct scene scene;
    scene_compose(&scene, seed, index);
    if (!is_wanted(&scene, options))
        return STATUS_OK;
    const struct jpeg_image_options encoder = draw_encoder(&scene, seed, index);
    struct rgb_image image = { 0 };
    uint8_t *bytes = NULL;
    size_t byte_count = 0;

    enum status outcome =
        rgb_image_begin(&image, scene.width, scene.height, 0, "a picture of the data set");
    if (outcome == STATUS_OK)
        outcome = draw_scene(image.pixels, &scene, seed, index);
    if (outcome == STATUS_OK)
        outcome = jpeg_image_encode(&bytes, &byte_count, &image, &encoder);
    rgb_image_end(&image);
    if (outcome == STATUS_OK)
        outcome = write_image(paths, index, bytes, byte_count);
    free(bytes);
    return outcome;
}

static enum status make_images(const struct paths *paths, const struct scenes_options *options)
{
    enum status outcome = folder_make(paths->images);
    for (size_t done = 0; done < options->count && outcome == STATUS_OK; done++) {
        outcome = stop_check();
        if (outcome == STATUS_OK)
            outcome = make_image(paths, options, done + 1);
        if (outcome == STATUS_OK && options->tick != NULL)
            options->tick(options->payload, done + 1, options->count);
    }
    return outcome;
}

/* Flushes the pictures, then gives the line files their names, the manifest last. */
static enum status publish(const struct paths *paths)
{
    const int folder = open(paths->images, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return file_fail(paths->images, "cannot open");
    enum status outcome = STATUS_OK;
    if (syncfs(folder) != 0)
        outcome = file_fail(paths->images, "cannot flush");
    close(folder);
    if (outcome == STATUS_OK)
        outcome = file_publish(paths->truth);
    if (outcome == STATUS_OK)
        outcome = file_publish(paths->manifest);
    return outcome;
}

enum status scenes_make(const struct scenes_options *options)
{
    struct paths paths;
    enum status outcome = check_options(options);
    if (outcome == STATUS_OK)
        outcome = find_paths(&paths, options->out);
    if (outcome == STATUS_OK)
        outcome = check_entries(options->out, options->count, is_ours);
    if (outcome == STATUS_OK)
        outcome = check_entries(paths.images, options->count, is_our_image);
    if (outcome == STATUS_OK)
        outcome = folder_make(options->out);
    if (outcome != STATUS_OK)
        return outcome;

    outcome = write_lines(&paths, options);
    if (outcome == STATUS_OK)
        outcome = check_manifest(&paths);
    if (outcome == STATUS_OK)
        outcome = make_images(&paths, options);
    if (outcome == STATUS_OK)
        outcome = publish(&paths);
    if (outcome != STATUS_OK) {
        unlink(paths.manifest_partial);
        unlink(paths.truth_partial);
    }
    return outcome;
}
