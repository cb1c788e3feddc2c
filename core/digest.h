/** Content digests: XXH3, 128 bits, as 32 hexadecimal digits. They tell contents apart and find
 * damage; they do not resist an attacker. The door to xxHash. */
#ifndef CORE_DIGEST_H
#define CORE_DIGEST_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT_BYTES = 33 };

struct digest; /* opaque: a running digest */

/** NULL without memory. The caller ends it with digest_end. */
struct digest *digest_begin(void);

/** Adds bytes. */
void digest_add(struct digest *digest, const void *bytes, size_t byte_count);

/** Adds a length and the text's bytes, so that neighbouring texts do not run together. */
void digest_add_text(struct digest *digest, const char *text);

/** Adds a number, as eight little-endian bytes. */
void digest_add_number(struct digest *digest, uint64_t number);

/** Writes the digest of what was added and frees the object. NULL is allowed: no text then. */
void digest_end(char text[DIGEST_TEXT_BYTES], struct digest *digest);

/** Digest of one block of bytes. */
void digest_of(char text[DIGEST_TEXT_BYTES], const void *bytes, size_t byte_count);

/** The 128 bits of a digest's text as two words; zeros for an empty text. A sum over ranks, all but
 * one of which hold zeros, brings digests together. */
void digest_words(int64_t words[2], const char *text);

/** Local. Digest of a regular file's bytes; no text on failure. Errors: STATUS_NOT_FOUND,
 * STATUS_INVALID (a folder, a pipe), STATUS_IO, STATUS_NO_MEMORY. */
enum status digest_file(char text[DIGEST_TEXT_BYTES], const char *path);

/** Local. As digest_file, of the first `byte_count` bytes, or of all where there are fewer. */
enum status digest_file_part(char text[DIGEST_TEXT_BYTES], const char *path, uint64_t byte_count);

#endif
