#include "storage/import/import_readers.h"

#include "core/file.h"
#include "storage/import/import_json.h"
#include "storage/json_stream.h"

#include <jansson.h>
#include <string.h>

enum { FOLDER_BYTES = 16, KEY_BYTES = IMPORT_JSON_NAME_BYTES + 24 };

struct reading {
    struct import_sink *sink;
    char folder[FOLDER_BYTES]; /* "train2014"; empty where the input's name tells none */
};

/* The images of captions_train2014.json lie in train2014. */
static void find_folder(char folder[FOLDER_BYTES], const char *input)
{
    static const char *const splits[] = { "train", "val", "test" };
    const char *name = path_name(input);
    folder[0] = '\0';
    for (size_t s = 0; s < sizeof splits / sizeof splits[0]; s++) {
        const char *at = strstr(name, splits[s]);
        const size_t length = strlen(splits[s]);
        if (at != NULL && strspn(at + length, "0123456789") == 4) {
            snprintf(folder, FOLDER_BYTES, "%.*s", (int)length + 4, at);
            return;
        }
    }
}

/* Numbers of one input may be those of another. */
static void write_key(char key[KEY_BYTES], const struct reading *reading, const char *id)
{
    snprintf(key, KEY_BYTES, "%s/%s", reading->folder, id);
}

static enum status add_image(void *payload, const json_t *item, size_t index)
{
    struct reading *reading = payload;
    char place[IMPORT_PLACE_BYTES], id[IMPORT_JSON_NAME_BYTES], key[KEY_BYTES], path[PATH_BYTES];
    const char *name = NULL;
    snprintf(place, sizeof place, ": images[%zu]", index);
    enum status outcome = import_json_name(id, reading->sink, item, place, "id", true);
    if (outcome == STATUS_OK)
        outcome = import_json_text(&name, reading->sink, item, place, "file_name", true);
    if (outcome == STATUS_OK)
        outcome = path_join(path, strchr(name, '/') == NULL ? reading->folder : "", name);
    if (outcome != STATUS_OK)
        return outcome;
    write_key(key, reading, id);
    const struct import_picture picture = { .id = id, .path = path };
    return import_sink_add_picture(reading->sink, key, place, &picture);
}

static enum status add_annotation(void *payload, const json_t *item, size_t index)
{
    struct reading *reading = payload;
    char place[IMPORT_PLACE_BYTES], id[IMPORT_JSON_NAME_BYTES], key[KEY_BYTES];
    const char *text = NULL;
    snprintf(place, sizeof place, ": annotations[%zu]", index);
    enum status outcome = import_json_name(id, reading->sink, item, place, "image_id", true);
    if (outcome == STATUS_OK)
        outcome = import_json_text(&text, reading->sink, item, place, "caption", true);
    if (outcome != STATUS_OK)
        return outcome;
    write_key(key, reading, id);
    const struct import_caption caption = { .number = import_json_number(item, "id"),
                                            .text = text };
    return import_sink_add_caption(reading->sink, key, place, &caption);
}

enum status import_coco(struct import_sink *sink)
{
    static const struct json_stream_list lists[] = { { "images", true, add_image },
                                                     { "annotations", true, add_annotation } };
    struct reading reading = { .sink = sink };
    const struct json_stream_reader reader = { .lists = lists,
                                               .list_count = 2,
                                               .payload = &reading };
    find_folder(reading.folder, import_sink_input(sink));
    return json_stream_read(import_sink_input(sink), &reader);
}
