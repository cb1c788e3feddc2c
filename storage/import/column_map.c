#include "storage/import/column_map.h"

#include <string.h>

static const struct {
    const char *key;
    const char *aliases[COLUMN_NAMES_MAX];
} known[COLUMN_COUNT] = {
    [COLUMN_IMAGE] = { "image", { "image", "image_path", "filepath", "filename" } },
    [COLUMN_TEXT] = { "text", { "text", "caption", "captions", "title" } },
    [COLUMN_ID] = { "id", { "id", "image_id" } },
    [COLUMN_SPLIT] = { "split", { "split" } },
    [COLUMN_LANGUAGE] = { "language", { "language", "lang" } },
    [COLUMN_SPEAKER] = { "speaker", { "speaker" } },
    [COLUMN_AUDIO] = { "audio", { "audio", "audio_path", "audio_filepath", "wav" } },
};

static enum status take(struct column_map *map, const char *text)
{
    const char *equals = strchr(text, '=');
    const size_t length = equals == NULL ? 0 : (size_t)(equals - text);
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        if (length == 0 || strlen(known[c].key) != length ||
            strncmp(known[c].key, text, length) != 0)
            continue;
        if (equals[1] == '\0')
            break;
        map->names[c][0] = equals + 1;
        map->names[c][1] = NULL;
        map->is_asked[c] = true;
        return STATUS_OK;
    }
    return status_fail(STATUS_INVALID,
                       "--map %.60s: expected KEY=COLUMN, where KEY is image, text, id, split, "
                       "language, speaker or audio",
                       text);
}

enum status column_map_read(struct column_map *map, const struct option_texts *texts)
{
    enum status outcome = STATUS_OK;
    *map = (struct column_map){ 0 };
    for (size_t c = 0; c < COLUMN_COUNT; c++)
        memcpy(map->names[c], known[c].aliases, sizeof map->names[c]);
    for (size_t t = 0; t < texts->count && outcome == STATUS_OK; t++)
        outcome = take(map, texts->items[t]);
    return outcome;
}

const char *column_map_key(enum import_column column)
{
    return known[column].key;
}
