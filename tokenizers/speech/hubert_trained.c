#include "tokenizers/speech/hubert_trained_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct parameter **hubert_trained_slot(const struct hubert_trained *model, enum hubert_part part,
                                       enum hubert_role role, size_t index)
{
    const size_t row = (size_t)part * HUBERT_ROLE_COUNT + (size_t)role;
    return &model->slots[row * model->index_count + index];
}

struct adding {
    struct hubert_trained *model;
    struct parameter_set *set;
};

static enum status add_one(void *payload, const struct hubert_entry *entry)
{
    const struct adding *adding = payload;
    const struct hubert_names names = hubert_names_default();
    char name[HUBERT_NAME_BYTES];
    hubert_names_write(name, &names, entry->part, entry->role, entry->index);
    struct parameter *parameter =
        parameter_set_add(adding->set, name, entry->dimension_count, entry->shape);
    if (parameter == NULL)
        return status_fail(STATUS_NO_MEMORY, "%s", name);
    if (entry->role == HUBERT_GAIN || entry->role == HUBERT_DIRECTION)
        parameter->is_decayed = false; /* a direction's length means nothing */
    *hubert_trained_slot(adding->model, entry->part, entry->role, entry->index) = parameter;
    return STATUS_OK;
}

static enum status add_prediction(struct hubert_trained *model, struct parameter_set *set)
{
    const size_t D = model->options.net.width, P = model->options.projection_width;
    const size_t projection[] = { P, D }, codewords[] = { model->options.codewords, P };
    model->mask = parameter_set_add(set, "masked_spec_embed", 1, &D);
    model->projection = parameter_set_add(set, "final_proj.weight", 2, projection);
    model->projection_bias = parameter_set_add(set, "final_proj.bias", 1, &P);
    model->codewords = parameter_set_add(set, "label_embs_concat", 2, codewords);
    if (model->mask == NULL || model->projection == NULL || model->projection_bias == NULL ||
        model->codewords == NULL)
        return status_fail(STATUS_NO_MEMORY, "a HuBERT that is trained");
    model->codewords->is_decayed = false; /* cosines do not know lengths */
    return STATUS_OK;
}

static enum status check_sizes(const struct hubert_trained_options *options)
{
    const struct hubert_config *net = &options->net;
    if (net->heads == 0 || net->width % net->heads != 0)
        return status_fail(STATUS_INVALID, "HuBERT: %zu heads do not divide a width of %zu",
                           net->heads, net->width);
    if (net->position_groups == 0 || net->width % net->position_groups != 0)
        return status_fail(STATUS_INVALID,
                           "HuBERT: %zu groups of the positional convolution do not divide a width "
                           "of %zu",
                           net->position_groups, net->width);
    if (options->codewords < 2 || options->codewords > UINT16_MAX + 1)
        return status_fail(STATUS_INVALID, "HuBERT: %zu codewords, 2 to 65536 can be told apart",
                           options->codewords);
    return STATUS_OK;
}

enum status hubert_trained_create(struct hubert_trained **out, struct parameter_set *set,
                                  const struct hubert_trained_options *options)
{
    *out = NULL;
    enum status outcome = check_sizes(options);
    if (outcome != STATUS_OK)
        return outcome;
    const size_t layers = options->net.layers, convolutions = options->net.convolution_count;
    struct hubert_trained *model = calloc(1, sizeof *model);
    if (model != NULL) {
        model->options = *options;
        model->index_count = layers > convolutions ? layers : convolutions;
        model->slots = calloc((size_t)HUBERT_PART_COUNT * HUBERT_ROLE_COUNT * model->index_count,
                              sizeof *model->slots);
    }
    if (model == NULL || model->slots == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "a HuBERT that is trained");
    struct adding adding = { model, set };
    if (outcome == STATUS_OK)
        outcome = hubert_names_visit(&options->net, add_one, &adding);
    if (outcome == STATUS_OK)
        outcome = add_prediction(model, set);
    if (outcome != STATUS_OK) {
        hubert_trained_destroy(model);
        return outcome;
    }
    *out = model;
    return STATUS_OK;
}

void hubert_trained_destroy(struct hubert_trained *model)
{
    if (model == NULL)
        return;
    free(model->slots);
    free(model);
}

const struct hubert_config *hubert_trained_sizes(const struct hubert_trained *model)
{
    return &model->options.net;
}

/* Gains are the lengths of the directions, so that at first the norm changes nothing. */
static void measure_directions(struct parameter *gain, const struct parameter *direction)
{
    for (size_t k = 0; k < gain->count; k++) {
        double square = 0.0;
        for (size_t i = k; i < direction->count; i += gain->count)
            square += (double)direction->value[i] * (double)direction->value[i];
        gain->value[k] = (float)sqrt(square);
    }
}

struct drawing {
    struct hubert_trained *model;
    uint64_t seed;
};

static enum status draw_one(void *payload, const struct hubert_entry *entry)
{
    const struct drawing *drawing = payload;
    const struct hubert_config *net = &drawing->model->options.net;
    struct parameter *parameter =
        *hubert_trained_slot(drawing->model, entry->part, entry->role, entry->index);
    const float spread = 1.0f / sqrtf((float)parameter->columns);
    if (entry->role == HUBERT_DIRECTION)
        parameter_draw_normal(parameter, drawing->seed,
                              2.0f / sqrtf((float)(net->position_kernel * net->width)));
    else if (entry->role != HUBERT_WEIGHT || entry->dimension_count == 1)
        parameter_fill(parameter, entry->role == HUBERT_WEIGHT ? 1.0f : 0.0f);
    else if (entry->part == HUBERT_CONVOLUTION) /* a GELU halves what goes through */
        parameter_draw_normal(parameter, drawing->seed, sqrtf(2.0f) * spread);
    else if (entry->part == HUBERT_ATTENTION_OUT || entry->part == HUBERT_CONTRACT)
        parameter_draw_normal(parameter, drawing->seed, 0.5f * spread);
    else
        parameter_draw_normal(parameter, drawing->seed, spread);
    return STATUS_OK;
}

void hubert_trained_draw(struct hubert_trained *model, uint64_t seed)
{
    struct drawing drawing = { model, seed };
    hubert_names_visit(&model->options.net, draw_one, &drawing);
    measure_directions(*hubert_trained_slot(model, HUBERT_POSITION, HUBERT_GAIN, 0),
                       *hubert_trained_slot(model, HUBERT_POSITION, HUBERT_DIRECTION, 0));
    parameter_draw_normal(model->mask, seed, 0.5f);
    parameter_draw_normal(model->projection, seed, 1.0f / sqrtf((float)model->projection->columns));
    parameter_fill(model->projection_bias, 0.0f);
    parameter_draw_normal(model->codewords, seed, 1.0f / sqrtf((float)model->codewords->columns));
}

struct filling {
    struct hubert_trained *model;
    const struct tensor_table *table;
    const struct hubert_names *names;
    size_t *filled;
};

static enum status fill_one(void *payload, const struct hubert_entry *entry)
{
    const struct filling *filling = payload;
    char name[HUBERT_NAME_BYTES];
    hubert_names_write(name, filling->names, entry->part, entry->role, entry->index);
    struct parameter *parameter =
        *hubert_trained_slot(filling->model, entry->part, entry->role, entry->index);
    ++*filling->filled;
    return tensor_table_read(parameter->value, filling->table, name, entry->dimension_count,
                             entry->shape);
}

static enum status fill_prediction(const struct filling *filling, struct parameter *parameter)
{
    const struct tensor *tensor = tensor_table_find(filling->table, parameter->name);
    if (tensor == NULL || tensor->dimension_count != parameter->dimension_count ||
        memcmp(tensor->shape, parameter->shape,
               parameter->dimension_count * sizeof *parameter->shape) != 0)
        return STATUS_OK;
    ++*filling->filled;
    return tensor_table_read(parameter->value, filling->table, parameter->name,
                             parameter->dimension_count, parameter->shape);
}

enum status hubert_trained_fill(size_t *filled, struct hubert_trained *model,
                                const struct tensor_table *table)
{
    struct hubert_names names;
    struct filling filling = { model, table, &names, filled };
    struct parameter *const prediction[] = { model->mask, model->projection, model->projection_bias,
                                             model->codewords };
    *filled = 0;
    enum status outcome = hubert_names_detect(&names, table);
    if (outcome == STATUS_OK)
        outcome = hubert_names_visit(&model->options.net, fill_one, &filling);
    for (size_t p = 0; p < sizeof prediction / sizeof prediction[0] && outcome == STATUS_OK; p++)
        outcome = fill_prediction(&filling, prediction[p]);
    return outcome;
}
