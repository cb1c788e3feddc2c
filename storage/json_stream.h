/** One large JSON document, item by item. The door to yajl.
 *
 * Public collections come as one object with a few long lists in it, {"images": [...], "info":
 * ...}. The items of the lists that are asked for are handed out one after the other, as jansson's
 * values; all else is passed over. Memory is that of the largest item, whatever the file's size. */
#ifndef STORAGE_JSON_STREAM_H
#define STORAGE_JSON_STREAM_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t; /* jansson's value */

enum {
    JSON_STREAM_DEPTH_MAX = 32,
    JSON_STREAM_TEXT_BYTES_MAX = 1 << 20, /* about: of one text, key or number */
    JSON_STREAM_ITEM_BYTES_MAX = 16 << 20 /* in memory */
};

/** A list of the outermost object. */
struct json_stream_list {
    const char *key;
    bool is_required;
    /** Called for each item, in order, `index` from 0; `item` is borrowed. A failure that it
     * returns ends the reading. */
    enum status (*item)(void *payload, const struct json_t *item, size_t index);
};

struct json_stream_reader {
    const struct json_stream_list *lists;
    size_t list_count;
    /** Called for each text of the outermost object; NULL where there is no need. */
    enum status (*text)(void *payload, const char *key, const char *text);
    void *payload;
};

/** Local. Reads the whole file.
 *
 * Errors: those of file_open and of the callbacks; STATUS_INVALID with "path: byte N: what" (no
 * JSON, not UTF-8, beyond one of the limits) or "path: what" (a list that is missing, stands twice
 * or is none); STATUS_NO_MEMORY. */
enum status json_stream_read(const char *path, const struct json_stream_reader *reader);

#endif
