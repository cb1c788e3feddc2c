#include "storage/json_stream.h"

#include "core/file.h"
#include "core/utf8.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* A value in memory is counted with what jansson needs beside its text. */
enum { CHUNK_BYTES = 1 << 16, KEY_BYTES_MAX = 256, VALUE_BYTES = 96, LISTS_MAX = 8 };

struct parsing {
    const char *path;
    const struct json_stream_reader *reader;
    enum status outcome; /* of what a callback found */
    size_t depth;        /* arrays and objects open */
    char outer_key[KEY_BYTES_MAX];
    const struct json_stream_list *list; /* whose items are being read; NULL outside */
    bool is_found[LISTS_MAX];
    size_t index;      /* of the item */
    size_t item_bytes; /* so far */
    json_t *open[JSON_STREAM_DEPTH_MAX];
    size_t open_count; /* of the item's own arrays and objects */
    char *key;         /* owned: of the member that comes next in open[open_count - 1] */
    bool has_moved;    /* a callback came since the newest chunk */
};

/* What a callback of yajl returns. */
enum { GO_ON = 1, STOP = 0 };

static int stop(struct parsing *parsing, enum status outcome)
{
    parsing->outcome = outcome;
    return STOP;
}

static int stop_without_memory(struct parsing *parsing)
{
    return stop(parsing, status_fail(STATUS_NO_MEMORY, "%s: no memory", parsing->path));
}

/* A value of the outermost object that is no list we want. */
static int pass_outer(struct parsing *parsing, const char *text, size_t bytes)
{
    const struct json_stream_reader *reader = parsing->reader;
    for (size_t l = 0; l < reader->list_count; l++)
        if (strcmp(reader->lists[l].key, parsing->outer_key) == 0)
            return stop(parsing, status_fail(STATUS_INVALID, "%s: \"%s\" is not a list",
                                             parsing->path, parsing->outer_key));
    if (text == NULL || reader->text == NULL)
        return GO_ON;
    char *copy = strndup(text, bytes);
    if (copy == NULL)
        return stop_without_memory(parsing);
    const enum status outcome = reader->text(reader->payload, parsing->outer_key, copy);
    free(copy);
    return outcome == STATUS_OK ? GO_ON : stop(parsing, outcome);
}

static int end_item(struct parsing *parsing, json_t *item)
{
    const enum status outcome =
        parsing->list->item(parsing->reader->payload, item, parsing->index++);
    json_decref(item);
    parsing->item_bytes = 0;
    return outcome == STATUS_OK ? GO_ON : stop(parsing, outcome);
}

/* Puts a value, whose reference is taken, where it belongs. */
static int put(struct parsing *parsing, json_t *value)
{
    json_t *parent = parsing->open_count > 0 ? parsing->open[parsing->open_count - 1] : NULL;
    if (value == NULL)
        return stop_without_memory(parsing);
    if (parent == NULL)
        return json_is_array(value) || json_is_object(value) ? GO_ON : end_item(parsing, value);
    const int failed = json_is_array(parent)
                           ? json_array_append_new(parent, value)
                           : json_object_set_new_nocheck(parent, parsing->key, value);
    return failed ? stop_without_memory(parsing) : GO_ON;
}

static bool is_item_small(struct parsing *parsing, size_t bytes)
{
    parsing->has_moved = true;
    parsing->item_bytes += bytes + VALUE_BYTES;
    if (parsing->list == NULL || parsing->item_bytes <= JSON_STREAM_ITEM_BYTES_MAX)
        return true;
    stop(parsing, status_fail(STATUS_INVALID, "%s: %s[%zu] takes more than %d bytes", parsing->path,
                              parsing->list->key, parsing->index, JSON_STREAM_ITEM_BYTES_MAX));
    return false;
}

/* A scalar that is no text. */
static int take_scalar(struct parsing *parsing, json_t *value)
{
    if (!is_item_small(parsing, 0)) {
        json_decref(value);
        return STOP;
    }
    if (parsing->list != NULL)
        return put(parsing, value);
    json_decref(value);
    return parsing->depth == 1 ? pass_outer(parsing, NULL, 0) : GO_ON;
}

static int on_null(void *context)
{
    return take_scalar(context, json_null());
}

static int on_boolean(void *context, int value)
{
    return take_scalar(context, json_boolean(value));
}

/* What no integer of 64 bits holds becomes a real. */
static int on_number(void *context, const char *text, size_t bytes)
{
    char copy[64];
    long long integer = 0;
    const size_t used = bytes < sizeof copy ? bytes : sizeof copy - 1;
    memcpy(copy, text, used);
    copy[used] = '\0';
    const bool is_integer = strcspn(copy, ".eE") == used && used < 19;
    if (is_integer)
        integer = strtoll(copy, NULL, 10);
    json_t *real = is_integer ? NULL : json_real(strtod(copy, NULL));
    if (!is_integer && real == NULL) /* infinite */
        real = json_null();
    return take_scalar(context, is_integer ? json_integer(integer) : real);
}

/* yajl lets overlong forms through. */
static bool is_text_valid(struct parsing *parsing, const unsigned char *text, size_t bytes)
{
    if (utf8_is_valid((const char *)text, bytes))
        return true;
    if (parsing->list != NULL)
        stop(parsing, status_fail(STATUS_INVALID, "%s: %s[%zu]: a text that is not UTF-8",
                                  parsing->path, parsing->list->key, parsing->index));
    else
        stop(parsing, status_fail(STATUS_INVALID, "%s: a text that is not UTF-8", parsing->path));
    return false;
}

static int on_string(void *context, const unsigned char *text, size_t bytes)
{
    struct parsing *parsing = context;
    if (!is_item_small(parsing, bytes) || !is_text_valid(parsing, text, bytes))
        return STOP;
    if (parsing->list != NULL)
        return put(parsing, json_stringn_nocheck((const char *)text, bytes));
    return parsing->depth == 1 ? pass_outer(parsing, (const char *)text, bytes) : GO_ON;
}

static int on_key(void *context, const unsigned char *text, size_t bytes)
{
    struct parsing *parsing = context;
    if (!is_item_small(parsing, bytes) || !is_text_valid(parsing, text, bytes))
        return STOP;
    if (parsing->list != NULL) {
        free(parsing->key);
        parsing->key = strndup((const char *)text, bytes);
        return parsing->key != NULL ? GO_ON : stop_without_memory(parsing);
    }
    if (parsing->depth == 1) {
        const size_t used = bytes < KEY_BYTES_MAX ? bytes : KEY_BYTES_MAX - 1;
        memcpy(parsing->outer_key, text, used);
        parsing->outer_key[used] = '\0';
    }
    return GO_ON;
}

static bool enter(struct parsing *parsing)
{
    if (!is_item_small(parsing, 0))
        return false;
    if (parsing->depth++ < JSON_STREAM_DEPTH_MAX)
        return true;
    stop(parsing, status_fail(STATUS_INVALID, "%s: nested deeper than %d", parsing->path,
                              JSON_STREAM_DEPTH_MAX));
    return false;
}

static int open_value(struct parsing *parsing, json_t *value)
{
    const int outcome = put(parsing, value);
    if (outcome == GO_ON)
        parsing->open[parsing->open_count++] = value;
    return outcome;
}

static int on_object(void *context)
{
    struct parsing *parsing = context;
    if (!enter(parsing))
        return STOP;
    if (parsing->list != NULL)
        return open_value(parsing, json_object());
    return parsing->depth == 2 ? pass_outer(parsing, NULL, 0) : GO_ON;
}

static int begin_list(struct parsing *parsing, size_t number)
{
    if (parsing->is_found[number])
        return stop(parsing, status_fail(STATUS_INVALID, "%s: \"%s\" stands twice", parsing->path,
                                         parsing->outer_key));
    parsing->is_found[number] = true;
    parsing->list = &parsing->reader->lists[number];
    parsing->index = parsing->item_bytes = 0;
    return GO_ON;
}

static int on_array(void *context)
{
    struct parsing *parsing = context;
    if (!enter(parsing))
        return STOP;
    if (parsing->list != NULL)
        return open_value(parsing, json_array());
    if (parsing->depth == 1)
        return stop(parsing, status_fail(STATUS_INVALID, "%s: a list, not an object with lists",
                                         parsing->path));
    for (size_t l = 0; l < parsing->reader->list_count && parsing->depth == 2; l++)
        if (strcmp(parsing->reader->lists[l].key, parsing->outer_key) == 0)
            return begin_list(parsing, l);
    return GO_ON;
}

static int on_end(void *context)
{
    struct parsing *parsing = context;
    parsing->has_moved = true;
    parsing->depth--;
    if (parsing->list == NULL)
        return GO_ON;
    if (parsing->open_count == 0) {
        parsing->list = NULL;
        return GO_ON;
    }
    json_t *value = parsing->open[--parsing->open_count];
    return parsing->open_count == 0 ? end_item(parsing, value) : GO_ON;
}

static enum status explain(const struct parsing *parsing, yajl_handle parser, uint64_t before,
                           const unsigned char *chunk, size_t bytes)
{
    if (parsing->outcome != STATUS_OK)
        return parsing->outcome;
    unsigned char *text = yajl_get_error(parser, 0, chunk, bytes);
    const size_t line = text == NULL ? 0 : strcspn((char *)text, "\n");
    status_fail(STATUS_INVALID, "%s: byte %llu: %.*s", parsing->path,
                (unsigned long long)(before + yajl_get_bytes_consumed(parser)), (int)line,
                text == NULL ? "not JSON" : (char *)text);
    if (text != NULL)
        yajl_free_error(parser, text);
    return STATUS_INVALID;
}

/* Within a text yajl keeps what it has of it, however long, and scans it anew with each chunk. */
static enum status parse(struct parsing *parsing, yajl_handle parser, FILE *file,
                         unsigned char *chunk)
{
    uint64_t before = 0;
    size_t bytes = 0, held = 0;
    while ((bytes = fread(chunk, 1, CHUNK_BYTES, file)) > 0) {
        parsing->has_moved = false;
        if (yajl_parse(parser, chunk, bytes) != yajl_status_ok)
            return explain(parsing, parser, before, chunk, bytes);
        before += bytes;
        held = parsing->has_moved ? 0 : held + bytes;
        if (held > JSON_STREAM_TEXT_BYTES_MAX)
            return status_fail(STATUS_INVALID, "%s: byte %llu: a value of more than %d bytes",
                               parsing->path, (unsigned long long)before,
                               JSON_STREAM_TEXT_BYTES_MAX);
    }
    if (ferror(file))
        return file_fail(parsing->path, "cannot read");
    if (yajl_complete_parse(parser) != yajl_status_ok)
        return explain(parsing, parser, before, chunk, 0);
    return STATUS_OK;
}

static enum status check_found(const struct parsing *parsing)
{
    for (size_t l = 0; l < parsing->reader->list_count; l++)
        if (parsing->reader->lists[l].is_required && !parsing->is_found[l])
            return status_fail(STATUS_INVALID, "%s: no list \"%s\" in it", parsing->path,
                               parsing->reader->lists[l].key);
    return STATUS_OK;
}

enum status json_stream_read(const char *path, const struct json_stream_reader *reader)
{
    static const yajl_callbacks callbacks = { .yajl_null = on_null,
                                              .yajl_boolean = on_boolean,
                                              .yajl_number = on_number,
                                              .yajl_string = on_string,
                                              .yajl_start_map = on_object,
                                              .yajl_map_key = on_key,
                                              .yajl_end_map = on_end,
                                              .yajl_start_array = on_array,
                                              .yajl_end_array = on_end };
    struct parsing parsing = { .path = path, .reader = reader };
    FILE *file = NULL;
    enum status outcome = file_open(&file, path);
    if (outcome != STATUS_OK)
        return outcome;
    yajl_handle parser = yajl_alloc(&callbacks, NULL, &parsing);
    unsigned char *chunk = malloc(CHUNK_BYTES);
    if (parser == NULL || chunk == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s: no memory", path);
    else
        outcome = parse(&parsing, parser, file, chunk);
    if (outcome == STATUS_OK)
        outcome = check_found(&parsing);
    if (parsing.open_count > 0)
        json_decref(parsing.open[0]); /* the others are in it */
    if (parser != NULL)
        yajl_free(parser);
    free(parsing.key);
    free(chunk);
    fclose(file);
    return outcome;
}
