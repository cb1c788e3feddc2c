#include "nn/parameters.h"

#include "core/random.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNED_FLOATS = 16 };

struct parameter_set {
    struct parameter **parameters; /* each allocated alone, so that pointers last */
    size_t count, floats;
    float *values, *gradients;
    bool is_short_of_memory;
};

enum status parameter_set_create(struct parameter_set **set)
{
    *set = calloc(1, sizeof **set);
    return *set != NULL ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "parameters: no memory");
}

static struct parameter *new_parameter(const char *name, size_t dimension_count,
                                       const size_t *shape)
{
    struct parameter *parameter = calloc(1, sizeof *parameter);
    if (parameter == NULL || (parameter->name = strdup(name)) == NULL) {
        free(parameter);
        return NULL;
    }
    parameter->dimension_count = dimension_count;
    parameter->rows = dimension_count > 0 ? shape[0] : 1;
    parameter->columns = 1;
    for (size_t d = 0; d < dimension_count; d++) {
        parameter->shape[d] = shape[d];
        parameter->columns *= d > 0 ? shape[d] : 1;
    }
    if (dimension_count == 1) { /* a vector is a row */
        parameter->columns = shape[0];
        parameter->rows = 1;
    }
    parameter->count = parameter->rows * parameter->columns;
    parameter->is_decayed = dimension_count >= 2;
    return parameter;
}

struct parameter *parameter_set_add(struct parameter_set *set, const char *name,
                                    size_t dimension_count, const size_t *shape)
{
    assert(dimension_count <= TENSOR_DIMENSIONS_MAX && set->values == NULL);
    assert(parameter_set_find(set, name) == NULL);
    struct parameter *parameter = new_parameter(name, dimension_count, shape);
    struct parameter **grown =
        realloc(set->parameters, (set->count + 1) * sizeof(struct parameter *));
    if (grown != NULL)
        set->parameters = grown;
    if (parameter == NULL || grown == NULL) {
        set->is_short_of_memory = true;
        if (parameter != NULL)
            free(parameter->name);
        free(parameter);
        return NULL;
    }
    parameter->start = set->floats;
    set->floats += (parameter->count + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS * ALIGNED_FLOATS;
    set->parameters[set->count++] = parameter;
    return parameter;
}

static float *new_vector(size_t floats)
{
    const size_t bytes = (floats > 0 ? floats : ALIGNED_FLOATS) * sizeof(float);
    float *vector = aligned_alloc(ALIGNED_FLOATS * sizeof(float), bytes);
    if (vector != NULL)
        memset(vector, 0, bytes);
    return vector;
}

enum status parameter_set_lay_out(struct parameter_set *set)
{
    set->values = new_vector(set->floats);
    set->gradients = new_vector(set->floats);
    if (set->values == NULL || set->gradients == NULL || set->is_short_of_memory)
        return status_fail(STATUS_NO_MEMORY, "parameters: no memory for %zu floats", set->floats);
    for (size_t i = 0; i < set->count; i++) {
        set->parameters[i]->value = set->values + set->parameters[i]->start;
        set->parameters[i]->gradient = set->gradients + set->parameters[i]->start;
    }
    return STATUS_OK;
}

size_t parameter_set_count(const struct parameter_set *set)
{
    return set->count;
}

struct parameter *parameter_set_at(const struct parameter_set *set, size_t index)
{
    return index < set->count ? set->parameters[index] : NULL;
}

struct parameter *parameter_set_find(const struct parameter_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->parameters[i]->name, name) == 0)
            return set->parameters[i];
    return NULL;
}

size_t parameter_set_floats(const struct parameter_set *set)
{
    return set->floats;
}

float *parameter_set_values(const struct parameter_set *set)
{
    return set->values;
}

float *parameter_set_gradients(const struct parameter_set *set)
{
    return set->gradients;
}

void parameter_set_clear_gradients(struct parameter_set *set)
{
    memset(set->gradients, 0, set->floats * sizeof *set->gradients);
}

void parameter_draw_normal(struct parameter *parameter, uint64_t seed, float deviation)
{
    struct random_stream stream = random_stream_for(seed, parameter->name, "weights");
    for (size_t i = 0; i < parameter->count; i++)
        parameter->value[i] = deviation * (float)random_normal(&stream);
}

void parameter_draw_uniform(struct parameter *parameter, uint64_t seed, float limit)
{
    struct random_stream stream = random_stream_for(seed, parameter->name, "weights");
    for (size_t i = 0; i < parameter->count; i++)
        parameter->value[i] = limit * (float)(2.0 * random_uniform(&stream) - 1.0);
}

void parameter_fill(struct parameter *parameter, float value)
{
    for (size_t i = 0; i < parameter->count; i++)
        parameter->value[i] = value;
}

enum status parameter_set_read(struct parameter_set *set, const struct tensor_table *table,
                               const char *prefix)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        const struct parameter *parameter = set->parameters[i];
        char name[512];
        snprintf(name, sizeof name, "%s%s", prefix, parameter->name);
        status = tensor_table_read(parameter->value, table, name, parameter->dimension_count,
                                   parameter->shape);
    }
    return status;
}

enum status parameter_set_write(const struct parameter_set *set, struct tensor_table *table)
{
    enum status status = STATUS_OK;
    *table = (struct tensor_table){ 0 };
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        const struct parameter *parameter = set->parameters[i];
        float *values;
        status = tensor_table_add(&values, table, parameter->name, parameter->dimension_count,
                                  parameter->shape);
        if (status == STATUS_OK)
            memcpy(values, parameter->value, parameter->count * sizeof *values);
    }
    if (status != STATUS_OK)
        tensor_table_end(table);
    return status;
}

void parameter_set_destroy(struct parameter_set *set)
{
    if (set == NULL)
        return;
    for (size_t i = 0; i < set->count; i++) {
        free(set->parameters[i]->name);
        free(set->parameters[i]);
    }
    free(set->parameters);
    free(set->values);
    free(set->gradients);
    free(set);
}
