#include "storage/torch_file.h"

#include "storage/file_map.h"
#include "storage/torch_legacy.h"
#include "storage/torch_walk.h"
#include "storage/zip_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPY_BYTES_FREE = 64 << 20, COPY_RATIO_MAX = 4 };

/* What the bytes of the table's tensors lie in. */
struct holder {
    struct file_map *map; /* NULL where the caller holds the bytes */
    struct zip_members members;
};

static void release(void *owner)
{
    struct holder *holder = owner;
    zip_members_end(&holder->members);
    file_map_close(holder->map);
    free(holder);
}

/* The storage "7" is the member "data/7". */
static bool find_member(struct pickle_bytes *out, const void *context, struct pickle_bytes key)
{
    char name[64];
    if (key.count >= sizeof name - sizeof "data/" || memchr(key.at, '\0', key.count) != NULL)
        return false;
    snprintf(name, sizeof name, "data/%.*s", (int)key.count, (const char *)key.at);
    const struct zip_member *member = zip_members_find(context, name);
    if (member == NULL)
        return false;
    *out = (struct pickle_bytes){ .at = member->bytes, .count = member->byte_count };
    return true;
}

static enum status check_byte_order(const struct zip_members *members, const char *name)
{
    const struct zip_member *order = zip_members_find(members, "byteorder");
    if (order != NULL && (order->byte_count != 6 || memcmp(order->bytes, "little", 6) != 0))
        return status_fail(STATUS_INVALID, "%s: its bytes are not in little-endian order", name);
    return STATUS_OK;
}

static enum status read_zip(struct tensor_table *table, struct settings *settings,
                            struct zip_members *members, const uint8_t *bytes, size_t byte_count,
                            struct torch_storages *storages)
{
    struct pickle *pickle = NULL;
    enum status outcome = zip_members_read(members, bytes, byte_count, storages->name);
    if (outcome == STATUS_OK)
        outcome = check_byte_order(members, storages->name);
    if (outcome != STATUS_OK)
        return outcome;
    const struct zip_member *program = zip_members_find(members, "data.pkl");
    if (program == NULL)
        return status_fail(STATUS_CORRUPT, "%s: a zip archive without data.pkl", storages->name);

    outcome = pickle_read(&pickle, program->bytes, program->byte_count, NULL, storages->name);
    if (outcome == STATUS_OK) {
        storages->find = find_member;
        storages->context = members;
        outcome = torch_walk(table, settings, pickle_root(pickle), storages);
    }
    pickle_destroy(pickle);
    return outcome;
}

static enum status read_any(struct tensor_table *table, struct settings *settings,
                            struct holder *holder, const uint8_t *bytes, size_t byte_count,
                            const char *name)
{
    struct torch_storages storages = { .name = name };
    if (__builtin_mul_overflow(byte_count, (size_t)COPY_RATIO_MAX, &storages.copy_bytes_left) ||
        __builtin_add_overflow(storages.copy_bytes_left, (size_t)COPY_BYTES_FREE,
                               &storages.copy_bytes_left))
        storages.copy_bytes_left = SIZE_MAX;

    if (byte_count >= 4 && memcmp(bytes, "PK\3\4", 4) == 0)
        return read_zip(table, settings, &holder->members, bytes, byte_count, &storages);
    return torch_legacy_read(table, settings, bytes, byte_count, &storages);
}

enum status torch_file_read_bytes(struct tensor_table *table, struct settings **settings,
                                  const uint8_t *bytes, size_t byte_count, const char *name)
{
    *table = (struct tensor_table){ 0 };
    struct holder *holder = calloc(1, sizeof *holder);
    *settings = settings_create(name);
    table->source = strdup(name);
    if (holder != NULL)
        *table =
            (struct tensor_table){ .source = table->source, .owner = holder, .release = release };
    enum status outcome = STATUS_OK;
    if (holder == NULL || *settings == NULL || table->source == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "%s", name);
    if (outcome == STATUS_OK)
        outcome = read_any(table, *settings, holder, bytes, byte_count, name);
    if (outcome != STATUS_OK) {
        tensor_table_end(table);
        settings_destroy(*settings);
        *settings = NULL;
    }
    return outcome;
}

enum status torch_file_read(struct tensor_table *table, struct settings **settings,
                            const char *path)
{
    *table = (struct tensor_table){ 0 };
    *settings = NULL;
    struct file_map *map = NULL;
    enum status outcome = file_map_open(&map, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = torch_file_read_bytes(table, settings, map->bytes, map->byte_count, path);
    if (outcome == STATUS_OK)
        ((struct holder *)table->owner)->map = map;
    else
        file_map_close(map);
    return outcome;
}
