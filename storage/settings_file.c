#include "storage/settings_file.h"

#include "core/file.h"
#include "storage/json_text.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 16 << 20, DEPTH_MAX = 32, VALUE_MAX = 10000, KEY_BYTES = 1024 };

static const struct json_limits limits = { .depth_max = DEPTH_MAX, .value_max = VALUE_MAX };

/* The dotted key being built: `length` bytes of `text` are in use. */
struct dotted_key {
    char text[KEY_BYTES];
    size_t length;
};

static enum status extend(struct dotted_key *key, const char *part, const char *source)
{
    const char *dot = key->length == 0 ? "" : ".";
    const size_t room = sizeof key->text - key->length;
    const int added = snprintf(key->text + key->length, room, "%s%s", dot, part);
    if (added < 0 || (size_t)added >= room)
        return status_fail(STATUS_CORRUPT, "%s: key %.40s... is too long", source, key->text);
    key->length += (size_t)added;
    return STATUS_OK;
}

static void shorten(struct dotted_key *key, size_t length)
{
    key->length = length;
    key->text[length] = '\0';
}

static enum status put_scalar(struct settings *out, const char *key, const json_t *value)
{
    if (json_is_string(value))
        return settings_put_text(out, key, json_string_value(value));
    if (json_is_boolean(value))
        return settings_put_switch(out, key, json_is_true(value));
    if (json_is_number(value))
        return settings_put_number(out, key, json_number_value(value));
    return STATUS_OK;
}

/* Recursion is bounded: json_text_parse has refused more than DEPTH_MAX levels. */
static enum status flatten(struct settings *out, struct dotted_key *key, json_t *value)
{
    const size_t length = key->length;
    enum status outcome = STATUS_OK;
    const char *name;
    json_t *inner;
    json_object_foreach(value, name, inner)
    {
        if (outcome == STATUS_OK)
            outcome = extend(key, name, settings_source(out));
        if (outcome == STATUS_OK)
            outcome = flatten(out, key, inner);
        shorten(key, length);
    }
    for (size_t i = 0; i < json_array_size(value) && outcome == STATUS_OK; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        outcome = extend(key, number, settings_source(out));
        if (outcome == STATUS_OK)
            outcome = flatten(out, key, json_array_get(value, i));
        shorten(key, length);
    }
    return outcome == STATUS_OK ? put_scalar(out, key->text, value) : outcome;
}

enum status settings_file_read_bytes(struct settings **out, const uint8_t *text, size_t byte_count,
                                     const char *name)
{
    *out = NULL;
    json_t *root = NULL;
    enum status outcome = json_text_parse(&root, (const char *)text, byte_count, &limits, name);
    if (outcome != STATUS_OK)
        return outcome;
    if (!json_is_object(root)) {
        json_decref(root);
        return status_fail(STATUS_CORRUPT, "%s: not a JSON object", name);
    }

    struct dotted_key key = { .length = 0 };
    *out = settings_create(name);
    outcome = *out != NULL ? flatten(*out, &key, root) : status_fail(STATUS_NO_MEMORY, "%s", name);
    json_decref(root);
    if (outcome != STATUS_OK) {
        settings_destroy(*out);
        *out = NULL;
    }
    return outcome;
}

enum status settings_file_read(struct settings **out, const char *path)
{
    *out = NULL;
    uint8_t *text = NULL;
    size_t byte_count = 0;
    enum status outcome = file_read(&text, &byte_count, path, FILE_BYTES_MAX);
    if (outcome == STATUS_OK)
        outcome = settings_file_read_bytes(out, text, byte_count, path);
    free(text);
    return outcome;
}

static json_t *scalar_of(const struct settings *settings, const char *key)
{
    const char *text = settings_text(settings, key, NULL);
    if (text != NULL)
        return json_string(text);
    const bool is_on = settings_switch(settings, key, false);
    if (is_on == settings_switch(settings, key, true))
        return json_boolean(is_on);
    const double number = settings_number(settings, key, 0.0);
    if (fabs(number) < 0x1p53 && number == floor(number))
        return json_integer((json_int_t)number);
    return json_real(number);
}

/* The object called `part` inside `folder`, made where it is not there. NULL where `part` is a
 * value already or has no form in JSON. */
static json_t *enter_folder(json_t *folder, const char *part)
{
    json_t *inner = json_object_get(folder, part);
    if (inner != NULL)
        return json_is_object(inner) ? inner : NULL;
    inner = json_object();
    return json_object_set_new(folder, part, inner) == 0 ? inner : NULL;
}

/* Puts one value at its place, making the objects on the way there. */
static enum status place(json_t *root, const struct settings *settings, const char *key)
{
    char part[KEY_BYTES];
    json_t *folder = root;
    const char *rest = key;
    for (size_t depth = 1; folder != NULL; depth++) {
        const size_t length = strcspn(rest, ".");
        if (length >= sizeof part || depth > DEPTH_MAX)
            return status_fail(STATUS_INVALID, "setting %.40s... is nested too deeply", key);
        memcpy(part, rest, length);
        part[length] = '\0';
        if (rest[length] == '\0')
            break;
        rest += length + 1;
        folder = enter_folder(folder, part);
    }
    if (folder == NULL || json_object_get(folder, part) != NULL)
        return status_fail(STATUS_INVALID, "setting %s is a value and a folder of values", key);
    if (json_object_set_new(folder, part, scalar_of(settings, key)) != 0)
        return status_fail(STATUS_INVALID, "setting %s has no form in JSON", key);
    return STATUS_OK;
}

/* The array that an object with the keys 0 .. n-1 stands for, or NULL. */
static json_t *array_of(const json_t *object)
{
    const size_t count = json_object_size(object);
    json_t *array = count > 0 ? json_array() : NULL;
    for (size_t i = 0; i < count && array != NULL; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        json_t *item = json_object_get(object, number);
        if (item == NULL) {
            json_decref(array);
            return NULL;
        }
        json_array_append(array, item);
    }
    return array;
}

/* Innermost first. Depth was bounded when the objects were made. */
static void make_arrays(json_t *folder)
{
    const char *name;
    void *next;
    json_t *inner;
    json_object_foreach_safe(folder, next, name, inner)
    {
        make_arrays(inner);
        json_t *array = array_of(inner);
        if (array != NULL)
            json_object_set_new(folder, name, array);
    }
}

static enum status write_root(const char *path, json_t *root)
{
    /* 15 digits: what a person wrote as 1e-5 is written so again, and not as the nearest double.
     */
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (text == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: text", path);
    const size_t length = strlen(text);
    text[length] = '\n'; /* in place of the end of the string: written by its length */
    const enum status outcome = file_write(path, text, length + 1);
    free(text);
    return outcome;
}

enum status settings_file_write(const char *path, const struct settings *settings)
{
    json_t *root = json_object();
    enum status outcome =
        root != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: settings", path);
    for (size_t s = 0; s < settings_count(settings) && outcome == STATUS_OK; s++)
        outcome = place(root, settings, settings_key(settings, s));
    if (outcome == STATUS_OK) {
        make_arrays(root);
        outcome = write_root(path, root);
    }
    json_decref(root);
    return outcome;
}

enum status settings_file_beside(struct settings **out, const char *weights_path,
                                 const char *config_path)
{
    *out = NULL;
    if (config_path != NULL)
        return settings_file_read(out, config_path);
    char folder[PATH_BYTES], beside[PATH_BYTES];
    path_folder(folder, weights_path);
    const enum status outcome = path_join(beside, folder, "config.json");
    if (outcome != STATUS_OK || !file_exists(beside))
        return outcome;
    return settings_file_read(out, beside);
}
