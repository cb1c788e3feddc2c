#include "storage/torch_tensor.h"

#include <stdlib.h>
#include <string.h>

enum { WRAPPERS_MAX = 4 };

/* Arguments of torch._utils._rebuild_tensor and _v2. */
enum { ARGUMENT_STORAGE, ARGUMENT_OFFSET, ARGUMENT_SHAPE, ARGUMENT_STRIDES };

/* A storage's identity: "storage", type, key, location, element count and, in old files, a view. */
enum { IDENTITY_TYPE = 1, IDENTITY_KEY = 2, IDENTITY_VIEW = 5 };

/* The part of a storage that a tensor lies in. */
struct span {
    struct pickle_bytes bytes;
    size_t first;         /* element */
    size_t element_count; /* of the whole storage */
    size_t strides[TENSOR_DIMENSIONS_MAX];
};

static enum status fail(const struct tensor *tensor, const struct torch_storages *storages,
                        const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: tensor %s %s", storages->name, tensor->name, fact);
}

const struct pickle_value *torch_tensor_unwrap(const struct pickle_value *value)
{
    for (int i = 0; i < WRAPPERS_MAX; i++) {
        if (!pickle_is_call(value, "torch._utils._rebuild_parameter") &&
            !pickle_is_call(value, "torch._utils._rebuild_parameter_with_state"))
            break;
        value = pickle_item(value->arguments, 0);
    }
    return value;
}

static bool begins_with(struct pickle_bytes bytes, const char *prefix)
{
    const size_t length = strlen(prefix);
    return bytes.count >= length && memcmp(bytes.at, prefix, length) == 0;
}

bool torch_tensor_is(const struct pickle_value *value)
{
    return value != NULL && value->kind == PICKLE_OBJECT &&
           value->callable->kind == PICKLE_GLOBAL &&
           begins_with(value->callable->module, "torch.") &&
           begins_with(value->callable->bytes, "_rebuild");
}

enum status torch_tensor_read_type(enum tensor_type *type, const struct pickle_value *persistent,
                                   const char *name)
{
    static const struct {
        const char *global;
        enum tensor_type type;
    } known[] = {
        { "torch.FloatStorage", TENSOR_F32 }, { "torch.DoubleStorage", TENSOR_F64 },
        { "torch.HalfStorage", TENSOR_F16 },  { "torch.BFloat16Storage", TENSOR_BF16 },
        { "torch.CharStorage", TENSOR_I8 },   { "torch.ByteStorage", TENSOR_U8 },
        { "torch.ShortStorage", TENSOR_I16 }, { "torch.IntStorage", TENSOR_I32 },
        { "torch.LongStorage", TENSOR_I64 },  { "torch.BoolStorage", TENSOR_BOOL },
    };
    const struct pickle_value *global = pickle_item(persistent->arguments, IDENTITY_TYPE);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (pickle_is_global(global, known[i].global)) {
            *type = known[i].type;
            return STATUS_OK;
        }
    char text[100];
    pickle_describe(text, sizeof text, global);
    return status_fail(STATUS_INVALID, "%s: storages of type %s are not supported", name, text);
}

enum status torch_tensor_read_key(struct pickle_bytes *key, const struct pickle_value *persistent,
                                  const char *name)
{
    const struct pickle_value *value = pickle_item(persistent->arguments, IDENTITY_KEY);
    if (value == NULL || value->kind != PICKLE_TEXT ||
        !pickle_is_text(pickle_item(persistent->arguments, 0), "storage"))
        return status_fail(STATUS_CORRUPT, "%s: a storage without a key", name);
    *key = value->bytes;
    return STATUS_OK;
}

static enum status read_shape(struct tensor *tensor, struct span *span,
                              const struct pickle_value *arguments,
                              const struct torch_storages *storages)
{
    const struct pickle_value *shape = pickle_item(arguments, ARGUMENT_SHAPE);
    const struct pickle_value *strides = pickle_item(arguments, ARGUMENT_STRIDES);
    if (!pickle_read_count(&span->first, pickle_item(arguments, ARGUMENT_OFFSET)) ||
        shape == NULL || strides == NULL || shape->kind != PICKLE_TUPLE ||
        strides->kind != PICKLE_TUPLE || shape->item_count != strides->item_count)
        return fail(tensor, storages, "has no shape, strides or offset");
    if (shape->item_count > TENSOR_DIMENSIONS_MAX)
        return status_fail(STATUS_INVALID, "%s: tensor %s has %u dimensions, more than %d",
                           storages->name, tensor->name, shape->item_count, TENSOR_DIMENSIONS_MAX);

    tensor->dimension_count = shape->item_count;
    tensor->count = 1;
    for (size_t d = 0; d < shape->item_count; d++)
        if (!pickle_read_count(&tensor->shape[d], shape->items[d]) ||
            !pickle_read_count(&span->strides[d], strides->items[d]) ||
            __builtin_mul_overflow(tensor->count, tensor->shape[d], &tensor->count))
            return fail(tensor, storages, "has an impossible shape");
    return STATUS_OK;
}

/* Old files have views of storages: name, first element, element count. */
static enum status narrow(struct span *span, const struct pickle_value *view, size_t element_bytes,
                          const struct tensor *tensor, const struct torch_storages *storages)
{
    size_t first, count;
    if (view == NULL || view->kind == PICKLE_NONE)
        return STATUS_OK;
    if (!pickle_read_count(&first, pickle_item(view, 1)) ||
        !pickle_read_count(&count, pickle_item(view, 2)) || first > span->element_count ||
        count > span->element_count - first)
        return fail(tensor, storages, "views what is outside its storage");
    span->bytes.at += first * element_bytes;
    span->element_count = count;
    return STATUS_OK;
}

static enum status find_storage(struct tensor *tensor, struct span *span,
                                const struct pickle_value *persistent,
                                const struct torch_storages *storages)
{
    struct pickle_bytes key;
    if (persistent == NULL || persistent->kind != PICKLE_PERSISTENT) {
        char text[100];
        pickle_describe(text, sizeof text, persistent);
        return status_fail(STATUS_INVALID, "%s: tensor %s is made of %s, not of a storage",
                           storages->name, tensor->name, text);
    }
    enum status outcome = torch_tensor_read_key(&key, persistent, storages->name);
    if (outcome == STATUS_OK)
        outcome = torch_tensor_read_type(&tensor->type, persistent, storages->name);
    if (outcome != STATUS_OK)
        return outcome;
    if (!storages->find(&span->bytes, storages->context, key))
        return fail(tensor, storages, "has a storage that is not in the file");
    const size_t element_bytes = tensor_type_bytes(tensor->type);
    span->element_count = span->bytes.count / element_bytes;
    return narrow(span, pickle_item(persistent->arguments, IDENTITY_VIEW), element_bytes, tensor,
                  storages);
}

static enum status check_bounds(const struct tensor *tensor, const struct span *span,
                                const struct torch_storages *storages)
{
    size_t last = span->first, step;
    bool is_over = false;
    if (tensor->count == 0)
        return STATUS_OK;
    for (size_t d = 0; d < tensor->dimension_count; d++) {
        is_over |= __builtin_mul_overflow(tensor->shape[d] - 1, span->strides[d], &step);
        is_over |= __builtin_add_overflow(last, step, &last);
    }
    return is_over || last >= span->element_count
               ? fail(tensor, storages, "reaches beyond its storage")
               : STATUS_OK;
}

static bool is_row_major(const struct tensor *tensor, const struct span *span)
{
    size_t expected = 1;
    for (size_t d = tensor->dimension_count; d-- > 0;) {
        if (tensor->shape[d] != 1 && span->strides[d] != expected)
            return false;
        expected *= tensor->shape[d];
    }
    return true;
}

static void copy_in_order(uint8_t *to, const struct tensor *tensor, const struct span *span,
                          size_t element_bytes)
{
    size_t at[TENSOR_DIMENSIONS_MAX] = { 0 };
    size_t from = span->first;
    for (size_t i = 0; i < tensor->count; i++) {
        memcpy(to + i * element_bytes, span->bytes.at + from * element_bytes, element_bytes);
        for (size_t d = tensor->dimension_count; d-- > 0;) {
            from += span->strides[d];
            if (++at[d] < tensor->shape[d])
                break;
            from -= at[d] * span->strides[d];
            at[d] = 0;
        }
    }
}

static enum status take_elements(struct tensor *tensor, const struct span *span,
                                 struct torch_storages *storages)
{
    const size_t element_bytes = tensor_type_bytes(tensor->type);
    size_t byte_count;
    if (tensor->count == 0) {
        tensor->data = "";
        return STATUS_OK;
    }
    if (is_row_major(tensor, span)) {
        tensor->data = span->bytes.at + span->first * element_bytes;
        return STATUS_OK;
    }
    if (__builtin_mul_overflow(tensor->count, element_bytes, &byte_count) ||
        byte_count > storages->copy_bytes_left)
        return fail(tensor, storages, "is expanded beyond what the file can be worth");
    tensor->data = tensor->owned = malloc(byte_count);
    if (tensor->owned == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: tensor %s", storages->name, tensor->name);
    storages->copy_bytes_left -= byte_count;
    copy_in_order(tensor->owned, tensor, span, element_bytes);
    return STATUS_OK;
}

enum status torch_tensor_read(struct tensor *tensor, const struct pickle_value *call,
                              struct torch_storages *storages)
{
    struct span span = { 0 };
    if (!pickle_is_call(call, "torch._utils._rebuild_tensor_v2") &&
        !pickle_is_call(call, "torch._utils._rebuild_tensor")) {
        char text[100];
        pickle_describe(text, sizeof text, call);
        return status_fail(STATUS_INVALID, "%s: tensor %s is made by %s, which is not supported",
                           storages->name, tensor->name, text);
    }
    enum status outcome = read_shape(tensor, &span, call->arguments, storages);
    if (outcome == STATUS_OK)
        outcome =
            find_storage(tensor, &span, pickle_item(call->arguments, ARGUMENT_STORAGE), storages);
    if (outcome == STATUS_OK)
        outcome = check_bounds(tensor, &span, storages);
    return outcome == STATUS_OK ? take_elements(tensor, &span, storages) : outcome;
}
