/** JSON text from outside, measured before the parser builds anything from it. */
#ifndef STORAGE_JSON_TEXT_H
#define STORAGE_JSON_TEXT_H

#include "core/status.h"

#include <stddef.h>

struct json_t; /* jansson's value */

struct json_limits {
    size_t depth_max; /* arrays and objects inside each other */
    size_t value_max; /* scalars, arrays and objects together, about */
};

/** Local. Parses one JSON value that fills the text (white space around it is allowed).
 *
 *     text [byte_count]  in  UTF-8, not terminated
 *
 * On success `*out` is the caller's, to json_decref; on failure it is NULL. `name` (a path) is for
 * messages. Errors: STATUS_CORRUPT (not JSON, over a limit, the same key twice). */
enum status json_text_parse(struct json_t **out, const char *text, size_t byte_count,
                            const struct json_limits *limits, const char *name);

#endif
