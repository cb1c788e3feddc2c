#include "storage/manifest_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 20, COMMON_MAX = 64 };

struct block {
    struct block *next;
    size_t used, capacity;
    char bytes[];
};

/* Open addressing; `ids` has a power of two slots, at most half of them in use. */
struct id_set {
    const char **ids;
    size_t *numbers;
    size_t count, slots;
};

struct manifest_memory {
    struct block *newest;
    const char *common[COMMON_MAX];
    size_t common_count;
    struct id_set sets[MANIFEST_SPACES];
};

struct manifest_memory *manifest_memory_create(void)
{
    return calloc(1, sizeof(struct manifest_memory));
}

void manifest_memory_destroy(struct manifest_memory *memory)
{
    if (memory == NULL)
        return;
    for (struct block *block = memory->newest; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    for (size_t s = 0; s < MANIFEST_SPACES; s++) {
        free(memory->sets[s].ids);
        free(memory->sets[s].numbers);
    }
    free(memory);
}

const char *manifest_memory_text(struct manifest_memory *memory, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    struct block *block = memory->newest;
    if (block == NULL || block->capacity - block->used < bytes) {
        const size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = malloc(sizeof *block + capacity);
        if (block == NULL)
            return NULL;
        *block = (struct block){ .next = memory->newest, .capacity = capacity };
        memory->newest = block;
    }
    char *copy = block->bytes + block->used;
    memcpy(copy, text, bytes);
    block->used += bytes;
    return copy;
}

const char *manifest_memory_common(struct manifest_memory *memory, const char *text)
{
    for (size_t c = 0; c < memory->common_count; c++)
        if (strcmp(memory->common[c], text) == 0)
            return memory->common[c];
    const char *copy = manifest_memory_text(memory, text);
    if (copy != NULL && memory->common_count < COMMON_MAX)
        memory->common[memory->common_count++] = copy;
    return copy;
}

static size_t slot_of(const struct id_set *set, const char *id)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (const char *at = id; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 0x100000001B3u;
    hash ^= hash >> 32;
    size_t slot = (size_t)hash & (set->slots - 1);
    while (set->ids[slot] != NULL && strcmp(set->ids[slot], id) != 0)
        slot = (slot + 1) & (set->slots - 1);
    return slot;
}

static bool grow(struct id_set *set)
{
    struct id_set larger = { .count = set->count, .slots = set->slots > 0 ? 2 * set->slots : 1024 };
    larger.ids = calloc(larger.slots, sizeof *larger.ids);
    larger.numbers = calloc(larger.slots, sizeof *larger.numbers);
    if (larger.ids == NULL || larger.numbers == NULL) {
        free(larger.ids);
        free(larger.numbers);
        return false;
    }
    for (size_t s = 0; s < set->slots; s++)
        if (set->ids[s] != NULL) {
            const size_t slot = slot_of(&larger, set->ids[s]);
            larger.ids[slot] = set->ids[s];
            larger.numbers[slot] = set->numbers[s];
        }
    free(set->ids);
    free(set->numbers);
    *set = larger;
    return true;
}

bool manifest_memory_enter(struct manifest_memory *memory, enum manifest_space space,
                           const char *id, size_t number, size_t *before)
{
    struct id_set *set = &memory->sets[space];
    if (2 * (set->count + 1) > set->slots && !grow(set))
        return false;
    const size_t slot = slot_of(set, id);
    if (set->ids[slot] == NULL) {
        set->ids[slot] = id;
        set->numbers[slot] = number;
        set->count++;
    }
    *before = set->numbers[slot];
    return true;
}
