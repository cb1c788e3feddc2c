#include "storage/npy_file.h"

#include "storage/file_map.h"

#include <string.h>

enum { PREFIX_BYTES = 8, HEADER_BYTES_MAX = 65536 };

/* The header's text: {'descr': '<f4', 'fortran_order': False, 'shape': (20, 48), } */
struct cursor {
    const char *at, *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && strchr(" \t\n", *cursor->at) != NULL && *cursor->at != '\0')
        cursor->at++;
}

static bool take(struct cursor *cursor, const char *word)
{
    const size_t length = strlen(word);
    skip_space(cursor);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static bool take_quoted(struct cursor *text, struct cursor *cursor)
{
    const char *quote = take(cursor, "'") ? "'" : take(cursor, "\"") ? "\"" : NULL;
    if (quote == NULL)
        return false;
    text->at = cursor->at;
    text->end = memchr(cursor->at, quote[0], (size_t)(cursor->end - cursor->at));
    if (text->end == NULL)
        return false;
    cursor->at = text->end + 1;
    return true;
}

static bool take_count(size_t *count, struct cursor *cursor)
{
    skip_space(cursor);
    const char *first = cursor->at;
    *count = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++)
        if (__builtin_mul_overflow(*count, (size_t)10, count) ||
            __builtin_add_overflow(*count, (size_t)(*cursor->at - '0'), count))
            return false;
    return cursor->at > first;
}

static bool take_shape(struct numpy_array *array, struct cursor *cursor)
{
    array->dimension_count = 0;
    if (!take(cursor, "("))
        return false;
    while (!take(cursor, ")")) {
        if (array->dimension_count == NUMPY_DIMENSIONS_MAX ||
            !take_count(&array->shape[array->dimension_count++], cursor))
            return false;
        if (!take(cursor, ","))
            return take(cursor, ")");
    }
    return true;
}

static bool take_truth(bool *truth, struct cursor *cursor)
{
    *truth = take(cursor, "True");
    return *truth || take(cursor, "False");
}

static enum status take_type(struct numpy_array *array, struct cursor *cursor, const char *name)
{
    struct cursor text;
    if (!take_quoted(&text, cursor))
        return status_fail(STATUS_INVALID, "%s: an array of records is not supported", name);
    const size_t length = (size_t)(text.end - text.at);
    if (!numpy_array_read_type(array, text.at, length))
        return status_fail(STATUS_INVALID, "%s: an array of type %.*s is not supported", name,
                           length < 40 ? (int)length : 40, text.at);
    return STATUS_OK;
}

static enum status parse_header(struct numpy_array *array, struct cursor cursor, const char *name)
{
    enum { DESCR = 1, ORDER = 2, SHAPE = 4, ALL = 7 };
    int seen = 0;
    struct cursor key;
    bool is_good = take(&cursor, "{");
    while (is_good && !take(&cursor, "}")) {
        is_good = take_quoted(&key, &cursor) && take(&cursor, ":");
        if (!is_good)
            break;
        int found = 0;
        if (take(&key, "descr")) {
            const enum status outcome = take_type(array, &cursor, name);
            if (outcome != STATUS_OK)
                return outcome;
            found = DESCR;
        } else if (take(&key, "fortran_order") && take_truth(&array->is_fortran, &cursor))
            found = ORDER;
        else if (take(&key, "shape") && take_shape(array, &cursor))
            found = SHAPE;
        is_good = found != 0 && (seen & found) == 0 && key.at == key.end;
        seen |= found;
        if (is_good && !take(&cursor, ",")) {
            is_good = take(&cursor, "}");
            break;
        }
    }
    skip_space(&cursor);
    if (!is_good || seen != ALL || cursor.at != cursor.end)
        return status_fail(STATUS_CORRUPT, "%s: the .npy header is broken", name);
    return STATUS_OK;
}

/* The header's place; its length has 2 bytes in version 1 and 4 bytes later. */
static enum status find_header(struct cursor *header, const uint8_t *bytes, size_t byte_count,
                               const char *name)
{
    if (byte_count < PREFIX_BYTES || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return status_fail(STATUS_CORRUPT, "%s: not an .npy file", name);
    if (bytes[6] < 1 || bytes[6] > 3)
        return status_fail(STATUS_INVALID, "%s: .npy version %d is not supported", name, bytes[6]);
    const size_t width = bytes[6] == 1 ? 2 : 4;
    size_t length = 0;
    if (byte_count >= PREFIX_BYTES + width)
        for (size_t i = width; i-- > 0;)
            length = length << 8 | bytes[PREFIX_BYTES + i];
    if (length == 0 || length > HEADER_BYTES_MAX || length > byte_count - PREFIX_BYTES - width)
        return status_fail(STATUS_CORRUPT, "%s: a header of %zu bytes in a file of %zu", name,
                           length, byte_count);
    header->at = (const char *)bytes + PREFIX_BYTES + width;
    header->end = header->at + length;
    return STATUS_OK;
}

enum status npy_file_parse(struct numpy_array *out, const uint8_t *bytes, size_t byte_count,
                           const char *name)
{
    struct cursor header = { 0 };
    *out = (struct numpy_array){ 0 };
    enum status outcome = find_header(&header, bytes, byte_count, name);
    if (outcome == STATUS_OK)
        outcome = parse_header(out, header, name);
    if (outcome != STATUS_OK)
        return outcome;

    out->bytes = (const uint8_t *)header.end;
    const size_t left = byte_count - (size_t)(out->bytes - bytes);
    if (!numpy_array_measure(out) || out->byte_count != left)
        return status_fail(STATUS_CORRUPT, "%s: %zu bytes of data are not those of its shape", name,
                           left);
    return STATUS_OK;
}

enum status npy_file_read(float **values, size_t *rows, size_t *columns, const char *path)
{
    *values = NULL;
    struct file_map *map = NULL;
    struct numpy_array array;
    enum status outcome = file_map_open(&map, path);
    if (outcome == STATUS_OK)
        outcome = npy_file_parse(&array, map->bytes, map->byte_count, path);
    if (outcome == STATUS_OK)
        outcome = numpy_array_to_matrix(values, rows, columns, &array, path);
    file_map_close(map);
    return outcome;
}
