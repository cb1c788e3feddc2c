#include "storage/safetensors.h"

#include "core/file.h"
#include "storage/file_map.h"
#include "storage/json_text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8, HEADER_BYTES_MAX = 100000000, METADATA_MAX = 4096 };

static const char metadata_key[] = "__metadata__";

/* Object, tensor, array: three levels. A value costs memory many times its text, so the number
 * of values is bounded too: half a million tensors. */
static const struct json_limits header_limits = { .depth_max = 3, .value_max = 4000000 };

struct header {
    json_t *root;
    const uint8_t *data;
    size_t data_bytes;
};

static enum status read_header(struct header *header, const uint8_t *bytes, size_t byte_count,
                               const char *name)
{
    if (byte_count < LENGTH_BYTES)
        return status_fail(STATUS_CORRUPT, "%s: %zu bytes are no safetensors file", name,
                           byte_count);
    uint64_t header_bytes = 0;
    for (size_t i = LENGTH_BYTES; i-- > 0;)
        header_bytes = header_bytes << 8 | bytes[i];
    if (header_bytes > HEADER_BYTES_MAX || header_bytes > byte_count - LENGTH_BYTES)
        return status_fail(STATUS_CORRUPT, "%s: header of %llu bytes in a file of %zu", name,
                           (unsigned long long)header_bytes, byte_count);

    const char *text = (const char *)bytes + LENGTH_BYTES;
    const enum status outcome =
        json_text_parse(&header->root, text, (size_t)header_bytes, &header_limits, name);
    if (outcome != STATUS_OK)
        return outcome;
    header->data = bytes + LENGTH_BYTES + header_bytes;
    header->data_bytes = byte_count - LENGTH_BYTES - (size_t)header_bytes;
    if (json_is_object(header->root))
        return STATUS_OK;
    json_decref(header->root);
    return status_fail(STATUS_CORRUPT, "%s: the header is not an object", name);
}

static enum status read_type(struct tensor *tensor, const json_t *entry, const char *name)
{
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (type == NULL)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has no dtype", name, tensor->name);
    for (enum tensor_type t = TENSOR_F32; t <= TENSOR_BOOL; t++)
        if (strcmp(type, tensor_type_name(t)) == 0) {
            tensor->type = t;
            return STATUS_OK;
        }
    return status_fail(STATUS_INVALID, "%s: tensor %s has type %.20s, which is not supported", name,
                       tensor->name, type);
}

static enum status read_shape(struct tensor *tensor, const json_t *entry, const char *name)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape))
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has no shape", name, tensor->name);
    if (json_array_size(shape) > TENSOR_DIMENSIONS_MAX)
        return status_fail(STATUS_INVALID, "%s: tensor %s has %zu dimensions, more than %d", name,
                           tensor->name, json_array_size(shape), TENSOR_DIMENSIONS_MAX);

    tensor->dimension_count = json_array_size(shape);
    tensor->count = 1;
    for (size_t d = 0; d < tensor->dimension_count; d++) {
        const json_t *extent = json_array_get(shape, d);
        const json_int_t value = json_integer_value(extent);
        if (!json_is_integer(extent) || value < 0 ||
            __builtin_mul_overflow(tensor->count, (size_t)value, &tensor->count))
            return status_fail(STATUS_CORRUPT, "%s: tensor %s has an impossible shape", name,
                               tensor->name);
        tensor->shape[d] = (size_t)value;
    }
    return STATUS_OK;
}

static enum status read_range(struct tensor *tensor, const json_t *entry,
                              const struct header *header, const char *name)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *first = json_array_get(offsets, 0), *last = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(last))
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has no data_offsets", name, tensor->name);

    const json_int_t begin = json_integer_value(first), end = json_integer_value(last);
    if (begin < 0 || end < begin || (uint64_t)end > header->data_bytes)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s lies at %lld .. %lld of %zu bytes", name,
                           tensor->name, (long long)begin, (long long)end, header->data_bytes);
    size_t expected;
    if (__builtin_mul_overflow(tensor->count, tensor_type_bytes(tensor->type), &expected) ||
        expected != (size_t)(end - begin))
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has %lld bytes, not those of its shape",
                           name, tensor->name, (long long)(end - begin));
    tensor->data = header->data + begin;
    return STATUS_OK;
}

static enum status read_tensor(struct tensor *tensor, const char *key, const json_t *entry,
                               const struct header *header, const char *name)
{
    if (!json_is_object(entry))
        return status_fail(STATUS_CORRUPT, "%s: tensor %s is not described by an object", name,
                           key);
    tensor->name = strdup(key);
    if (tensor->name == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: tensor %s", name, key);
    enum status outcome = read_type(tensor, entry, name);
    if (outcome == STATUS_OK)
        outcome = read_shape(tensor, entry, name);
    if (outcome == STATUS_OK)
        outcome = read_range(tensor, entry, header, name);
    return outcome;
}

static enum status read_tensors(struct tensor_table *out, const struct header *header,
                                const char *name)
{
    out->tensors = calloc(json_object_size(header->root) + 1, sizeof *out->tensors);
    out->source = strdup(name);
    if (out->tensors == NULL || out->source == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: tensor table", name);

    const char *key;
    json_t *entry;
    json_object_foreach(header->root, key, entry)
    {
        if (strcmp(key, metadata_key) == 0)
            continue;
        /* Counted first, so that tensor_table_end frees the name of one that fails. */
        const enum status outcome =
            read_tensor(&out->tensors[out->count++], key, entry, header, name);
        if (outcome != STATUS_OK)
            return outcome;
    }
    return STATUS_OK;
}

static size_t tensor_bytes(const struct tensor *tensor)
{
    return tensor->count * tensor_type_bytes(tensor->type);
}

/* By begin, empty tensors first where several begin at one place. */
static int compare_ranges(const void *left, const void *right)
{
    const struct tensor *a = left, *b = right;
    const uintptr_t a_begin = (uintptr_t)a->data, b_begin = (uintptr_t)b->data;
    if (a_begin != b_begin)
        return a_begin < b_begin ? -1 : 1;
    return (tensor_bytes(a) > tensor_bytes(b)) - (tensor_bytes(a) < tensor_bytes(b));
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const struct tensor *)left)->name, ((const struct tensor *)right)->name);
}

static enum status check_ranges(struct tensor_table *table, const struct header *header,
                                const char *name)
{
    const uint8_t *end = header->data;
    if (table->count > 0)
        qsort(table->tensors, table->count, sizeof *table->tensors, compare_ranges);
    for (size_t t = 0; t < table->count; t++) {
        const struct tensor *tensor = &table->tensors[t];
        if ((const uint8_t *)tensor->data != end)
            return status_fail(STATUS_CORRUPT, "%s: tensor %s %s", name, tensor->name,
                               (const uint8_t *)tensor->data < end ? "overlaps another"
                                                                   : "follows a gap");
        end += tensor_bytes(tensor);
    }
    if (end != header->data + header->data_bytes)
        return status_fail(STATUS_CORRUPT, "%s: %zu bytes after the last tensor", name,
                           (size_t)(header->data + header->data_bytes - end));
    if (table->count > 0)
        qsort(table->tensors, table->count, sizeof *table->tensors, compare_names);
    return STATUS_OK;
}

enum status safetensors_read_bytes(struct tensor_table *out, const uint8_t *bytes,
                                   size_t byte_count, const char *name)
{
    *out = (struct tensor_table){ 0 };
    struct header header = { 0 };
    enum status outcome = read_header(&header, bytes, byte_count, name);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = read_tensors(out, &header, name);
    if (outcome == STATUS_OK)
        outcome = check_ranges(out, &header, name);
    json_decref(header.root);
    if (outcome != STATUS_OK)
        tensor_table_end(out);
    return outcome;
}

enum status safetensors_read(struct tensor_table *out, const char *path)
{
    *out = (struct tensor_table){ 0 };
    struct file_map *map = NULL;
    enum status outcome = file_map_open(&map, path);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = safetensors_read_bytes(out, map->bytes, map->byte_count, path);
    if (outcome != STATUS_OK) {
        file_map_close(map);
        return outcome;
    }
    out->owner = map;
    out->release = file_map_release;
    return STATUS_OK;
}

static enum status read_texts(struct settings *out, json_t *texts, const char *path)
{
    if (json_object_size(texts) > METADATA_MAX)
        return status_fail(STATUS_CORRUPT, "%s: more than %d texts of metadata", path,
                           METADATA_MAX);
    const char *key;
    json_t *value;
    json_object_foreach(texts, key, value)
    {
        if (!json_is_string(value))
            return status_fail(STATUS_CORRUPT, "%s: metadata %s is not a text", path, key);
        const enum status outcome = settings_put_text(out, key, json_string_value(value));
        if (outcome != STATUS_OK)
            return outcome;
    }
    return STATUS_OK;
}

enum status safetensors_read_metadata(struct settings **out, const char *path)
{
    *out = NULL;
    struct file_map *map = NULL;
    struct header header = { 0 };
    enum status outcome = file_map_open(&map, path);
    if (outcome == STATUS_OK)
        outcome = read_header(&header, map->bytes, map->byte_count, path);
    if (outcome == STATUS_OK) {
        *out = settings_create(path);
        outcome = *out != NULL ? read_texts(*out, json_object_get(header.root, metadata_key), path)
                               : status_fail(STATUS_NO_MEMORY, "%s: metadata", path);
        json_decref(header.root);
    }
    if (outcome != STATUS_OK) {
        settings_destroy(*out);
        *out = NULL;
    }
    file_map_close(map);
    return outcome;
}

static int add_metadata(json_t *root, const char *const *metadata)
{
    if (metadata == NULL)
        return 0;
    json_t *texts = json_object();
    int failed = 0;
    for (; *metadata != NULL; metadata += 2)
        failed |= json_object_set_new(texts, metadata[0], json_string(metadata[1]));
    return failed | json_object_set_new(root, metadata_key, texts);
}

static int add_tensor(json_t *root, const struct tensor *tensor, size_t *offset)
{
    json_t *shape = json_array();
    for (size_t d = 0; d < tensor->dimension_count; d++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[d]));
    const size_t begin = *offset, end = begin + tensor_bytes(tensor);
    *offset = end;
    json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor_type_name(tensor->type),
                              "shape", shape, "data_offsets", (json_int_t)begin, (json_int_t)end);
    return json_object_set_new(root, tensor->name, entry);
}

/* The caller frees the text. Spaces fill it up so that the data is aligned. */
static enum status make_header(char **text, size_t *text_bytes, const struct tensor_table *table,
                               const char *const *metadata, const char *path)
{
    json_t *root = json_object();
    size_t offset = 0;
    int failed = add_metadata(root, metadata);
    for (size_t t = 0; t < table->count; t++)
        failed |= add_tensor(root, &table->tensors[t], &offset);
    char *bare = failed ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (bare == NULL)
        return status_fail(STATUS_INVALID, "%s: a name or a text is not UTF-8", path);

    const size_t bare_bytes = strlen(bare);
    *text_bytes = (bare_bytes + 7) / 8 * 8;
    *text = malloc(*text_bytes);
    if (*text == NULL) {
        free(bare);
        return status_fail(STATUS_NO_MEMORY, "%s: header", path);
    }
    memset(*text, ' ', *text_bytes);
    memcpy(*text, bare, bare_bytes);
    free(bare);
    return STATUS_OK;
}

static bool write_bytes(FILE *stream, const char *header, size_t header_bytes,
                        const struct tensor_table *table)
{
    uint8_t length[LENGTH_BYTES];
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)((uint64_t)header_bytes >> 8 * i);
    bool is_written = fwrite(length, 1, sizeof length, stream) == sizeof length &&
                      fwrite(header, 1, header_bytes, stream) == header_bytes;
    for (size_t t = 0; t < table->count && is_written; t++) {
        const size_t bytes = tensor_bytes(&table->tensors[t]);
        is_written = fwrite(table->tensors[t].data, 1, bytes, stream) == bytes;
    }
    return is_written;
}

enum status safetensors_write(const char *path, const struct tensor_table *table,
                              const char *const *metadata)
{
    char partial[PATH_BYTES], *header = NULL;
    size_t header_bytes = 0;
    if (snprintf(partial, sizeof partial, "%s.partial", path) >= PATH_BYTES)
        return status_fail(STATUS_INVALID, "%s: path too long", path);
    enum status outcome = make_header(&header, &header_bytes, table, metadata, path);
    if (outcome != STATUS_OK)
        return outcome;

    FILE *stream = fopen(partial, "wbe");
    if (stream == NULL)
        outcome = file_fail(partial, "cannot create");
    else {
        const bool is_written = write_bytes(stream, header, header_bytes, table);
        if (fclose(stream) != 0 || !is_written)
            outcome = file_fail(partial, "cannot write");
        if (outcome == STATUS_OK)
            outcome = file_publish(path);
        if (outcome != STATUS_OK)
            unlink(partial);
    }
    free(header);
    return outcome;
}
