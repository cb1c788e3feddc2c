/** Pickles, read and never run.
 *
 * A pickle is a program for a stack machine that may name any function of Python and have it
 * called. This reader knows the machine, and no function: where the program asks for a call, it
 * notes who was to be called with what (PICKLE_OBJECT), and whoever reads the result decides what
 * that means. The result is a graph that can share values and can have cycles: bound every walk
 * over it.
 *
 * Protocols 0 to 5, as CPython 3.11's pickletools describes them, without out-of-band buffers,
 * extension codes and escapes in protocol-0 text. Everything is bounded: see pickle.c. Local. */
#ifndef STORAGE_PICKLE_H
#define STORAGE_PICKLE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_SWITCH,     /* integer: 0 or 1 */
    PICKLE_INTEGER,    /* integer */
    PICKLE_BIG,        /* a whole number beyond 64 bits; bytes: little-endian two's complement */
    PICKLE_NUMBER,     /* number */
    PICKLE_TEXT,       /* bytes: UTF-8 as it stood there, unchecked */
    PICKLE_BYTES,      /* bytes */
    PICKLE_LIST,       /* items */
    PICKLE_TUPLE,      /* items */
    PICKLE_SET,        /* items */
    PICKLE_DICT,       /* items: key, value, key, value, ... */
    PICKLE_GLOBAL,     /* module and bytes: a name of Python's, "module.name" */
    PICKLE_OBJECT,     /* callable, arguments, state and items: what a call would have made */
    PICKLE_PERSISTENT, /* arguments: an identity that something outside the pickle resolves */
    PICKLE_MARK        /* inside the machine only */
};

/** A byte string inside the pickle, borrowed, not terminated. */
struct pickle_bytes {
    const uint8_t *at;
    size_t count;
};

struct pickle_value {
    enum pickle_kind kind;
    bool has_pairs; /* of an object: items are keys and values, as in a dict */
    union {
        int64_t integer;
        double number;
    };
    struct pickle_bytes bytes;  /* of an object: what a hook took from behind it */
    struct pickle_bytes module; /* of a global */
    struct pickle_value **items;
    uint32_t item_count, item_capacity;
    struct pickle_value *callable, *arguments, *state; /* NULL where absent */
};

struct pickle; /* opaque */

/** Told of each object whose state has just been set, because joblib puts an array's bytes right
 * behind it. `*taken` bytes of `rest` [rest_bytes] are then passed over and become object->bytes.
 */
struct pickle_hook {
    enum status (*built)(void *context, size_t *taken, const struct pickle_value *object,
                         const uint8_t *rest, size_t rest_bytes);
    void *context;
};

/** Reads the pickle that `bytes` begin with; they are borrowed and must outlive `*out`, which is
 * the caller's, to pickle_destroy (NULL on failure). `hook` may be NULL. `name` is for messages.
 *
 * Errors: STATUS_CORRUPT (cut short, broken, over a limit), STATUS_INVALID (a part of the language
 * that is not supported), STATUS_NO_MEMORY. */
enum status pickle_read(struct pickle **out, const uint8_t *bytes, size_t byte_count,
                        const struct pickle_hook *hook, const char *name);

/** NULL is allowed. Ends all values. */
void pickle_destroy(struct pickle *pickle);

/** The value that the pickle stands for. */
const struct pickle_value *pickle_root(const struct pickle *pickle);

/** Bytes that the pickle took, so that the next one begins there. */
size_t pickle_byte_count(const struct pickle *pickle);

/** All persistent values, in order of reading. */
const struct pickle_value *const *pickle_persistents(const struct pickle *pickle, size_t *count);

/** True for a text equal to `text`. NULL is allowed. */
bool pickle_is_text(const struct pickle_value *value, const char *text);

/** True for the global "module.name", in this form. NULL is allowed. */
bool pickle_is_global(const struct pickle_value *value, const char *dotted);

/** True for an object that calls, or is an instance of, the global `dotted`. NULL is allowed. */
bool pickle_is_call(const struct pickle_value *value, const char *dotted);

/** Item `index` of a list or a tuple, or NULL where there is none. NULL is allowed. */
const struct pickle_value *pickle_item(const struct pickle_value *value, size_t index);

/** The value under a text key of a dict, or of an object with pairs; the last where there are
 * several, NULL where there is none. NULL is allowed. */
const struct pickle_value *pickle_find(const struct pickle_value *dict, const char *key);

/** Reads a whole number that fits into size_t; false for all else. */
bool pickle_read_count(size_t *count, const struct pickle_value *value);

/** Writes "module.name" of a global, or of what an object calls, cut where it does not fit; other
 * values are named after their kind. */
void pickle_describe(char *text, size_t text_bytes, const struct pickle_value *value);

#endif
