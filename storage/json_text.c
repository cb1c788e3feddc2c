#include "storage/json_text.h"

#include <jansson.h>
#include <stdbool.h>

/* Every value but the first follows a bracket, a comma or a colon. Text inside quotes is passed
 * over; whether the rest is JSON at all is the parser's to say. */
static enum status measure(const char *text, size_t byte_count, const struct json_limits *limits,
                           const char *name)
{
    size_t depth = 0, values = 1;
    bool is_quoted = false;
    for (size_t i = 0; i < byte_count; i++) {
        const char letter = text[i];
        if (is_quoted) {
            if (letter == '\\')
                i++;
            else if (letter == '"')
                is_quoted = false;
            continue;
        }
        is_quoted = letter == '"';
        values += letter == ',' || letter == '[' || letter == '{';
        if (letter == '[' || letter == '{')
            depth++;
        else if ((letter == ']' || letter == '}') && depth > 0)
            depth--;
        if (depth > limits->depth_max)
            return status_fail(STATUS_CORRUPT, "%s: JSON nested deeper than %zu", name,
                               limits->depth_max);
        if (values > limits->value_max)
            return status_fail(STATUS_CORRUPT, "%s: JSON of more than %zu values", name,
                               limits->value_max);
    }
    return STATUS_OK;
}

enum status json_text_parse(struct json_t **out, const char *text, size_t byte_count,
                            const struct json_limits *limits, const char *name)
{
    *out = NULL;
    const enum status outcome = measure(text, byte_count, limits, name);
    if (outcome != STATUS_OK)
        return outcome;

    json_error_t error;
    *out = json_loadb(text, byte_count, JSON_REJECT_DUPLICATES, &error);
    if (*out == NULL)
        return status_fail(STATUS_CORRUPT, "%s: JSON at byte %d: %s", name, error.position,
                           error.text);
    return STATUS_OK;
}
