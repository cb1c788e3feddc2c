/** SHA-256 of files: what publishers name their files by, so that a person can compare. For our own
 * checks core/digest.h is ten times as fast. The door to nettle. */
#ifndef CORE_SHA256_H
#define CORE_SHA256_H

#include "core/status.h"

enum { SHA256_TEXT_BYTES = 65 };

/** Local. Writes the SHA-256 of a file's bytes as 64 hexadecimal digits, as sha256sum does; on
 * failure an empty text. Errors: STATUS_NOT_FOUND, STATUS_IO, STATUS_NO_MEMORY. */
enum status sha256_file(char text[SHA256_TEXT_BYTES], const char *path);

#endif
