/** Members of JSON objects, as the readers of the formats take them. For storage/import only.
 * Local.
 *
 * `object` may be any value: where it is no object, that is told. Errors: STATUS_INVALID with
 * input, place and key. */
#ifndef STORAGE_IMPORT_IMPORT_JSON_H
#define STORAGE_IMPORT_IMPORT_JSON_H

#include "storage/import/import_sink.h"

struct json_t;

/** A text member, borrowed; NULL where it is absent or null and may be. */
enum status import_json_text(const char **text, const struct import_sink *sink,
                             const struct json_t *object, const char *place, const char *key,
                             bool is_required);

enum { IMPORT_JSON_NAME_BYTES = 256 };

/** A member that is a text or a whole number, as text, cut to fit; empty where it is absent and may
 * be.
 */
enum status import_json_name(char name[IMPORT_JSON_NAME_BYTES], const struct import_sink *sink,
                             const struct json_t *object, const char *place, const char *key,
                             bool is_required);

/** The first of the keys, which end with NULL, that is there and not null; NULL for none. */
const char *import_json_key(const struct json_t *object, const char *const *keys);

/** A member as a number for import_caption: a whole number or a text of digits; else
 * IMPORT_NO_NUMBER. */
uint64_t import_json_number(const struct json_t *object, const char *key);

/** A member that is a list, borrowed. */
enum status import_json_list(const struct json_t **list, const struct import_sink *sink,
                             const struct json_t *object, const char *place, const char *key);

#endif
