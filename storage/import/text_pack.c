#include "storage/import/text_pack.h"

#include <stdlib.h>
#include <string.h>

enum { IS_NULL = 0, IS_TEXT = 1 };

void text_pack_add_bytes(struct text_pack *pack, const void *bytes, size_t byte_count)
{
    if (byte_count > pack->capacity - pack->used) {
        const size_t capacity = 2 * (pack->used + byte_count) + 256;
        uint8_t *grown = realloc(pack->bytes, capacity);
        if (grown == NULL) {
            pack->is_out_of_memory = true;
            return;
        }
        pack->bytes = grown;
        pack->capacity = capacity;
    }
    if (byte_count > 0)
        memcpy(pack->bytes + pack->used, bytes, byte_count);
    pack->used += byte_count;
}

void text_pack_add(struct text_pack *pack, const char *text)
{
    const uint8_t kind = text == NULL ? IS_NULL : IS_TEXT;
    text_pack_add_bytes(pack, &kind, sizeof kind);
    if (text != NULL)
        text_pack_add_bytes(pack, text, strlen(text) + 1);
}

void text_pack_add_number(struct text_pack *pack, uint64_t number)
{
    text_pack_add_bytes(pack, &number, sizeof number);
}

enum status text_pack_check(const struct text_pack *pack)
{
    return pack->is_out_of_memory ? status_fail(STATUS_NO_MEMORY, "an import's records: no memory")
                                  : STATUS_OK;
}

void text_pack_end(struct text_pack *pack)
{
    free(pack->bytes);
    *pack = (struct text_pack){ 0 };
}

const char *text_unpack_next(struct text_unpack *unpack)
{
    if (*unpack->at++ == IS_NULL)
        return NULL;
    const char *text = (const char *)unpack->at;
    unpack->at += strlen(text) + 1;
    return text;
}

uint64_t text_unpack_number(struct text_unpack *unpack)
{
    uint64_t number = 0;
    memcpy(&number, unpack->at, sizeof number);
    unpack->at += sizeof number;
    return number;
}
