/** JSON out: one value a line, as all files and reports of this program write it.
 *
 * The writer is told what to write in order, and prints when the outermost value is closed. It
 * remembers its first failure, ignores what follows and tells when asked to print, so that callers
 * need not check each step. All functions are local.
 *
 *     json_writer_open_object(writer, NULL);
 *     json_writer_text(writer, "id", "scene-000001");
 *     json_writer_open_array(writer, "sides");
 *     json_writer_integer(writer, NULL, 640);
 *     json_writer_close(writer);
 *     json_writer_close(writer);
 *     outcome = json_writer_print(writer, file, path);     {"id":"scene-000001","sides":[640]}
 */
#ifndef STORAGE_JSON_H
#define STORAGE_JSON_H

#include "core/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_WRITER_DEPTH_MAX = 16 };

struct json_writer; /* opaque */

/** An empty writer for the caller to destroy. NULL without memory. */
struct json_writer *json_writer_create(void);

/** NULL is allowed. What was not printed is discarded. */
void json_writer_destroy(struct json_writer *writer);

/** Begins an object or an array. `key` is its name in the object that is open; NULL in an array and
 * for the outermost value. At most JSON_WRITER_DEPTH_MAX may be open. */
void json_writer_open_object(struct json_writer *writer, const char *key);
void json_writer_open_array(struct json_writer *writer, const char *key);

/** Ends the object or array opened last. */
void json_writer_close(struct json_writer *writer);

/** Add one value to what is open; `key` as above. Within an object each key comes once. Text must
 * be UTF-8. A number must be finite; it is written with at most 15 digits, as few as say the same.
 */
void json_writer_text(struct json_writer *writer, const char *key, const char *value);
void json_writer_integer(struct json_writer *writer, const char *key, int64_t value);
void json_writer_number(struct json_writer *writer, const char *key, double value);
void json_writer_switch(struct json_writer *writer, const char *key, bool value);

/** Writes the value and a line feed to `file`, whose name serves for messages. Keys stand in the
 * order in which they were given; text is UTF-8, not escaped beyond need.
 *
 * The writer is then empty, also after a failure, and ready for the next value.
 * Errors: STATUS_INVALID (text that is not UTF-8, a number that is not finite; names the key),
 * STATUS_IO, STATUS_NO_MEMORY. */
enum status json_writer_print(struct json_writer *writer, FILE *file, const char *name);

/** As json_writer_print, but to a string without line feed that the caller frees; NULL on failure.
 */
enum status json_writer_format(char **text, struct json_writer *writer);

#endif
