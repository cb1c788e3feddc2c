/** Store reader: what a packed store says of itself, and its rows, on one rank. All functions are
 * local. */
#ifndef STORAGE_STORE_READER_H
#define STORAGE_STORE_READER_H

#include "core/digest.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const char store_format_name[]; /* root attribute "format" */
enum { STORE_FORMAT_VERSION = 1 };

/** True where `path` is a whole store made by the recipe (root attribute "recipe_digest"). */
bool store_is_made_by(const char *path, const char *recipe);

struct store_reader; /* opaque */

/** Opens a store. On success the caller ends `*out` with store_reader_close.
 * Errors: STATUS_NOT_FOUND; STATUS_CORRUPT (cut short, not a store, another version). */
enum status store_reader_open(struct store_reader **out, const char *path);

/** As store_reader_open, for another kind of file that the store writer made: whose root attribute
 * "format" is `format`. */
enum status store_reader_open_format(struct store_reader **out, const char *path,
                                     const char *format);

/** NULL is allowed. */
void store_reader_close(struct store_reader *reader);

/** True where the dataset is there. */
bool store_reader_has(const struct store_reader *reader, const char *dataset);

/** Extent of a dataset: rows, values in a row. Errors: STATUS_CORRUPT. */
enum status store_reader_extent(uint64_t *rows, size_t *width, const struct store_reader *reader,
                                const char *dataset);

/** Reads rows first .. first + count - 1 of an integer dataset, widened to uint64_t [count][width].
 * Errors: STATUS_CORRUPT, naming dataset and rows; also where its rows are of another width. */
enum status store_reader_numbers(uint64_t *values, const struct store_reader *reader,
                                 const char *dataset, uint64_t first, uint64_t count, size_t width);

/** Reads rows of a float16 dataset as the 16 bits of each value, uint16_t [count][width].
 * Errors: STATUS_CORRUPT. */
enum status store_reader_halves(uint16_t *values, const struct store_reader *reader,
                                const char *dataset, uint64_t first, uint64_t count, size_t width);

/** Reads rows of a float32 dataset, [count][width]. Errors: STATUS_CORRUPT. */
enum status store_reader_floats(float *values, const struct store_reader *reader,
                                const char *dataset, uint64_t first, uint64_t count, size_t width);

/** Reads texts; `texts` [count][text_bytes], each ending with a zero byte. A longer text is
 * STATUS_CORRUPT. */
enum status store_reader_texts(char *texts, size_t text_bytes, const struct store_reader *reader,
                               const char *dataset, uint64_t first, uint64_t count);

/** Bytes of the longest text of a dataset, the zero at its end included. */
enum status store_reader_text_bytes(size_t *text_bytes, const struct store_reader *reader,
                                    const char *dataset);

/** Attributes of an object. Errors: STATUS_CORRUPT. */
enum status store_reader_note_text(char *text, size_t text_bytes, const struct store_reader *reader,
                                   const char *place, const char *name);
enum status store_reader_note_number(uint64_t *number, const struct store_reader *reader,
                                     const char *place, const char *name);

#endif
