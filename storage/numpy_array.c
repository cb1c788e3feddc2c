#include "storage/numpy_array.h"

#include "nn/tensor_table.h"

#include <stdlib.h>
#include <string.h>

enum { TYPE_DIGITS_MAX = 6 };

bool numpy_array_read_type(struct numpy_array *array, const char *text, size_t text_bytes)
{
    size_t at = 0, number = 0;
    array->byte_order = '=';
    if (text_bytes > 0 && text[0] != '\0' && strchr("<>|=", text[0]) != NULL)
        array->byte_order = text[at++];
    if (text_bytes < at + 2 || text_bytes > at + 1 + TYPE_DIGITS_MAX)
        return false;
    array->kind = text[at++];
    for (; at < text_bytes; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        number = number * 10 + (size_t)(text[at] - '0');
    }
    /* Objects are pickled one by one; text counts letters of four bytes. */
    array->element_bytes = array->kind == 'U' ? number * 4 : number;
    return array->kind != 'O' && array->kind != '\0' && strchr("fiubcSUV", array->kind) != NULL;
}

bool numpy_array_measure(struct numpy_array *array)
{
    array->byte_count = array->element_bytes;
    for (size_t d = 0; d < array->dimension_count; d++)
        if (__builtin_mul_overflow(array->byte_count, array->shape[d], &array->byte_count))
            return false;
    return true;
}

static int64_t load_integer(const uint8_t *bytes, size_t byte_count, bool is_signed)
{
    uint64_t number = is_signed && bytes[byte_count - 1] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = byte_count; i-- > 0;)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

static void convert_integers(float *values, const struct numpy_array *array, size_t count)
{
    const bool is_signed = array->kind == 'i';
    for (size_t i = 0; i < count; i++) {
        const int64_t number =
            load_integer(array->bytes + i * array->element_bytes, array->element_bytes, is_signed);
        values[i] = is_signed ? (float)number : (float)(uint64_t)number;
    }
}

static enum status convert_reals(float *values, const struct numpy_array *array, size_t count,
                                 const char *name)
{
    static const enum tensor_type types[] = {
        [2] = TENSOR_F16, [4] = TENSOR_F32, [8] = TENSOR_F64
    };
    char tensor_name[] = "array";
    char *source = strdup(name);
    if (source == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", name);
    struct tensor tensor = { .name = tensor_name,
                             .type = types[array->element_bytes],
                             .dimension_count = 1,
                             .shape = { count },
                             .count = count,
                             .data = array->bytes };
    const struct tensor_table table = { .tensors = &tensor, .count = 1, .source = source };
    const enum status outcome = tensor_table_read(values, &table, tensor_name, 1, &count);
    free(source);
    return outcome;
}

static enum status check_supported(const struct numpy_array *array, const char *name)
{
    const size_t bytes = array->element_bytes;
    const bool is_real = array->kind == 'f' && (bytes == 2 || bytes == 4 || bytes == 8);
    const bool is_integer = (array->kind == 'i' || array->kind == 'u') &&
                            (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8);
    const bool is_switch = array->kind == 'b' && bytes == 1;
    if (!is_real && !is_integer && !is_switch)
        return status_fail(STATUS_INVALID, "%s: an array of type %c%zu is not supported", name,
                           array->kind, bytes);
    if (array->byte_order == '>' && bytes > 1)
        return status_fail(STATUS_INVALID, "%s: its numbers are not in little-endian order", name);
    if (array->dimension_count < 1 || array->dimension_count > 2)
        return status_fail(STATUS_INVALID, "%s: an array of %zu dimensions, expected 2", name,
                           array->dimension_count);
    return STATUS_OK;
}

static void transpose(float *to, const float *from, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < columns; c++)
            to[r * columns + c] = from[c * rows + r];
}

static enum status put_in_c_order(float **values, size_t rows, size_t columns, const char *name)
{
    float *ordered = malloc((rows * columns + 1) * sizeof *ordered);
    if (ordered == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", name);
    transpose(ordered, *values, rows, columns);
    free(*values);
    *values = ordered;
    return STATUS_OK;
}

enum status numpy_array_to_matrix(float **values, size_t *rows, size_t *columns,
                                  const struct numpy_array *array, const char *name)
{
    *values = NULL;
    enum status outcome = check_supported(array, name);
    if (outcome != STATUS_OK)
        return outcome;

    const size_t count = array->byte_count / array->element_bytes;
    *rows = array->shape[0];
    *columns = array->dimension_count == 2 ? array->shape[1] : 1;
    *values = count < SIZE_MAX / sizeof **values ? malloc((count + 1) * sizeof **values) : NULL;
    if (*values == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: %zu values", name, count);
    if (array->kind == 'f')
        outcome = convert_reals(*values, array, count, name);
    else
        convert_integers(*values, array, count);
    if (outcome == STATUS_OK && array->is_fortran && array->dimension_count == 2)
        outcome = put_in_c_order(values, *rows, *columns, name);
    if (outcome != STATUS_OK) {
        free(*values);
        *values = NULL;
    }
    return outcome;
}
