#include "storage/import/import_readers.h"

#include "storage/import/import_json.h"
#include "storage/json_stream.h"

#include <jansson.h>
#include <string.h>

/* A caption: an entry of SpokenCOCO's "captions", or the whole entry of Places. */
static enum status add_caption(struct import_sink *sink, const json_t *item, const char *key,
                               const char *place)
{
    static const char *const text_keys[] = { "text", "asr_text", "caption", NULL };
    struct import_caption caption = { .number = IMPORT_NO_NUMBER };
    char speaker[IMPORT_JSON_NAME_BYTES];
    enum status outcome = import_json_text(&caption.audio, sink, item, place, "wav", true);
    const char *text_key = import_json_key(item, text_keys);
    if (outcome == STATUS_OK && text_key != NULL)
        outcome = import_json_text(&caption.text, sink, item, place, text_key, true);
    if (outcome == STATUS_OK)
        outcome = import_json_name(speaker, sink, item, place, "speaker", false);
    caption.speaker = speaker;
    return outcome == STATUS_OK ? import_sink_add_caption(sink, key, place, &caption) : outcome;
}

static enum status add_item(void *payload, const json_t *item, size_t index)
{
    struct import_sink *sink = payload;
    char place[IMPORT_PLACE_BYTES];
    const char *image = NULL;
    const json_t *captions = NULL;
    snprintf(place, sizeof place, ": data[%zu]", index);
    enum status outcome = import_json_text(&image, sink, item, place, "image", true);
    if (outcome != STATUS_OK)
        return outcome;
    const struct import_picture picture = { .path = image };
    outcome = import_sink_add_picture(sink, image, place, &picture);
    if (outcome != STATUS_OK)
        return outcome;
    if (json_object_get(item, "captions") == NULL)
        return add_caption(sink, item, image, place);
    outcome = import_json_list(&captions, sink, item, place, "captions");
    for (size_t c = 0; outcome == STATUS_OK && c < json_array_size(captions); c++) {
        snprintf(place, sizeof place, ": data[%zu].captions[%zu]", index, c);
        outcome = add_caption(sink, json_array_get(captions, c), image, place);
    }
    return outcome;
}

static enum status take_text(void *payload, const char *key, const char *text)
{
    if (strcmp(key, "image_base_path") == 0)
        return import_sink_set_images(payload, text);
    return strcmp(key, "audio_base_path") == 0 ? import_sink_set_audio(payload, text) : STATUS_OK;
}

enum status import_spoken(struct import_sink *sink)
{
    const struct json_stream_list data = { "data", true, add_item };
    const struct json_stream_reader reader = {
        .lists = &data, .list_count = 1, .text = take_text, .payload = sink
    };
    return json_stream_read(import_sink_input(sink), &reader);
}
