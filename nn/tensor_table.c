#include "nn/tensor_table.h"

#include "nn/half.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t tensor_type_bytes(enum tensor_type type)
{
    switch (type) {
    case TENSOR_I8:
    case TENSOR_U8:
    case TENSOR_BOOL:
        return 1;
    case TENSOR_F16:
    case TENSOR_BF16:
    case TENSOR_I16:
        return 2;
    case TENSOR_F32:
    case TENSOR_I32:
        return 4;
    case TENSOR_F64:
    case TENSOR_I64:
        return 8;
    }
    return 0;
}

const char *tensor_type_name(enum tensor_type type)
{
    static const char *const names[] = { "F32", "F64", "F16", "BF16", "I8",
                                         "U8",  "I16", "I32", "I64",  "BOOL" };
    return names[type];
}

static void free_entry(struct tensor *tensor)
{
    free(tensor->name);
    free(tensor->owned);
}

void tensor_table_end(struct tensor_table *table)
{
    for (size_t t = 0; t < table->count; t++)
        free_entry(&table->tensors[t]);
    free(table->tensors);
    free(table->source);
    if (table->release != NULL)
        table->release(table->owner);
    *table = (struct tensor_table){ 0 };
}

static int compare_names(const void *name, const void *tensor)
{
    return strcmp(name, ((const struct tensor *)tensor)->name);
}

const struct tensor *tensor_table_find(const struct tensor_table *table, const char *name)
{
    if (table->count == 0)
        return NULL;
    return bsearch(name, table->tensors, table->count, sizeof *table->tensors, compare_names);
}

enum status tensor_table_add(float **values, struct tensor_table *table, const char *name,
                             size_t dimension_count, const size_t *shape)
{
    struct tensor added = { .type = TENSOR_F32, .dimension_count = dimension_count, .count = 1 };
    for (size_t d = 0; d < dimension_count; d++)
        added.count *= added.shape[d] = shape[d];
    if (tensor_table_find(table, name) != NULL)
        return status_fail(STATUS_INVALID, "tensor %s is there already", name);

    struct tensor *grown = realloc(table->tensors, (table->count + 1) * sizeof *grown);
    if (grown != NULL)
        table->tensors = grown;
    added.name = strdup(name);
    added.owned = calloc(added.count > 0 ? added.count : 1, sizeof **values);
    if (grown == NULL || added.name == NULL || added.owned == NULL) {
        free_entry(&added);
        return status_fail(STATUS_NO_MEMORY, "tensor %s", name);
    }
    added.data = *values = added.owned;

    size_t at = table->count++;
    for (; at > 0 && strcmp(grown[at - 1].name, name) > 0; at--)
        grown[at] = grown[at - 1];
    grown[at] = added;
    return STATUS_OK;
}

static void write_shape(char *text, size_t bytes, size_t dimension_count, const size_t *shape)
{
    size_t used = (size_t)snprintf(text, bytes, "[");
    for (size_t d = 0; d < dimension_count && used < bytes; d++)
        used += (size_t)snprintf(text + used, bytes - used, "%s%zu", d == 0 ? "" : ", ", shape[d]);
    if (used < bytes)
        snprintf(text + used, bytes - used, "]");
}

static enum status find_shaped(const struct tensor **out, const struct tensor_table *table,
                               const char *name, size_t dimension_count, const size_t *shape)
{
    char expected[128], found[128];
    write_shape(expected, sizeof expected, dimension_count, shape);

    const struct tensor *tensor = tensor_table_find(table, name);
    if (tensor == NULL)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s %s is missing", table->source, name,
                           expected);
    if (tensor->dimension_count != dimension_count ||
        (dimension_count > 0 &&
         memcmp(tensor->shape, shape, dimension_count * sizeof *shape) != 0)) {
        write_shape(found, sizeof found, tensor->dimension_count, tensor->shape);
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has shape %s, expected %s", table->source,
                           name, found, expected);
    }
    *out = tensor;
    return STATUS_OK;
}

static float bfloat_to_float(uint16_t brain)
{
    const uint32_t bits = (uint32_t)brain << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static enum status widen(float *values, const struct tensor_table *table,
                         const struct tensor *tensor)
{
    const unsigned char *bytes = tensor->data;
    switch (tensor->type) {
    case TENSOR_F32:
        memcpy(values, bytes, tensor->count * sizeof *values);
        return STATUS_OK;
    case TENSOR_F64:
        for (size_t i = 0; i < tensor->count; i++) {
            double wide;
            memcpy(&wide, bytes + i * sizeof wide, sizeof wide);
            values[i] = (float)wide;
        }
        return STATUS_OK;
    case TENSOR_F16:
    case TENSOR_BF16:
        for (size_t i = 0; i < tensor->count; i++) {
            uint16_t narrow;
            memcpy(&narrow, bytes + i * sizeof narrow, sizeof narrow);
            if (tensor->type == TENSOR_F16)
                half_to_float(&values[i], &narrow, 1);
            else
                values[i] = bfloat_to_float(narrow);
        }
        return STATUS_OK;
    default:
        return status_fail(STATUS_CORRUPT, "%s: tensor %s is %s, expected floating point",
                           table->source, tensor->name, tensor_type_name(tensor->type));
    }
}

static enum status check_finite(const float *values, const struct tensor_table *table,
                                const struct tensor *tensor)
{
    for (size_t i = 0; i < tensor->count; i++)
        if (!isfinite(values[i]))
            return status_fail(STATUS_CORRUPT, "%s: tensor %s is not finite at element %zu",
                               table->source, tensor->name, i);
    return STATUS_OK;
}

enum status tensor_table_read(float *values, const struct tensor_table *table, const char *name,
                              size_t dimension_count, const size_t *shape)
{
    const struct tensor *tensor = NULL;
    enum status outcome = find_shaped(&tensor, table, name, dimension_count, shape);
    if (outcome == STATUS_OK)
        outcome = widen(values, table, tensor);
    if (outcome == STATUS_OK)
        outcome = check_finite(values, table, tensor);
    return outcome;
}

enum status tensor_table_borrow(const float **values, float **owned,
                                const struct tensor_table *table, const char *name,
                                size_t dimension_count, const size_t *shape)
{
    const struct tensor *tensor = NULL;
    *values = *owned = NULL;
    enum status outcome = find_shaped(&tensor, table, name, dimension_count, shape);
    if (outcome != STATUS_OK)
        return outcome;

    if (tensor->type == TENSOR_F32 && (uintptr_t)tensor->data % sizeof(float) == 0) {
        *values = tensor->data;
        return check_finite(*values, table, tensor);
    }
    *owned = malloc((tensor->count > 0 ? tensor->count : 1) * sizeof **owned);
    if (*owned == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s: tensor %s", table->source, name);
    *values = *owned;
    outcome = widen(*owned, table, tensor);
    return outcome == STATUS_OK ? check_finite(*owned, table, tensor) : outcome;
}
