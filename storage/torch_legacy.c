#include "storage/torch_legacy.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_PROTOCOL = 1001, COUNT_BYTES = 8 };

struct legacy_storage {
    struct pickle_bytes key;
    size_t element_bytes;
    struct pickle_bytes bytes;
    bool is_found;
};

struct legacy_storages {
    struct legacy_storage *storages; /* sorted by key */
    size_t count;
};

/* The rest of the file, of which pickles are read one after the other. */
struct rest {
    const uint8_t *bytes;
    size_t byte_count;
    const char *name;
};

static enum status read_next(struct pickle **out, struct rest *rest)
{
    const enum status outcome = pickle_read(out, rest->bytes, rest->byte_count, NULL, rest->name);
    if (outcome == STATUS_OK) {
        rest->bytes += pickle_byte_count(*out);
        rest->byte_count -= pickle_byte_count(*out);
    }
    return outcome;
}

static bool is_magic(const struct pickle_value *value)
{
    static const uint8_t magic[] = { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };
    return value->kind == PICKLE_BIG && value->bytes.count == sizeof magic &&
           memcmp(value->bytes.at, magic, sizeof magic) == 0;
}

static bool is_protocol(const struct pickle_value *value)
{
    return value->kind == PICKLE_INTEGER && value->integer == FILE_PROTOCOL;
}

static bool is_known_machine(const struct pickle_value *value)
{
    const struct pickle_value *little = pickle_find(value, "little_endian");
    return little != NULL && little->kind == PICKLE_SWITCH && little->integer != 0;
}

static enum status check_preamble(struct rest *rest)
{
    static bool (*const checks[])(const struct pickle_value *) = { is_magic, is_protocol,
                                                                   is_known_machine };
    static const char *const facts[] = { "not a PyTorch file", "of an unknown file protocol",
                                         "not of a little-endian machine" };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        struct pickle *pickle = NULL;
        const enum status outcome = read_next(&pickle, rest);
        if (outcome != STATUS_OK)
            return outcome;
        const bool is_good = checks[i](pickle_root(pickle));
        pickle_destroy(pickle);
        if (!is_good)
            return status_fail(STATUS_INVALID, "%s: %s", rest->name, facts[i]);
    }
    return STATUS_OK;
}

static int compare_keys(const void *left, const void *right)
{
    const struct pickle_bytes a = ((const struct legacy_storage *)left)->key;
    const struct pickle_bytes b = ((const struct legacy_storage *)right)->key;
    if (a.count != b.count)
        return a.count < b.count ? -1 : 1;
    return memcmp(a.at, b.at, a.count);
}

static struct legacy_storage *find(const struct legacy_storages *list, struct pickle_bytes key)
{
    const struct legacy_storage wanted = { .key = key };
    return list->count == 0
               ? NULL
               : bsearch(&wanted, list->storages, list->count, sizeof wanted, compare_keys);
}

static bool find_storage(struct pickle_bytes *out, const void *context, struct pickle_bytes key)
{
    const struct legacy_storage *storage = find(context, key);
    if (storage == NULL || !storage->is_found)
        return false;
    *out = storage->bytes;
    return true;
}

static enum status keep_one_of_each(struct legacy_storages *list, const char *name)
{
    size_t kept = 0;
    qsort(list->storages, list->count, sizeof *list->storages, compare_keys);
    for (size_t s = 0; s < list->count; s++) {
        if (kept == 0 || compare_keys(&list->storages[kept - 1], &list->storages[s]) != 0)
            list->storages[kept++] = list->storages[s];
        else if (list->storages[kept - 1].element_bytes != list->storages[s].element_bytes)
            return status_fail(STATUS_CORRUPT, "%s: a storage of two types", name);
    }
    list->count = kept;
    return STATUS_OK;
}

/* The storages that the object refers to: their sizes are needed to find one behind the other. */
static enum status list_storages(struct legacy_storages *list, const struct pickle *object,
                                 const char *name)
{
    size_t count;
    const struct pickle_value *const *persistents = pickle_persistents(object, &count);
    list->storages = calloc(count + 1, sizeof *list->storages);
    if (list->storages == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: storages", name);
    for (size_t p = 0; p < count; p++) {
        struct legacy_storage *storage = &list->storages[list->count++];
        enum tensor_type type;
        enum status outcome = torch_tensor_read_key(&storage->key, persistents[p], name);
        if (outcome == STATUS_OK)
            outcome = torch_tensor_read_type(&type, persistents[p], name);
        if (outcome != STATUS_OK)
            return outcome;
        storage->element_bytes = tensor_type_bytes(type);
    }
    return keep_one_of_each(list, name);
}

static enum status take_storage(struct legacy_storage *storage, struct rest *rest)
{
    uint64_t count = 0, byte_count;
    if (storage == NULL || storage->is_found)
        return status_fail(STATUS_CORRUPT, "%s: a storage that nothing refers to, or twice",
                           rest->name);
    if (rest->byte_count < COUNT_BYTES)
        return status_fail(STATUS_CORRUPT, "%s: cut short before a storage", rest->name);
    for (size_t i = COUNT_BYTES; i-- > 0;)
        count = count << 8 | rest->bytes[i];
    rest->bytes += COUNT_BYTES;
    rest->byte_count -= COUNT_BYTES;
    if (__builtin_mul_overflow(count, storage->element_bytes, &byte_count) ||
        byte_count > rest->byte_count)
        return status_fail(STATUS_CORRUPT, "%s: cut short inside a storage", rest->name);
    storage->bytes = (struct pickle_bytes){ .at = rest->bytes, .count = (size_t)byte_count };
    storage->is_found = true;
    rest->bytes += byte_count;
    rest->byte_count -= (size_t)byte_count;
    return STATUS_OK;
}

static enum status take_storages(struct legacy_storages *list, struct rest *rest)
{
    struct pickle *keys = NULL;
    enum status outcome = read_next(&keys, rest);
    if (outcome != STATUS_OK)
        return outcome;
    const struct pickle_value *key;
    for (size_t i = 0; outcome == STATUS_OK && (key = pickle_item(pickle_root(keys), i)) != NULL;
         i++)
        outcome = key->kind == PICKLE_TEXT
                      ? take_storage(find(list, key->bytes), rest)
                      : status_fail(STATUS_CORRUPT, "%s: a storage without a key", rest->name);
    pickle_destroy(keys);
    return outcome;
}

enum status torch_legacy_read(struct tensor_table *table, struct settings *settings,
                              const uint8_t *bytes, size_t byte_count,
                              struct torch_storages *storages)
{
    struct rest rest = { .bytes = bytes, .byte_count = byte_count, .name = storages->name };
    struct legacy_storages list = { 0 };
    struct pickle *object = NULL;
    enum status outcome = check_preamble(&rest);
    if (outcome == STATUS_OK)
        outcome = read_next(&object, &rest);
    if (outcome == STATUS_OK)
        outcome = list_storages(&list, object, rest.name);
    if (outcome == STATUS_OK)
        outcome = take_storages(&list, &rest);
    if (outcome == STATUS_OK) {
        storages->find = find_storage;
        storages->context = &list;
        outcome = torch_walk(table, settings, pickle_root(object), storages);
    }
    pickle_destroy(object);
    free(list.storages);
    return outcome;
}
