/** Rows of fields: CSV as RFC 4180 has it, and tab-separated values. Bounded memory; local. */
#ifndef STORAGE_CSV_ROWS_H
#define STORAGE_CSV_ROWS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct csv_rows; /* opaque */

struct csv_options {
    char separator;  /* ',' or '\t' */
    bool has_quotes; /* a field may stand in double quotes, with separators, line ends and doubled
                        quotes in it; without, a quote is a letter */
    size_t row_bytes_max, field_max;
};

/** Opens a file; a byte order mark is passed over. On success `*out` is the caller's, to close;
 * else NULL. `path` is borrowed. Errors: those of file_open, STATUS_NO_MEMORY. */
enum status csv_rows_open(struct csv_rows **out, const char *path,
                          const struct csv_options *options);

/** Reads the next row that is not an empty line; `*is_there` is false after the last.
 * Errors: STATUS_INVALID ("path:line: what": a quote that is not closed or followed by text, a zero
 * byte, a row or a count of fields beyond the limits), STATUS_IO, STATUS_NO_MEMORY. */
enum status csv_rows_next(bool *is_there, struct csv_rows *rows);

/** The row in hand: its first line, its fields, each valid until the next row. */
size_t csv_rows_line(const struct csv_rows *rows);
size_t csv_rows_count(const struct csv_rows *rows);
const char *csv_rows_field(const struct csv_rows *rows, size_t index);

/** NULL is allowed. */
void csv_rows_close(struct csv_rows *rows);

#endif
