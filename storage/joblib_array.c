#include "storage/joblib_array.h"

#include <string.h>

static enum status fail(const char *name, const char *fact)
{
    return status_fail(STATUS_CORRUPT, "%s: an array %s", name, fact);
}

static enum status read_shape(struct numpy_array *array, const struct pickle_value *shape,
                              const char *name)
{
    if (shape == NULL || shape->kind != PICKLE_TUPLE || shape->item_count > NUMPY_DIMENSIONS_MAX)
        return fail(name, "without a shape");
    array->dimension_count = shape->item_count;
    for (size_t d = 0; d < shape->item_count; d++)
        if (!pickle_read_count(&array->shape[d], shape->items[d]))
            return fail(name, "of an impossible shape");
    return numpy_array_measure(array) ? STATUS_OK : fail(name, "of an impossible shape");
}

/* numpy.dtype("f4", ...) with the state (3, "<", ...). */
static enum status read_type(struct numpy_array *array, const struct pickle_value *type,
                             const char *name)
{
    char text[100];
    const struct pickle_value *letters =
        pickle_is_call(type, "numpy.dtype") ? pickle_item(type->arguments, 0) : NULL;
    if (letters == NULL || letters->kind != PICKLE_TEXT ||
        !numpy_array_read_type(array, (const char *)letters->bytes.at, letters->bytes.count)) {
        if (letters == NULL)
            pickle_describe(text, sizeof text, type);
        return status_fail(STATUS_INVALID, "%s: an array of type %s is not supported", name,
                           letters == NULL ? text : "object");
    }
    const struct pickle_value *order = pickle_item(type->state, 1);
    if (order != NULL && order->kind == PICKLE_TEXT && order->bytes.count == 1)
        array->byte_order = (char)order->bytes.at[0];
    return STATUS_OK;
}

/* What NumpyArrayWrapper's fields say; `*is_aligned` where padding behind a length byte comes
 * first. */
static enum status read_wrapper(struct numpy_array *array, bool *is_aligned,
                                const struct pickle_value *wrapper, const char *name)
{
    const struct pickle_value *fields = wrapper->state;
    const struct pickle_value *alignment = pickle_find(fields, "numpy_array_alignment_bytes");
    *is_aligned = alignment != NULL && alignment->kind == PICKLE_INTEGER;
    array->is_fortran = pickle_is_text(pickle_find(fields, "order"), "F");
    enum status outcome = read_type(array, pickle_find(fields, "dtype"), name);
    if (outcome == STATUS_OK)
        outcome = read_shape(array, pickle_find(fields, "shape"), name);
    return outcome;
}

static bool is_wrapper(const struct pickle_value *value)
{
    return pickle_is_call(value, "joblib.numpy_pickle.NumpyArrayWrapper");
}

static enum status pass_over_array(void *context, size_t *taken, const struct pickle_value *object,
                                   const uint8_t *rest, size_t rest_bytes)
{
    const char *name = context;
    struct numpy_array array = { 0 };
    bool is_aligned;
    *taken = 0;
    if (!is_wrapper(object))
        return STATUS_OK;
    const enum status outcome = read_wrapper(&array, &is_aligned, object, name);
    if (outcome != STATUS_OK)
        return outcome;
    if (is_aligned && rest_bytes == 0)
        return fail(name, "that is cut short");
    const size_t padding = is_aligned ? 1 + (size_t)rest[0] : 0;
    if (padding > rest_bytes || array.byte_count > rest_bytes - padding)
        return fail(name, "that is cut short");
    *taken = padding + array.byte_count;
    return STATUS_OK;
}

struct pickle_hook joblib_array_hook(const char *name)
{
    return (struct pickle_hook){ .built = pass_over_array, .context = (void *)(uintptr_t)name };
}

/* State of numpy.ndarray: version, shape, type, is Fortran order, bytes. */
static enum status read_ndarray(struct numpy_array *array, const struct pickle_value *state,
                                const char *name)
{
    const struct pickle_value *order = pickle_item(state, 3), *bytes = pickle_item(state, 4);
    enum status outcome = read_type(array, pickle_item(state, 2), name);
    if (outcome == STATUS_OK)
        outcome = read_shape(array, pickle_item(state, 1), name);
    if (outcome != STATUS_OK)
        return outcome;
    if (pickle_is_call(bytes, "_codecs.encode"))
        return status_fail(STATUS_INVALID, "%s: arrays of pickle protocol 2 are not supported",
                           name);
    if (bytes == NULL || bytes->kind != PICKLE_BYTES || bytes->bytes.count != array->byte_count)
        return fail(name, "whose bytes are not those of its shape");
    array->is_fortran = order != NULL && order->kind == PICKLE_SWITCH && order->integer != 0;
    array->bytes = bytes->bytes.at;
    return STATUS_OK;
}

enum status joblib_array_read(struct numpy_array *out, const struct pickle_value *value,
                              const char *name)
{
    *out = (struct numpy_array){ 0 };
    if (pickle_is_call(value, "numpy.core.multiarray._reconstruct") ||
        pickle_is_call(value, "numpy._core.multiarray._reconstruct"))
        return read_ndarray(out, value->state, name);
    if (!is_wrapper(value)) {
        char text[100];
        pickle_describe(text, sizeof text, value);
        return status_fail(STATUS_INVALID, "%s: expected an array, found %s", name, text);
    }
    bool is_aligned;
    const enum status outcome = read_wrapper(out, &is_aligned, value, name);
    if (outcome != STATUS_OK)
        return outcome;
    if (value->bytes.count < out->byte_count)
        return fail(name, "without its bytes");
    out->bytes = value->bytes.at + (value->bytes.count - out->byte_count);
    return STATUS_OK;
}
