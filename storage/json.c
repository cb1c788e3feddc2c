#include "storage/json.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_DIGITS = 15 }; /* what a double holds of any decimal fraction: 0.1 stays 0.1 */

struct json_writer {
    json_t *open[JSON_WRITER_DEPTH_MAX]; /* borrowed from `outermost`, which open[0] is */
    size_t depth;                        /* how many are open */
    json_t *outermost;                   /* owned; NULL before the first value */
    enum status outcome;
    char failure[STATUS_TEXT_BYTES]; /* where `outcome` is not STATUS_OK */
};

struct json_writer *json_writer_create(void)
{
    return calloc(1, sizeof(struct json_writer));
}

void json_writer_destroy(struct json_writer *writer)
{
    if (writer == NULL)
        return;
    json_decref(writer->outermost);
    free(writer);
}

static void fail(struct json_writer *writer, enum status code, const char *key, const char *fact)
{
    if (writer->outcome != STATUS_OK)
        return;
    writer->outcome = code;
    snprintf(writer->failure, sizeof writer->failure, "JSON value \"%s\": %s",
             key == NULL ? "" : key, fact);
}

/* Puts `value` into what is open; the reference to it is taken in any case. */
static void add(struct json_writer *writer, const char *key, json_t *value)
{
    if (writer->outcome != STATUS_OK) {
        json_decref(value);
        return;
    }
    if (value == NULL) {
        fail(writer, STATUS_NO_MEMORY, key, "no memory");
        return;
    }
    assert(writer->depth > 0);
    json_t *open = writer->open[writer->depth - 1];
    assert(json_is_object(open) == (key != NULL));
    assert(key == NULL || json_object_get(open, key) == NULL);
    const int added =
        key == NULL ? json_array_append_new(open, value) : json_object_set_new(open, key, value);
    if (added != 0)
        fail(writer, STATUS_NO_MEMORY, key, "no memory, or the key is not UTF-8");
}

static void open_value(struct json_writer *writer, const char *key, json_t *value)
{
    assert(writer->depth < JSON_WRITER_DEPTH_MAX);
    if (writer->depth == 0) {
        assert(writer->outermost == NULL && key == NULL);
        writer->outermost = value;
        if (value == NULL)
            fail(writer, STATUS_NO_MEMORY, key, "no memory");
    } else
        add(writer, key, value);
    writer->open[writer->depth++] = value;
}

void json_writer_open_object(struct json_writer *writer, const char *key)
{
    open_value(writer, key, json_object());
}

void json_writer_open_array(struct json_writer *writer, const char *key)
{
    open_value(writer, key, json_array());
}

void json_writer_close(struct json_writer *writer)
{
    assert(writer->depth > 0);
    writer->depth--;
}

void json_writer_text(struct json_writer *writer, const char *key, const char *value)
{
    /* jansson gives nothing for wrong text and for want of memory alike; the first is likelier. */
    json_t *text = json_string(value);
    if (text == NULL)
        fail(writer, STATUS_INVALID, key, "text that is not UTF-8");
    add(writer, key, text);
}

void json_writer_integer(struct json_writer *writer, const char *key, int64_t value)
{
    add(writer, key, json_integer(value));
}

void json_writer_number(struct json_writer *writer, const char *key, double value)
{
    if (!isfinite(value))
        fail(writer, STATUS_INVALID, key, "a number that is not finite");
    add(writer, key, json_real(value));
}

void json_writer_switch(struct json_writer *writer, const char *key, bool value)
{
    add(writer, key, json_boolean(value));
}

/* Takes the finished value out of the writer, which is then empty. NULL and the first failure where
 * there was one. */
static enum status take(json_t **value, struct json_writer *writer)
{
    assert(writer->depth == 0);
    const enum status outcome = writer->outcome;
    *value = writer->outermost;
    writer->outermost = NULL;
    writer->outcome = STATUS_OK;
    if (outcome == STATUS_OK)
        return STATUS_OK;
    json_decref(*value);
    *value = NULL;
    return status_fail(outcome, "%s", writer->failure);
}

enum status json_writer_format(char **text, struct json_writer *writer)
{
    json_t *value = NULL;
    *text = NULL;
    const enum status outcome = take(&value, writer);
    if (outcome != STATUS_OK)
        return outcome;
    *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(NUMBER_DIGITS));
    json_decref(value);
    return *text != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "a line of JSON");
}

enum status json_writer_print(struct json_writer *writer, FILE *file, const char *name)
{
    char *text = NULL;
    enum status outcome = json_writer_format(&text, writer);
    if (outcome == STATUS_OK && fprintf(file, "%s\n", text) < 0)
        outcome = status_fail(STATUS_IO, "%s: cannot be written: %s", name, strerror(errno));
    free(text);
    return outcome;
}
