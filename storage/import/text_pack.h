/** Texts and numbers back to back in bytes, as the sorts of an import carry them. Local. */
#ifndef STORAGE_IMPORT_TEXT_PACK_H
#define STORAGE_IMPORT_TEXT_PACK_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Growing bytes. It remembers want of memory; callers ask once, at the end. */
struct text_pack {
    uint8_t *bytes; /* owned; free with text_pack_end */
    size_t used, capacity;
    bool is_out_of_memory;
};

/** Adds a text, or NULL; a number; bytes as they are. */
void text_pack_add(struct text_pack *pack, const char *text);
void text_pack_add_number(struct text_pack *pack, uint64_t number);
void text_pack_add_bytes(struct text_pack *pack, const void *bytes, size_t byte_count);

/** STATUS_NO_MEMORY where something could not be added. */
enum status text_pack_check(const struct text_pack *pack);

/** An all-zero pack is allowed. */
void text_pack_end(struct text_pack *pack);

/** What is left to take of packed bytes, in the order of adding. The kinds must be those added. */
struct text_unpack {
    const uint8_t *at;
};

/** The next text, borrowed from the bytes, or NULL; the next number. */
const char *text_unpack_next(struct text_unpack *unpack);
uint64_t text_unpack_number(struct text_unpack *unpack);

#endif
