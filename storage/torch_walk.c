#include "storage/torch_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Values can be shared, so that a small pickle can spell out a walk without end. */
enum {
    DEPTH_MAX = 32,
    VISITS_MAX = 1000000,
    TENSORS_MAX = 100000,
    SETTINGS_MAX = 4096,
    LIST_SETTINGS_MAX = 64,
    REFUSALS_MAX = 64,
    NAME_BYTES = 1024,
    TEXT_BYTES = 4096
};

struct walk {
    struct tensor_table *table;
    struct settings *settings;
    struct torch_storages *storages;
    size_t capacity; /* of table->tensors */
    size_t visits, depth, refusals;
    char name[NAME_BYTES]; /* dotted, of the value being visited */
    size_t length;
};

static enum status visit(struct walk *walk, const struct pickle_value *value);

static enum status fail(const struct walk *walk, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: %.100s %s", walk->storages->name, walk->name, fact);
}

static enum status extend(struct walk *walk, const char *part, size_t part_bytes)
{
    const size_t dot = walk->length > 0;
    if (memchr(part, '\0', part_bytes) != NULL ||
        part_bytes >= sizeof walk->name - walk->length - dot)
        return fail(walk, "holds a name that is too long or has a zero byte");
    if (dot)
        walk->name[walk->length++] = '.';
    memcpy(walk->name + walk->length, part, part_bytes);
    walk->length += part_bytes;
    walk->name[walk->length] = '\0';
    return STATUS_OK;
}

/* What was left out is told under "refused". */
static enum status refuse(struct walk *walk, const struct pickle_value *value)
{
    char key[32], text[NAME_BYTES + 512], what[450];
    if (walk->refusals == REFUSALS_MAX)
        return STATUS_OK;
    pickle_describe(what, sizeof what, value);
    snprintf(key, sizeof key, "refused.%zu", walk->refusals++);
    snprintf(text, sizeof text, "%s%s%s", walk->name, walk->length > 0 ? ": " : "", what);
    return settings_put_text(walk->settings, key, text);
}

static enum status add_tensor(struct walk *walk, const struct pickle_value *call)
{
    struct tensor_table *table = walk->table;
    if (table->count == TENSORS_MAX)
        return fail(walk, "is one tensor too many");
    if (table->count == walk->capacity) {
        const size_t capacity = walk->capacity * 2 + 64;
        struct tensor *grown = realloc(table->tensors, capacity * sizeof *grown);
        if (grown == NULL)
            return status_fail(STATUS_NO_MEMORY, "%s: tensors", walk->storages->name);
        table->tensors = grown;
        walk->capacity = capacity;
    }
    struct tensor *tensor = &table->tensors[table->count];
    *tensor = (struct tensor){ .name = strdup(walk->length > 0 ? walk->name : "tensor") };
    if (tensor->name == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: tensors", walk->storages->name);
    table->count++;
    return torch_tensor_read(tensor, call, walk->storages);
}

static enum status put_text(struct walk *walk, struct pickle_bytes bytes)
{
    char text[TEXT_BYTES];
    if (bytes.count >= sizeof text || memchr(bytes.at, '\0', bytes.count) != NULL)
        return STATUS_OK;
    memcpy(text, bytes.at, bytes.count);
    text[bytes.count] = '\0';
    return settings_put_text(walk->settings, walk->name, text);
}

static enum status put_setting(struct walk *walk, const struct pickle_value *value)
{
    char what[450];
    if (walk->length == 0 || settings_count(walk->settings) >= SETTINGS_MAX)
        return STATUS_OK;
    switch (value->kind) {
    case PICKLE_SWITCH:
        return settings_put_switch(walk->settings, walk->name, value->integer != 0);
    case PICKLE_INTEGER:
        return settings_put_number(walk->settings, walk->name, (double)value->integer);
    case PICKLE_NUMBER:
        return settings_put_number(walk->settings, walk->name, value->number);
    case PICKLE_TEXT:
        return put_text(walk, value->bytes);
    case PICKLE_GLOBAL:
        pickle_describe(what, sizeof what, value);
        return settings_put_text(walk->settings, walk->name, what);
    default:
        return STATUS_OK;
    }
}

/* Visits `value` under the name of the moment, extended by `part`. */
static enum status visit_part(struct walk *walk, const char *part, size_t part_bytes,
                              const struct pickle_value *value)
{
    const size_t length = walk->length;
    enum status outcome = extend(walk, part, part_bytes);
    if (outcome == STATUS_OK)
        outcome = visit(walk, value);
    walk->length = length;
    walk->name[length] = '\0';
    return outcome;
}

static enum status visit_number(struct walk *walk, int64_t number, const struct pickle_value *value)
{
    char part[24];
    const int length = snprintf(part, sizeof part, "%lld", (long long)number);
    return visit_part(walk, part, (size_t)length, value);
}

static enum status visit_pairs(struct walk *walk, const struct pickle_value *dict)
{
    enum status outcome = STATUS_OK;
    for (size_t i = 0; i + 1 < dict->item_count && outcome == STATUS_OK; i += 2) {
        const struct pickle_value *key = dict->items[i], *value = dict->items[i + 1];
        if (key->kind == PICKLE_TEXT)
            outcome = visit_part(walk, (const char *)key->bytes.at, key->bytes.count, value);
        else if (key->kind == PICKLE_INTEGER)
            outcome = visit_number(walk, key->integer, value);
        else
            outcome = refuse(walk, value);
    }
    return outcome;
}

static bool is_plain(const struct pickle_value *value)
{
    return value->kind <= PICKLE_BYTES;
}

static enum status visit_items(struct walk *walk, const struct pickle_value *list)
{
    enum status outcome = STATUS_OK;
    for (size_t i = 0; i < list->item_count && outcome == STATUS_OK; i++)
        if (list->item_count <= LIST_SETTINGS_MAX || !is_plain(list->items[i]))
            outcome = visit_number(walk, (int64_t)i, list->items[i]);
    return outcome;
}

/* Objects that are known to be no more than their fields: argparse's namespace, and the modules of
 * a TorchScript archive. */
static bool is_record(const struct pickle_value *object)
{
    static const char script[] = "__torch__";
    const struct pickle_value *class = object->callable;
    return object->state != NULL && object->state->kind == PICKLE_DICT &&
           (pickle_is_call(object, "argparse.Namespace") ||
            (class->kind == PICKLE_GLOBAL && class->module.count >= sizeof script - 1 &&
             memcmp(class->module.at, script, sizeof script - 1) == 0));
}

static enum status visit_object(struct walk *walk, const struct pickle_value *object)
{
    if (torch_tensor_is(object))
        return add_tensor(walk, object);
    if (pickle_is_call(object, "collections.OrderedDict") && object->arguments->item_count == 0 &&
        (object->has_pairs || object->item_count == 0))
        return visit_pairs(walk, object);
    if (is_record(object))
        return visit_pairs(walk, object->state);
    return refuse(walk, object);
}

static enum status visit(struct walk *walk, const struct pickle_value *value)
{
    if (walk->depth == DEPTH_MAX || walk->visits++ == VISITS_MAX)
        return fail(walk, "is nested without end");
    const struct pickle_value *unwrapped = torch_tensor_unwrap(value);
    if (unwrapped == NULL)
        return refuse(walk, value);

    enum status outcome;
    walk->depth++;
    switch (unwrapped->kind) {
    case PICKLE_DICT:
        outcome = visit_pairs(walk, unwrapped);
        break;
    case PICKLE_LIST:
    case PICKLE_TUPLE:
        outcome = visit_items(walk, unwrapped);
        break;
    case PICKLE_OBJECT:
        outcome = visit_object(walk, unwrapped);
        break;
    case PICKLE_PERSISTENT:
        outcome = refuse(walk, unwrapped);
        break;
    default:
        outcome = put_setting(walk, unwrapped);
    }
    walk->depth--;
    return outcome;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct tensor *)left)->name, ((const struct tensor *)right)->name);
}

static enum status sort(const struct walk *walk)
{
    struct tensor_table *table = walk->table;
    if (table->count == 0)
        return status_fail(STATUS_INVALID, "%s: holds no tensor; refused %s", walk->storages->name,
                           settings_text(walk->settings, "refused.0", "nothing"));
    qsort(table->tensors, table->count, sizeof *table->tensors, compare_names);
    for (size_t t = 1; t < table->count; t++)
        if (strcmp(table->tensors[t - 1].name, table->tensors[t].name) == 0)
            return status_fail(STATUS_CORRUPT, "%s: tensor %s is there twice", walk->storages->name,
                               table->tensors[t].name);
    return STATUS_OK;
}

enum status torch_walk(struct tensor_table *table, struct settings *settings,
                       const struct pickle_value *root, struct torch_storages *storages)
{
    struct walk walk = { .table = table, .settings = settings, .storages = storages };
    const enum status outcome = visit(&walk, root);
    return outcome == STATUS_OK ? sort(&walk) : outcome;
}
