#include "storage/pickle.h"

#include "storage/pickle_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A large training checkpoint has some ten thousand tensors of some twenty values each, and a
 * dictionary of words beside them. A value takes about 100 bytes. */
enum { VALUE_MAX = 2000000, ITEM_MAX = 8000000, STACK_MAX = 4000000, BLOCK_VALUES = 256 };

struct pickle_block {
    struct pickle_block *next;
    size_t count;
    struct pickle_value values[BLOCK_VALUES];
};

enum status pickle_fail(const struct pickle *pickle, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: pickle at byte %zu: %s", pickle->name, pickle->at,
                       fact);
}

static enum status no_memory(const struct pickle *pickle)
{
    return status_fail(STATUS_NO_MEMORY, "%s: pickle", pickle->name);
}

enum status pickle_make(struct pickle_value **out, struct pickle *pickle, enum pickle_kind kind)
{
    struct pickle_block *block = pickle->blocks;
    if (pickle->value_count == VALUE_MAX)
        return pickle_fail(pickle, "more values than any weights file has");
    if (block == NULL || block->count == BLOCK_VALUES) {
        block = calloc(1, sizeof *block);
        if (block == NULL)
            return no_memory(pickle);
        block->next = pickle->blocks;
        pickle->blocks = block;
    }
    pickle->value_count++;
    *out = &block->values[block->count++];
    (*out)->kind = kind;
    return STATUS_OK;
}

enum status pickle_append(struct pickle *pickle, struct pickle_value *value,
                          struct pickle_value *item)
{
    if (pickle->item_count == ITEM_MAX)
        return pickle_fail(pickle, "more items than any weights file has");
    if (value->item_count == value->item_capacity) {
        const uint32_t capacity = value->item_capacity * 2 + 4;
        struct pickle_value **grown = realloc(value->items, capacity * sizeof *grown);
        if (grown == NULL)
            return no_memory(pickle);
        value->items = grown;
        value->item_capacity = capacity;
    }
    pickle->item_count++;
    value->items[value->item_count++] = item;
    return STATUS_OK;
}

static enum status reserve(struct pickle *pickle, struct pickle_stack *stack, size_t count)
{
    if (count > STACK_MAX)
        return pickle_fail(pickle, "a larger stack than any weights file needs");
    if (count <= stack->capacity)
        return STATUS_OK;
    const size_t capacity = count + count / 2 + 16;
    struct pickle_value **grown = realloc(stack->values, capacity * sizeof *grown);
    if (grown == NULL)
        return no_memory(pickle);
    stack->values = grown;
    stack->capacity = capacity;
    return STATUS_OK;
}

enum status pickle_push(struct pickle *pickle, struct pickle_stack *stack,
                        struct pickle_value *value)
{
    const enum status outcome = reserve(pickle, stack, stack->count + 1);
    if (outcome == STATUS_OK)
        stack->values[stack->count++] = value;
    return outcome;
}

enum status pickle_memo_put(struct pickle *pickle, size_t index, struct pickle_value *value)
{
    struct pickle_stack *memo = &pickle->memo;
    if (index >= STACK_MAX)
        return pickle_fail(pickle, "a larger memo than any weights file needs");
    const enum status outcome = reserve(pickle, memo, index + 1);
    if (outcome != STATUS_OK)
        return outcome;
    while (memo->count <= index)
        memo->values[memo->count++] = NULL;
    memo->values[index] = value;
    return STATUS_OK;
}

enum status pickle_read(struct pickle **out, const uint8_t *bytes, size_t byte_count,
                        const struct pickle_hook *hook, const char *name)
{
    *out = NULL;
    struct pickle *pickle = calloc(1, sizeof *pickle);
    if (pickle == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: pickle", name);
    *pickle =
        (struct pickle){ .bytes = bytes, .byte_count = byte_count, .hook = hook, .name = name };

    enum status outcome = STATUS_OK;
    while (outcome == STATUS_OK && pickle->root == NULL) {
        if (pickle->at == byte_count)
            outcome = pickle_fail(pickle, "cut short");
        else
            outcome = pickle_step(pickle, bytes[pickle->at++]);
    }
    if (outcome == STATUS_OK)
        *out = pickle;
    else
        pickle_destroy(pickle);
    return outcome;
}

void pickle_destroy(struct pickle *pickle)
{
    if (pickle == NULL)
        return;
    for (struct pickle_block *block = pickle->blocks, *next; block != NULL; block = next) {
        next = block->next;
        for (size_t v = 0; v < block->count; v++)
            free(block->values[v].items);
        free(block);
    }
    free(pickle->stack.values);
    free(pickle->memo.values);
    free(pickle->persistents.values);
    free(pickle);
}

const struct pickle_value *pickle_root(const struct pickle *pickle)
{
    return pickle->root;
}

size_t pickle_byte_count(const struct pickle *pickle)
{
    return pickle->at;
}

const struct pickle_value *const *pickle_persistents(const struct pickle *pickle, size_t *count)
{
    *count = pickle->persistents.count;
    return (const struct pickle_value *const *)pickle->persistents.values;
}

static bool is_equal(struct pickle_bytes bytes, const char *text, size_t text_bytes)
{
    return bytes.count == text_bytes && memcmp(bytes.at, text, text_bytes) == 0;
}

bool pickle_is_text(const struct pickle_value *value, const char *text)
{
    return value != NULL && value->kind == PICKLE_TEXT &&
           is_equal(value->bytes, text, strlen(text));
}

bool pickle_is_global(const struct pickle_value *value, const char *dotted)
{
    const char *dot = strrchr(dotted, '.');
    return value != NULL && value->kind == PICKLE_GLOBAL && dot != NULL &&
           is_equal(value->module, dotted, (size_t)(dot - dotted)) &&
           is_equal(value->bytes, dot + 1, strlen(dot + 1));
}

bool pickle_is_call(const struct pickle_value *value, const char *dotted)
{
    return value != NULL && value->kind == PICKLE_OBJECT &&
           pickle_is_global(value->callable, dotted);
}

const struct pickle_value *pickle_item(const struct pickle_value *value, size_t index)
{
    if (value == NULL || (value->kind != PICKLE_LIST && value->kind != PICKLE_TUPLE) ||
        index >= value->item_count)
        return NULL;
    return value->items[index];
}

const struct pickle_value *pickle_find(const struct pickle_value *dict, const char *key)
{
    if (dict == NULL || (dict->kind != PICKLE_DICT && !dict->has_pairs))
        return NULL;
    for (size_t i = dict->item_count; i >= 2; i -= 2)
        if (pickle_is_text(dict->items[i - 2], key))
            return dict->items[i - 1];
    return NULL;
}

bool pickle_read_count(size_t *count, const struct pickle_value *value)
{
    if (value == NULL || value->kind != PICKLE_INTEGER || value->integer < 0)
        return false;
    *count = (size_t)value->integer;
    return true;
}

/* Bytes of a name that a message may show. */
static int shown(struct pickle_bytes bytes)
{
    return bytes.count < 200 ? (int)bytes.count : 200;
}

void pickle_describe(char *text, size_t text_bytes, const struct pickle_value *value)
{
    static const char *const names[] = {
        [PICKLE_NONE] = "None",
        [PICKLE_SWITCH] = "a bool",
        [PICKLE_INTEGER] = "an int",
        [PICKLE_BIG] = "a large int",
        [PICKLE_NUMBER] = "a float",
        [PICKLE_TEXT] = "a str",
        [PICKLE_BYTES] = "bytes",
        [PICKLE_LIST] = "a list",
        [PICKLE_TUPLE] = "a tuple",
        [PICKLE_SET] = "a set",
        [PICKLE_DICT] = "a dict",
        [PICKLE_GLOBAL] = "a name",
        [PICKLE_OBJECT] = "a result of an unknown call",
        [PICKLE_PERSISTENT] = "a storage",
        [PICKLE_MARK] = "a mark",
    };
    const struct pickle_value *global =
        value != NULL && value->kind == PICKLE_OBJECT ? value->callable : value;
    if (global == NULL || global->kind != PICKLE_GLOBAL)
        snprintf(text, text_bytes, "%s", value == NULL ? "nothing" : names[value->kind]);
    else
        snprintf(text, text_bytes, "%.*s.%.*s", shown(global->module),
                 (const char *)global->module.at, shown(global->bytes),
                 (const char *)global->bytes.at);
}
