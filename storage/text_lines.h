/** Text file, line by line, in bounded memory. Local: no function here talks to other ranks. */
#ifndef STORAGE_TEXT_LINES_H
#define STORAGE_TEXT_LINES_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct text_lines {
    const char *path;    /* borrowed, for messages */
    FILE *file;          /* owned */
    uint64_t bytes_left; /* of the part that is read */
    size_t number;       /* of the line in hand, from 1 */
    char *text;          /* the line in hand, without its end (LF or CR LF); a zero follows */
    size_t bytes;        /* of it; it may hold zeros */
    size_t capacity, bytes_max;
};

/** Opens a regular file whose lines have at most `bytes_max` bytes. On success the caller ends
 * `*lines` with text_lines_close; on failure it is empty. A byte order mark at the beginning of the
 * file is passed over. Errors: those of file_open. */
enum status text_lines_open(struct text_lines *lines, const char *path, size_t bytes_max);

/** As text_lines_open, for the first `byte_count` bytes of the file: its end comes there. */
enum status text_lines_open_part(struct text_lines *lines, const char *path, size_t bytes_max,
                                 uint64_t byte_count);

/** Reads the next line. `*is_there` is false at the end of the file; a last line without a line
 * feed is one, an empty rest is none.
 * Errors: STATUS_INVALID ("path:line: ...", a line too long), STATUS_IO, STATUS_NO_MEMORY. */
enum status text_lines_next(bool *is_there, struct text_lines *lines);

/** All-zero lines are allowed. */
void text_lines_close(struct text_lines *lines);

#endif
