/** Inside the pickle reader: its values, its stack, and the bytes that it reads. */
#ifndef STORAGE_PICKLE_MACHINE_H
#define STORAGE_PICKLE_MACHINE_H

#include "storage/pickle.h"

/** Growing array of values. */
struct pickle_stack {
    struct pickle_value **values;
    size_t count, capacity;
};

struct pickle_block; /* of values; defined in pickle.c */

struct pickle {
    struct pickle_block *blocks;
    size_t value_count;
    size_t item_count; /* over all values */
    struct pickle_stack stack;
    struct pickle_stack memo; /* NULL where nothing was put */
    struct pickle_stack persistents;
    const uint8_t *bytes;
    size_t byte_count, at;
    const struct pickle_hook *hook;
    const char *name;
    struct pickle_value *root; /* set by the last instruction */
};

/** STATUS_CORRUPT with the place in the file. */
enum status pickle_fail(const struct pickle *pickle, const char *fact);

/** A new value, owned by the pickle. */
enum status pickle_make(struct pickle_value **out, struct pickle *pickle, enum pickle_kind kind);

/** Appends to the items of a value. */
enum status pickle_append(struct pickle *pickle, struct pickle_value *value,
                          struct pickle_value *item);

/** Puts `value` at the end, or, for the memo, anywhere. */
enum status pickle_push(struct pickle *pickle, struct pickle_stack *stack,
                        struct pickle_value *value);
enum status pickle_memo_put(struct pickle *pickle, size_t index, struct pickle_value *value);

/** Runs one instruction whose code has been read. */
enum status pickle_step(struct pickle *pickle, uint8_t code);

/** Instructions that push a scalar; `*is_known` is false for others. Uses the bytes only. */
enum status pickle_push_scalar(struct pickle *pickle, uint8_t code, bool *is_known);

/** The next bytes: a fixed number, a little-endian number of `width` bytes, a line without its end.
 */
enum status pickle_take(struct pickle_bytes *out, struct pickle *pickle, uint64_t byte_count);
enum status pickle_take_number(uint64_t *out, struct pickle *pickle, size_t width);
enum status pickle_take_line(struct pickle_bytes *out, struct pickle *pickle);

/** The place in the memo that stands behind the instruction `code`. */
enum status pickle_take_memo_index(uint64_t *index, struct pickle *pickle, uint8_t code);

#endif
