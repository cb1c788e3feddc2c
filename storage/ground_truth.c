#include "storage/ground_truth.h"

#include "core/file.h"
#include "storage/json_text.h"
#include "storage/text_lines.h"

#include <jansson.h>

enum { LINE_BYTES_MAX = 1 << 20, DEPTH_MAX = 16, VALUES_MAX = 1 << 16 };

static enum status take_line(const char *name, const struct text_lines *lines,
                             enum status (*take)(void *payload,
                                                 const struct ground_truth_object *object),
                             void *payload)
{
    const struct json_limits limits = { .depth_max = DEPTH_MAX, .value_max = VALUES_MAX };
    json_t *line = NULL, *member;
    size_t o;
    enum status outcome = json_text_parse(&line, lines->text, lines->bytes, &limits, name);
    if (outcome != STATUS_OK)
        return outcome;
    const char *picture = json_string_value(json_object_get(line, "id"));
    const json_t *objects = json_object_get(line, "objects");
    if (picture == NULL || !json_is_array(objects))
        outcome = status_fail(STATUS_INVALID, "%s: \"id\" or \"objects\" is missing", name);
    json_array_foreach(objects, o, member)
    {
        const struct ground_truth_object object = {
            .picture = picture,
            .kind = json_string_value(json_object_get(member, "kind")),
            .colour = json_string_value(json_object_get(member, "colour")),
            .place = json_string_value(json_object_get(member, "place")),
        };
        if (outcome != STATUS_OK)
            break;
        if (object.kind == NULL || object.colour == NULL || object.place == NULL)
            outcome = status_fail(
                STATUS_INVALID, "%s: object %zu lacks \"kind\", \"colour\" or \"place\"", name, o);
        else
            outcome = take(payload, &object);
    }
    json_decref(line);
    return outcome;
}

enum status ground_truth_read(const char *path,
                              enum status (*take)(void *payload,
                                                  const struct ground_truth_object *object),
                              void *payload)
{
    char name[PATH_BYTES + 24];
    struct text_lines lines;
    bool is_there = true;
    enum status outcome = text_lines_open(&lines, path, LINE_BYTES_MAX);
    while (outcome == STATUS_OK) {
        outcome = text_lines_next(&is_there, &lines);
        if (outcome != STATUS_OK || !is_there)
            break;
        snprintf(name, sizeof name, "%s:%zu", path, lines.number);
        outcome = take_line(name, &lines, take, payload);
    }
    text_lines_close(&lines);
    return outcome;
}
