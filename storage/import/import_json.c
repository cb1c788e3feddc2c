#include "storage/import/import_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The member, NULL where it is absent or null and may be. */
static enum status find(const json_t **value, const struct import_sink *sink, const json_t *object,
                        const char *place, const char *key, bool is_required)
{
    *value = NULL;
    if (!json_is_object(object))
        return import_sink_fail(sink, place, "not an object");
    const json_t *found = json_object_get(object, key);
    if (found != NULL && !json_is_null(found))
        *value = found;
    else if (is_required)
        return import_sink_fail(sink, place, "\"%s\" is missing", key);
    return STATUS_OK;
}

static enum status take_text(const char **text, const struct import_sink *sink, const json_t *value,
                             const char *place, const char *key)
{
    *text = json_string_value(value);
    if (*text == NULL)
        return import_sink_fail(sink, place, "\"%s\" is not a text", key);
    if (strlen(*text) != json_string_length(value))
        return import_sink_fail(sink, place, "\"%s\" holds a zero character", key);
    return STATUS_OK;
}

enum status import_json_text(const char **text, const struct import_sink *sink,
                             const json_t *object, const char *place, const char *key,
                             bool is_required)
{
    const json_t *value = NULL;
    *text = NULL;
    const enum status outcome = find(&value, sink, object, place, key, is_required);
    return outcome == STATUS_OK && value != NULL ? take_text(text, sink, value, place, key)
                                                 : outcome;
}

enum status import_json_name(char name[IMPORT_JSON_NAME_BYTES], const struct import_sink *sink,
                             const json_t *object, const char *place, const char *key,
                             bool is_required)
{
    const json_t *value = NULL;
    const char *text = NULL;
    name[0] = '\0';
    enum status outcome = find(&value, sink, object, place, key, is_required);
    if (outcome != STATUS_OK || value == NULL)
        return outcome;
    if (json_is_integer(value)) {
        snprintf(name, IMPORT_JSON_NAME_BYTES, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return STATUS_OK;
    }
    outcome = take_text(&text, sink, value, place, key);
    if (outcome == STATUS_OK)
        snprintf(name, IMPORT_JSON_NAME_BYTES, "%s", text);
    return outcome;
}

const char *import_json_key(const json_t *object, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        const json_t *value = json_object_get(object, *keys);
        if (value != NULL && !json_is_null(value))
            return *keys;
    }
    return NULL;
}

uint64_t import_json_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return (uint64_t)json_integer_value(value);
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == '\0' || strlen(text) > 18 ||
        text[strspn(text, "0123456789")] != '\0')
        return IMPORT_NO_NUMBER;
    return strtoull(text, NULL, 10);
}

enum status import_json_list(const json_t **list, const struct import_sink *sink,
                             const json_t *object, const char *place, const char *key)
{
    const enum status outcome = find(list, sink, object, place, key, true);
    if (outcome == STATUS_OK && !json_is_array(*list))
        return import_sink_fail(sink, place, "\"%s\" is not a list", key);
    return outcome;
}
