/* The instructions of a pickle that build containers and objects, and its memo. Codes and stack
 * effects: CPython's pickletools. */
#include "storage/pickle_machine.h"

#include <string.h>

enum { PROTOCOL_MAX = 5 };

static enum status push(struct pickle *pickle, struct pickle_value *value)
{
    return pickle_push(pickle, &pickle->stack, value);
}

static enum status push_new(struct pickle *pickle, enum pickle_kind kind)
{
    struct pickle_value *made = NULL;
    const enum status outcome = pickle_make(&made, pickle, kind);
    return outcome == STATUS_OK ? push(pickle, made) : outcome;
}

/* The newest value, which must not be a mark. */
static enum status look(struct pickle_value **out, struct pickle *pickle)
{
    struct pickle_stack *stack = &pickle->stack;
    if (stack->count == 0 || stack->values[stack->count - 1]->kind == PICKLE_MARK)
        return pickle_fail(pickle, "takes from an empty stack");
    *out = stack->values[stack->count - 1];
    return STATUS_OK;
}

static enum status pop(struct pickle_value **out, struct pickle *pickle)
{
    const enum status outcome = look(out, pickle);
    if (outcome == STATUS_OK)
        pickle->stack.count--;
    return outcome;
}

/* The values above the newest mark; both are taken off the stack, but stay readable until the
 * next push. */
static enum status pop_to_mark(struct pickle_value ***values, size_t *count, struct pickle *pickle)
{
    struct pickle_stack *stack = &pickle->stack;
    size_t mark = stack->count;
    while (mark > 0 && stack->values[mark - 1]->kind != PICKLE_MARK)
        mark--;
    if (mark == 0)
        return pickle_fail(pickle, "takes up to a mark that is not there");
    *values = stack->values + mark;
    *count = stack->count - mark;
    stack->count = mark - 1;
    return STATUS_OK;
}

static enum status append_all(struct pickle *pickle, struct pickle_value *container,
                              struct pickle_value **values, size_t count)
{
    enum status outcome = STATUS_OK;
    for (size_t i = 0; i < count && outcome == STATUS_OK; i++)
        outcome = pickle_append(pickle, container, values[i]);
    return outcome;
}

/* Adds to the container on top of the stack. An object takes items of either sort, never of both.
 */
static enum status add_items(struct pickle *pickle, struct pickle_value **values, size_t count,
                             enum pickle_kind kind)
{
    struct pickle_value *container = NULL;
    const bool are_pairs = kind == PICKLE_DICT;
    const enum status outcome = look(&container, pickle);
    if (outcome != STATUS_OK)
        return outcome;
    if (container->kind != kind && container->kind != PICKLE_OBJECT)
        return pickle_fail(pickle, "adds items to what holds none");
    if (are_pairs && count % 2 != 0)
        return pickle_fail(pickle, "a key without a value");
    if (container->kind == PICKLE_OBJECT) {
        if (container->item_count > 0 && container->has_pairs != are_pairs)
            return pickle_fail(pickle, "an object that is a list and a dict");
        container->has_pairs = are_pairs;
    }
    return append_all(pickle, container, values, count);
}

static enum status add_items_above_mark(struct pickle *pickle, enum pickle_kind kind)
{
    struct pickle_value **values = NULL;
    size_t count = 0;
    const enum status outcome = pop_to_mark(&values, &count, pickle);
    return outcome == STATUS_OK ? add_items(pickle, values, count, kind) : outcome;
}

static enum status add_newest(struct pickle *pickle, size_t count, enum pickle_kind kind)
{
    struct pickle_value *values[2];
    enum status outcome = STATUS_OK;
    for (size_t i = count; i-- > 0 && outcome == STATUS_OK;)
        outcome = pop(&values[i], pickle);
    return outcome == STATUS_OK ? add_items(pickle, values, count, kind) : outcome;
}

/* A tuple, list, dict or set of what is above the mark. */
static enum status push_container(struct pickle *pickle, enum pickle_kind kind)
{
    struct pickle_value **values = NULL, *made = NULL;
    size_t count = 0;
    enum status outcome = pickle_make(&made, pickle, kind);
    if (outcome == STATUS_OK)
        outcome = pop_to_mark(&values, &count, pickle);
    if (outcome == STATUS_OK && kind == PICKLE_DICT && count % 2 != 0)
        outcome = pickle_fail(pickle, "a key without a value");
    if (outcome == STATUS_OK)
        outcome = append_all(pickle, made, values, count);
    return outcome == STATUS_OK ? push(pickle, made) : outcome;
}

static enum status push_small_tuple(struct pickle *pickle, size_t count)
{
    struct pickle_value *values[3], *made = NULL;
    enum status outcome = pickle_make(&made, pickle, PICKLE_TUPLE);
    for (size_t i = count; i-- > 0 && outcome == STATUS_OK;)
        outcome = pop(&values[i], pickle);
    if (outcome == STATUS_OK)
        outcome = append_all(pickle, made, values, count);
    return outcome == STATUS_OK ? push(pickle, made) : outcome;
}

static enum status push_container_or_tuple(struct pickle *pickle, uint8_t code, bool *is_known)
{
    *is_known = true;
    switch (code) {
    case ')':
        return push_new(pickle, PICKLE_TUPLE);
    case ']':
        return push_new(pickle, PICKLE_LIST);
    case '}':
        return push_new(pickle, PICKLE_DICT);
    case 0x8f:
        return push_new(pickle, PICKLE_SET);
    case 't':
        return push_container(pickle, PICKLE_TUPLE);
    case 'l':
        return push_container(pickle, PICKLE_LIST);
    case 'd':
        return push_container(pickle, PICKLE_DICT);
    case 0x91: /* frozenset */
        return push_container(pickle, PICKLE_SET);
    case 0x85:
    case 0x86:
    case 0x87:
        return push_small_tuple(pickle, code - 0x84u);
    case 'a':
        return add_newest(pickle, 1, PICKLE_LIST);
    case 'e':
        return add_items_above_mark(pickle, PICKLE_LIST);
    case 's':
        return add_newest(pickle, 2, PICKLE_DICT);
    case 'u':
        return add_items_above_mark(pickle, PICKLE_DICT);
    case 0x90:
        return add_items_above_mark(pickle, PICKLE_SET);
    default:
        *is_known = false;
        return STATUS_OK;
    }
}

/* Two lines, module and name, or the two newest texts. */
static enum status push_global(struct pickle *pickle, bool is_from_stack)
{
    struct pickle_value *made = NULL, *name = NULL, *module = NULL;
    enum status outcome = pickle_make(&made, pickle, PICKLE_GLOBAL);
    if (outcome == STATUS_OK && is_from_stack) {
        outcome = pop(&name, pickle);
        if (outcome == STATUS_OK)
            outcome = pop(&module, pickle);
        if (outcome == STATUS_OK && (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT))
            outcome = pickle_fail(pickle, "a global whose name is not text");
        if (outcome == STATUS_OK) {
            made->module = module->bytes;
            made->bytes = name->bytes;
        }
    } else if (outcome == STATUS_OK) {
        outcome = pickle_take_line(&made->module, pickle);
        if (outcome == STATUS_OK)
            outcome = pickle_take_line(&made->bytes, pickle);
    }
    return outcome == STATUS_OK ? push(pickle, made) : outcome;
}

static enum status push_object(struct pickle *pickle, struct pickle_value *callable,
                               struct pickle_value *arguments)
{
    struct pickle_value *made = NULL;
    if (arguments->kind != PICKLE_TUPLE)
        return pickle_fail(pickle, "a call whose arguments are no tuple");
    const enum status outcome = pickle_make(&made, pickle, PICKLE_OBJECT);
    if (outcome != STATUS_OK)
        return outcome;
    made->callable = callable;
    made->arguments = arguments;
    return push(pickle, made);
}

/* Arguments (and, in 0x92, those with keywords, which nothing here reads) above the callable. */
static enum status note_call(struct pickle *pickle, uint8_t code)
{
    struct pickle_value *keywords = NULL, *arguments = NULL, *callable = NULL;
    enum status outcome = code == 0x92 ? pop(&keywords, pickle) : STATUS_OK;
    if (outcome == STATUS_OK)
        outcome = pop(&arguments, pickle);
    if (outcome == STATUS_OK)
        outcome = pop(&callable, pickle);
    return outcome == STATUS_OK ? push_object(pickle, callable, arguments) : outcome;
}

/* Protocols 0 and 1: 'i' has the class behind it, 'o' above the mark. */
static enum status note_old_call(struct pickle *pickle, uint8_t code)
{
    struct pickle_value *callable = NULL, *arguments = NULL;
    enum status outcome = STATUS_OK;
    if (code == 'i') {
        outcome = push_global(pickle, false);
        if (outcome == STATUS_OK)
            outcome = pop(&callable, pickle);
    }
    if (outcome == STATUS_OK)
        outcome = push_container(pickle, PICKLE_TUPLE);
    if (outcome == STATUS_OK)
        outcome = pop(&arguments, pickle);
    if (outcome == STATUS_OK && code == 'o') {
        if (arguments->item_count == 0)
            return pickle_fail(pickle, "an object without a class");
        callable = arguments->items[0];
        arguments->item_count--;
        memmove(arguments->items, arguments->items + 1,
                arguments->item_count * sizeof *arguments->items);
    }
    return outcome == STATUS_OK ? push_object(pickle, callable, arguments) : outcome;
}

static enum status note_state(struct pickle *pickle)
{
    struct pickle_value *state = NULL, *object = NULL;
    enum status outcome = pop(&state, pickle);
    if (outcome == STATUS_OK)
        outcome = look(&object, pickle);
    if (outcome != STATUS_OK)
        return outcome;
    if (object->kind != PICKLE_OBJECT)
        return pickle_fail(pickle, "gives a state to what is no object");
    object->state = state;
    if (pickle->hook == NULL)
        return STATUS_OK;

    size_t taken = 0;
    outcome = pickle->hook->built(pickle->hook->context, &taken, object, pickle->bytes + pickle->at,
                                  pickle->byte_count - pickle->at);
    return outcome == STATUS_OK ? pickle_take(&object->bytes, pickle, taken) : outcome;
}

static enum status note_persistent(struct pickle *pickle, uint8_t code)
{
    struct pickle_value *made = NULL, *identity = NULL;
    enum status outcome = pickle_make(&made, pickle, PICKLE_PERSISTENT);
    if (outcome == STATUS_OK && code == 'Q')
        outcome = pop(&identity, pickle);
    else if (outcome == STATUS_OK) {
        outcome = pickle_make(&identity, pickle, PICKLE_TEXT);
        if (outcome == STATUS_OK)
            outcome = pickle_take_line(&identity->bytes, pickle);
    }
    if (outcome != STATUS_OK)
        return outcome;
    made->arguments = identity;
    outcome = pickle_push(pickle, &pickle->persistents, made);
    return outcome == STATUS_OK ? push(pickle, made) : outcome;
}

static enum status build_object(struct pickle *pickle, uint8_t code, bool *is_known)
{
    *is_known = true;
    switch (code) {
    case 'c':
    case 0x93:
        return push_global(pickle, code == 0x93);
    case 'R':
    case 0x81:
    case 0x92:
        return note_call(pickle, code);
    case 'i':
    case 'o':
        return note_old_call(pickle, code);
    case 'b':
        return note_state(pickle);
    case 'P':
    case 'Q':
        return note_persistent(pickle, code);
    default:
        *is_known = false;
        return STATUS_OK;
    }
}

static enum status use_memo(struct pickle *pickle, uint8_t code, bool *is_known)
{
    uint64_t index = pickle->memo.count; /* what 0x94 puts at */
    struct pickle_value *value = NULL;
    *is_known = code != 0 && strchr("pqrghj\x94", code) != NULL;
    if (!*is_known)
        return STATUS_OK;
    enum status outcome = code == 0x94 ? STATUS_OK : pickle_take_memo_index(&index, pickle, code);
    if (outcome != STATUS_OK)
        return outcome;

    if (strchr("ghj", code) == NULL) {
        outcome = look(&value, pickle);
        return outcome == STATUS_OK ? pickle_memo_put(pickle, (size_t)index, value) : outcome;
    }
    if (index >= pickle->memo.count || pickle->memo.values[index] == NULL)
        return pickle_fail(pickle, "takes from the memo what was never put");
    return push(pickle, pickle->memo.values[index]);
}

static enum status begin_part(struct pickle *pickle, uint8_t code)
{
    uint64_t number;
    const enum status outcome = pickle_take_number(&number, pickle, code == 0x80 ? 1 : 8);
    if (outcome != STATUS_OK)
        return outcome;
    if (code == 0x80 && number > PROTOCOL_MAX)
        return status_fail(STATUS_INVALID, "%s: pickle protocol %llu is not supported",
                           pickle->name, (unsigned long long)number);
    if (code == 0x95 && number > pickle->byte_count - pickle->at)
        return pickle_fail(pickle, "a frame beyond the end");
    return STATUS_OK;
}

static enum status steer(struct pickle *pickle, uint8_t code)
{
    struct pickle_value *value = NULL, **values = NULL;
    size_t count;
    enum status outcome;
    switch (code) {
    case 0x80: /* protocol */
    case 0x95: /* frame */
        return begin_part(pickle, code);
    case '(':
        return push_new(pickle, PICKLE_MARK);
    case '0':
        return pop(&value, pickle);
    case '1':
        return pop_to_mark(&values, &count, pickle);
    case '2':
        outcome = look(&value, pickle);
        return outcome == STATUS_OK ? push(pickle, value) : outcome;
    case '.':
        return pop(&pickle->root, pickle);
    default:
        return status_fail(STATUS_INVALID,
                           "%s: pickle at byte %zu: instruction 0x%02x is not supported",
                           pickle->name, pickle->at - 1, code);
    }
}

enum status pickle_step(struct pickle *pickle, uint8_t code)
{
    bool is_known = false;
    enum status outcome = pickle_push_scalar(pickle, code, &is_known);
    if (!is_known)
        outcome = push_container_or_tuple(pickle, code, &is_known);
    if (!is_known)
        outcome = build_object(pickle, code, &is_known);
    if (!is_known)
        outcome = use_memo(pickle, code, &is_known);
    return is_known ? outcome : steer(pickle, code);
}
