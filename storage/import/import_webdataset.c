#include "storage/import/import_readers.h"

#include "core/file.h"
#include "storage/extract_folder.h"
#include "storage/import/import_json.h"
#include "storage/json_text.h"
#include "storage/tar_members.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 1 << 20, ENDING_BYTES = 32 };

static const uint64_t FILE_BYTES_MAX = 256 << 20;

static const struct json_limits limits = { .depth_max = 32, .value_max = 100000 };

enum kind { KIND_NONE, KIND_PICTURE, KIND_TEXT, KIND_JSON, KIND_AUDIO };

static const struct {
    const char *ending;
    enum kind kind;
} endings[] = { { "jpg", KIND_PICTURE }, { "jpeg", KIND_PICTURE }, { "png", KIND_PICTURE },
                { "txt", KIND_TEXT },    { "caption", KIND_TEXT }, { "json", KIND_JSON },
                { "wav", KIND_AUDIO },   { "flac", KIND_AUDIO },   { "ogg", KIND_AUDIO },
                { "mp3", KIND_AUDIO } };

/* The members of one key that stand beside each other. */
struct record {
    char key[PATH_BYTES]; /* below the extract folder, with the archive's name; empty before any */
    char place[IMPORT_PLACE_BYTES];
    char picture[PATH_BYTES], audio[PATH_BYTES]; /* likewise; empty where there is none */
    char *text, *json_text;                      /* owned; NULL where there is none */
};

struct reading {
    struct import_sink *sink;
    struct tar_members *members;
    int folder;
    char archive_name[PATH_BYTES]; /* without folder and ending */
    struct record record;
};

static enum kind kind_of(const char *ending)
{
    for (size_t e = 0; e < sizeof endings / sizeof endings[0]; e++)
        if (strcasecmp(endings[e].ending, ending) == 0)
            return endings[e].kind;
    return KIND_NONE;
}

/* The caption among the members of the .json; NULL where there is none. */
static const char *caption_of(const json_t *object)
{
    static const char *const keys[] = { "caption", "text", NULL };
    const char *key = import_json_key(object, keys);
    return key == NULL ? NULL : json_string_value(json_object_get(object, key));
}

static enum status add_caption(struct reading *reading, const char *text)
{
    const struct record *record = &reading->record;
    const struct import_picture picture = { .path = record->picture[0] != '\0' ? record->picture
                                                                               : NULL };
    const struct import_caption caption = { .number = IMPORT_NO_NUMBER,
                                            .text = text,
                                            .audio =
                                                record->audio[0] != '\0' ? record->audio : NULL };
    enum status outcome =
        import_sink_add_picture(reading->sink, record->key, record->place, &picture);
    if (outcome == STATUS_OK && (text != NULL || caption.audio != NULL))
        outcome = import_sink_add_caption(reading->sink, record->key, record->place, &caption);
    return outcome;
}

static enum status end_record(struct reading *reading)
{
    struct record *record = &reading->record;
    json_t *json = NULL;
    enum status outcome = STATUS_OK;
    if (record->json_text != NULL &&
        json_text_parse(&json, record->json_text, strlen(record->json_text), &limits, "") !=
            STATUS_OK)
        import_sink_skip(reading->sink, ".json member that is not JSON", record->place);
    if (record->key[0] == '\0')
        outcome = STATUS_OK;
    else if (record->picture[0] == '\0' && record->audio[0] == '\0')
        import_sink_skip(reading->sink, "key without picture and without audio", record->place);
    else
        outcome = add_caption(reading, record->text != NULL ? record->text : caption_of(json));
    json_decref(json);
    free(record->text);
    free(record->json_text);
    *record = (struct record){ .text = NULL };
    return outcome;
}

/* Puts the member in hand onto the disk. */
static enum status extract(struct reading *reading, const char *path)
{
    FILE *file = NULL;
    enum status outcome = extract_folder_begin(&file, reading->folder, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = tar_members_copy(reading->members, file, path);
    return extract_folder_end(file, reading->folder, path, outcome);
}

static enum status take_file(struct reading *reading, char held[PATH_BYTES], const char *ending)
{
    char path[PATH_BYTES];
    if (held[0] != '\0') {
        import_sink_skip(reading->sink, "key with a second picture or a second audio",
                         reading->record.place);
        return STATUS_OK;
    }
    if (snprintf(path, sizeof path, "%s.%s", reading->record.key, ending) >= PATH_BYTES)
        return import_sink_fail(reading->sink, reading->record.place, "path too long");
    const enum status outcome = extract(reading, path);
    if (outcome == STATUS_OK)
        memcpy(held, path, sizeof path);
    return outcome;
}

static enum status take_text(struct reading *reading, char **held)
{
    char *text = NULL;
    size_t bytes = 0;
    const enum status outcome = tar_members_read(&text, &bytes, reading->members, TEXT_BYTES_MAX);
    if (outcome != STATUS_OK)
        return outcome;
    if (*held != NULL || strlen(text) != bytes) {
        import_sink_skip(reading->sink, "text that stands twice or holds a zero byte",
                         reading->record.place);
        free(text);
        return STATUS_OK;
    }
    *held = text;
    return STATUS_OK;
}

static enum status take_member(struct reading *reading, const struct tar_member *member,
                               const char *ending)
{
    struct record *record = &reading->record;
    const enum kind kind = kind_of(ending);
    const bool is_text = kind == KIND_TEXT || kind == KIND_JSON;
    if (kind == KIND_NONE) {
        import_sink_skip(reading->sink, "member that is no picture, text, JSON or audio",
                         record->place);
        return STATUS_OK;
    }
    if (member->byte_count > (is_text ? TEXT_BYTES_MAX : FILE_BYTES_MAX)) {
        import_sink_skip(reading->sink, "member that is too large", record->place);
        return STATUS_OK;
    }
    if (is_text)
        return take_text(reading, kind == KIND_TEXT ? &record->text : &record->json_text);
    return take_file(reading, kind == KIND_PICTURE ? record->picture : record->audio, ending);
}

/* Cuts a member's name into the key, all up to the first dot of its last component, and what
 * follows.
 */
static bool cut_name(char key[PATH_BYTES], char ending[ENDING_BYTES], const struct reading *reading,
                     const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    const char *dot = strchr(path_name(name), '.');
    if (dot == NULL || dot == path_name(name) || strlen(dot + 1) >= ENDING_BYTES)
        return false;
    snprintf(ending, ENDING_BYTES, "%s", dot + 1);
    return snprintf(key, PATH_BYTES, "%s/%.*s", reading->archive_name, (int)(dot - name), name) <
               PATH_BYTES - ENDING_BYTES &&
           extract_folder_takes(key);
}

static enum status add_member(struct reading *reading, const struct tar_member *member)
{
    struct record *record = &reading->record;
    char key[PATH_BYTES], ending[ENDING_BYTES], place[IMPORT_PLACE_BYTES];
    enum status outcome = STATUS_OK;
    snprintf(place, sizeof place, ": %.200s", member->name);
    if (member->is_folder)
        return STATUS_OK;
    if (!member->is_file) {
        import_sink_skip(reading->sink, "member that is a link or a device", place);
        return STATUS_OK;
    }
    if (!cut_name(key, ending, reading, member->name)) {
        import_sink_skip(reading->sink, "member whose name has no ending or leaves the folder",
                         place);
        return STATUS_OK;
    }
    if (strcmp(key, record->key) != 0) {
        outcome = end_record(reading);
        memcpy(record->key, key, sizeof key);
    }
    memcpy(record->place, place, sizeof place);
    return outcome == STATUS_OK ? take_member(reading, member, ending) : outcome;
}

static enum status read_members(struct reading *reading)
{
    struct tar_member member;
    bool is_there = false;
    enum status outcome = tar_members_next(&is_there, &member, reading->members);
    while (outcome == STATUS_OK && is_there) {
        outcome = add_member(reading, &member);
        if (outcome == STATUS_OK)
            outcome = tar_members_next(&is_there, &member, reading->members);
    }
    return outcome == STATUS_OK ? end_record(reading) : outcome;
}

/* "00017" of "shards/00017.tar.gz". Two archives of one name would share a folder. */
static enum status name_archive(char name[PATH_BYTES], const struct import_sink *sink,
                                const char *input)
{
    const char *last = path_name(input);
    const size_t length = strcspn(last, ".");
    if (length == 0)
        return import_sink_fail(sink, "", "a name of no letters before its ending");
    snprintf(name, PATH_BYTES, "%.*s", (int)length, last);
    return STATUS_OK;
}

static enum status check_names(const struct reading *reading)
{
    const struct import_options *options = import_sink_options(reading->sink);
    char other[PATH_BYTES];
    enum status outcome = STATUS_OK;
    for (size_t i = 0; i < options->input_count && outcome == STATUS_OK; i++) {
        if (options->inputs[i] == import_sink_input(reading->sink))
            break;
        outcome = name_archive(other, reading->sink, options->inputs[i]);
        if (outcome == STATUS_OK && strcmp(other, reading->archive_name) == 0)
            return import_sink_fail(
                reading->sink, "",
                "an input before has the same name; import it to another folder");
    }
    return outcome;
}

/* The files are on the disk before the manifest names them. */
static enum status flush(const struct reading *reading, enum status outcome)
{
    if (outcome == STATUS_OK && syncfs(reading->folder) != 0)
        outcome = file_fail(import_sink_options(reading->sink)->extract, "cannot flush");
    close(reading->folder);
    return outcome;
}

enum status import_webdataset(struct import_sink *sink)
{
    struct reading reading = { .sink = sink, .folder = -1 };
    import_sink_expect_once(sink);
    enum status outcome = name_archive(reading.archive_name, sink, import_sink_input(sink));
    if (outcome == STATUS_OK)
        outcome = check_names(&reading);
    if (outcome == STATUS_OK)
        outcome = tar_members_open(&reading.members, import_sink_input(sink));
    if (outcome == STATUS_OK)
        outcome = extract_folder_open(&reading.folder, import_sink_options(sink)->extract);
    if (outcome == STATUS_OK)
        outcome = read_members(&reading);
    if (reading.folder >= 0)
        outcome = flush(&reading, outcome);
    free(reading.record.text);
    free(reading.record.json_text);
    tar_members_close(reading.members);
    return outcome;
}
