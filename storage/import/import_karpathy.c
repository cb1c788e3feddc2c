#include "storage/import/import_readers.h"

#include "core/file.h"
#include "storage/import/import_json.h"
#include "storage/json_stream.h"

#include <jansson.h>
#include <string.h>

struct picture {
    char path[PATH_BYTES];
    char split[IMPORT_JSON_NAME_BYTES];
    char id[IMPORT_JSON_NAME_BYTES];
};

static enum status read_picture(struct picture *picture, const struct import_sink *sink,
                                const json_t *item, const char *place)
{
    const char *folder = NULL, *name = NULL, *split = NULL;
    enum status outcome = import_json_text(&name, sink, item, place, "filename", true);
    if (outcome == STATUS_OK)
        outcome = import_json_text(&folder, sink, item, place, "filepath", false);
    if (outcome == STATUS_OK)
        outcome = import_json_text(&split, sink, item, place, "split", true);
    if (outcome == STATUS_OK)
        outcome = import_json_name(picture->id, sink, item, place, "cocoid", false);
    if (outcome == STATUS_OK)
        outcome = path_join(picture->path, folder == NULL ? "" : folder, name);
    if (outcome == STATUS_OK)
        snprintf(picture->split, sizeof picture->split, "%s", split);
    return outcome;
}

static enum status add_sentences(struct import_sink *sink, const json_t *item, const char *key,
                                 const char *place)
{
    const json_t *sentences = NULL;
    enum status outcome = import_json_list(&sentences, sink, item, place, "sentences");
    for (size_t s = 0; outcome == STATUS_OK && s < json_array_size(sentences); s++) {
        const json_t *sentence = json_array_get(sentences, s);
        char here[IMPORT_PLACE_BYTES];
        const char *text = NULL;
        snprintf(here, sizeof here, "%.128s.sentences[%zu]", place, s);
        outcome = import_json_text(&text, sink, sentence, here, "raw", true);
        const struct import_caption caption = { .number = import_json_number(sentence, "sentid"),
                                                .text = text };
        if (outcome == STATUS_OK)
            outcome = import_sink_add_caption(sink, key, here, &caption);
    }
    return outcome;
}

static enum status add_item(void *payload, const json_t *item, size_t index)
{
    struct import_sink *sink = payload;
    struct picture picture;
    char place[IMPORT_PLACE_BYTES];
    snprintf(place, sizeof place, ": images[%zu]", index);
    enum status outcome = read_picture(&picture, sink, item, place);
    if (outcome != STATUS_OK)
        return outcome;
    const enum import_restval restval = import_sink_options(sink)->restval;
    const bool is_restval = strcmp(picture.split, "restval") == 0;
    if (is_restval && restval == IMPORT_RESTVAL_SKIP) {
        import_sink_skip(sink, "restval picture, as --restval skip asks", place);
        return STATUS_OK;
    }
    const struct import_picture added = {
        .id = picture.id[0] != '\0' ? picture.id : NULL,
        .path = picture.path,
        .split = is_restval && restval == IMPORT_RESTVAL_TRAIN ? "train" : picture.split,
    };
    outcome = import_sink_add_picture(sink, picture.path, place, &added);
    return outcome == STATUS_OK ? add_sentences(sink, item, picture.path, place) : outcome;
}

enum status import_karpathy(struct import_sink *sink)
{
    const struct json_stream_list images = { "images", true, add_item };
    const struct json_stream_reader reader = { .lists = &images, .list_count = 1, .payload = sink };
    return json_stream_read(import_sink_input(sink), &reader);
}
