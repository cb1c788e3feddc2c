#include "storage/import/import_readers.h"

#include "storage/import/column_map.h"
#include "storage/import/import_json.h"
#include "storage/json_text.h"
#include "storage/text_lines.h"

#include <jansson.h>
#include <string.h>

static const struct json_limits limits = { .depth_max = 32, .value_max = 100000 };

struct object {
    struct import_sink *sink;
    const struct column_map *map;
    const json_t *json;
    const char *place;
};

/* The member that is the column, or NULL. */
static const char *member(const struct object *object, enum import_column column)
{
    return import_json_key(object->json, object->map->names[column]);
}

/* A column as text; NULL where it is absent and was not asked for. */
static enum status take(const char **text, const struct object *object, enum import_column column)
{
    const char *key = member(object, column);
    *text = NULL;
    return key == NULL
               ? STATUS_OK
               : import_json_text(text, object->sink, object->json, object->place, key, true);
}

static enum status take_caption(struct import_caption *caption, const struct object *object)
{
    *caption = (struct import_caption){ .number = IMPORT_NO_NUMBER };
    enum status outcome = take(&caption->language, object, COLUMN_LANGUAGE);
    if (outcome == STATUS_OK)
        outcome = take(&caption->speaker, object, COLUMN_SPEAKER);
    if (outcome == STATUS_OK)
        outcome = take(&caption->audio, object, COLUMN_AUDIO);
    return outcome;
}

/* The text, or each of a list of texts. */
static enum status add_captions(const struct object *object, const char *key,
                                struct import_caption caption)
{
    const char *text_key = member(object, COLUMN_TEXT);
    const json_t *list = text_key == NULL ? NULL : json_object_get(object->json, text_key);
    enum status outcome = STATUS_OK;
    if (!json_is_array(list)) {
        outcome = take(&caption.text, object, COLUMN_TEXT);
        return outcome == STATUS_OK
                   ? import_sink_add_caption(object->sink, key, object->place, &caption)
                   : outcome;
    }
    if (caption.audio != NULL)
        return import_sink_fail(object->sink, object->place, "several texts for one audio");
    for (size_t t = 0; t < json_array_size(list) && outcome == STATUS_OK; t++) {
        const json_t *text = json_array_get(list, t);
        caption.text = json_string_value(text);
        if (caption.text == NULL || strlen(caption.text) != json_string_length(text))
            return import_sink_fail(object->sink, object->place, "\"%.60s\" holds what is no text",
                                    text_key);
        outcome = import_sink_add_caption(object->sink, key, object->place, &caption);
    }
    return outcome;
}

static enum status add_object(const struct object *object)
{
    struct import_picture picture = { 0 };
    struct import_caption caption;
    char id[IMPORT_JSON_NAME_BYTES] = "";
    const char *id_key = member(object, COLUMN_ID);
    if (!json_is_object(object->json))
        return import_sink_fail(object->sink, object->place, "not an object");
    enum status outcome = take(&picture.path, object, COLUMN_IMAGE);
    if (outcome == STATUS_OK)
        outcome = take(&picture.split, object, COLUMN_SPLIT);
    if (outcome == STATUS_OK && id_key != NULL)
        outcome = import_json_name(id, object->sink, object->json, object->place, id_key, true);
    if (outcome == STATUS_OK)
        outcome = take_caption(&caption, object);
    if (outcome != STATUS_OK)
        return outcome;
    picture.id = id[0] != '\0' ? id : NULL;
    const char *key = picture.path != NULL ? picture.path : caption.audio;
    if (key == NULL) {
        import_sink_skip(object->sink, "object without a picture", object->place);
        return STATUS_OK;
    }
    outcome = import_sink_add_picture(object->sink, key, object->place, &picture);
    return outcome == STATUS_OK ? add_captions(object, key, caption) : outcome;
}

static enum status add_line(struct import_sink *sink, const struct column_map *map,
                            const struct text_lines *lines)
{
    char place[IMPORT_PLACE_BYTES], name[STATUS_TEXT_BYTES];
    json_t *json = NULL;
    if (strspn(lines->text, " \t\r") == lines->bytes)
        return STATUS_OK;
    snprintf(place, sizeof place, ":%zu", lines->number);
    snprintf(name, sizeof name, "%.400s:%zu", lines->path, lines->number);
    if (json_text_parse(&json, lines->text, lines->bytes, &limits, name) != STATUS_OK)
        return STATUS_INVALID;
    const struct object object = { sink, map, json, place };
    const enum status outcome = add_object(&object);
    json_decref(json);
    return outcome;
}

enum status import_jsonl(struct import_sink *sink)
{
    struct text_lines lines = { 0 };
    struct column_map map;
    bool is_there = false;
    enum status outcome = column_map_read(&map, &import_sink_options(sink)->columns);
    if (outcome == STATUS_OK)
        outcome = text_lines_open(&lines, import_sink_input(sink), IMPORT_LINE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = text_lines_next(&is_there, &lines);
    while (outcome == STATUS_OK && is_there) {
        outcome = add_line(sink, &map, &lines);
        if (outcome == STATUS_OK)
            outcome = text_lines_next(&is_there, &lines);
    }
    text_lines_close(&lines);
    return outcome;
}
