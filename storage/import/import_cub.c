#include "storage/import/import_readers.h"

#include "core/file.h"
#include "storage/text_lines.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes, so that the order does not depend on the locale. */
static int compare_names(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

struct listing {
    struct dirent **entries;
    int count;
};

static enum status list(struct listing *listing, const char *folder)
{
    listing->count = scandir(folder, &listing->entries, is_visible, compare_names);
    if (listing->count >= 0)
        return STATUS_OK;
    *listing = (struct listing){ 0 };
    return file_fail(folder, "cannot list");
}

static void end_listing(struct listing *listing)
{
    for (int e = 0; e < listing->count; e++)
        free(listing->entries[e]);
    free(listing->entries);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static enum status add_captions(struct import_sink *sink, struct text_lines *lines, const char *key,
                                const char *name)
{
    bool is_there = false;
    enum status outcome = text_lines_next(&is_there, lines);
    while (outcome == STATUS_OK && is_there) {
        char place[IMPORT_PLACE_BYTES];
        snprintf(place, sizeof place, "/%.180s:%zu", name, lines->number);
        const struct import_caption caption = { .number = lines->number - 1, .text = lines->text };
        if (strlen(lines->text) != lines->bytes)
            import_sink_skip(sink, "text holds a control character", place);
        else if (lines->bytes > 0)
            outcome = import_sink_add_caption(sink, key, place, &caption);
        if (outcome == STATUS_OK)
            outcome = text_lines_next(&is_there, lines);
    }
    return outcome;
}

/* `name` is CLASS/NAME.txt. */
static enum status add_file(struct import_sink *sink, const char *path, const char *name)
{
    char key[PATH_BYTES], place[IMPORT_PLACE_BYTES];
    const size_t length = strlen(name);
    snprintf(place, sizeof place, "/%.200s", name);
    if (length < 4 || strcmp(name + length - 4, ".txt") != 0) {
        import_sink_skip(sink, "file that is no .txt", place);
        return STATUS_OK;
    }
    snprintf(key, sizeof key, "%.*s.jpg", (int)length - 4, name);
    const struct import_picture picture = { .path = key };
    struct text_lines lines;
    enum status outcome = text_lines_open(&lines, path, IMPORT_LINE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = import_sink_add_picture(sink, key, place, &picture);
    if (outcome == STATUS_OK)
        outcome = add_captions(sink, &lines, key, name);
    text_lines_close(&lines);
    return outcome;
}

static enum status add_class(struct import_sink *sink, const char *class_name)
{
    char folder[PATH_BYTES], path[PATH_BYTES], name[PATH_BYTES];
    struct listing files = { 0 };
    enum status outcome = path_join(folder, import_sink_input(sink), class_name);
    if (outcome == STATUS_OK && !is_folder(folder)) {
        snprintf(name, sizeof name, "/%.200s", class_name);
        import_sink_skip(sink, "file that is in no class's folder", name);
        return STATUS_OK;
    }
    if (outcome == STATUS_OK)
        outcome = list(&files, folder);
    for (int f = 0; f < files.count && outcome == STATUS_OK; f++) {
        outcome = path_join(path, folder, files.entries[f]->d_name);
        if (outcome == STATUS_OK)
            outcome = path_join(name, class_name, files.entries[f]->d_name);
        if (outcome == STATUS_OK)
            outcome = add_file(sink, path, name);
    }
    end_listing(&files);
    return outcome;
}

enum status import_cub(struct import_sink *sink)
{
    struct listing classes = { 0 };
    enum status outcome = list(&classes, import_sink_input(sink));
    for (int c = 0; c < classes.count && outcome == STATUS_OK; c++)
        outcome = add_class(sink, classes.entries[c]->d_name);
    end_listing(&classes);
    return outcome;
}
