/* The half of hubert_config.h that looks at the weights. */
#include "tokenizers/speech/hubert_config.h"
#include "tokenizers/speech/hubert_names.h"

/* Finds a tensor that tells a size. */
static enum status find_shape(const struct tensor **out, const struct tensor_table *table,
                              const struct hubert_names *names, enum hubert_part part,
                              enum hubert_role role, size_t dimension_count)
{
    char name[HUBERT_NAME_BYTES];
    hubert_names_write(name, names, part, role, 0);
    *out = tensor_table_find(table, name);
    if (*out == NULL)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s is missing", table->source, name);
    if ((*out)->dimension_count != dimension_count)
        return status_fail(STATUS_CORRUPT, "%s: tensor %s has %zu dimensions, expected %zu",
                           table->source, name, (*out)->dimension_count, dimension_count);
    return STATUS_OK;
}

static const struct tensor *find_numbered(const struct tensor_table *table,
                                          const struct hubert_names *names, enum hubert_part part,
                                          size_t index)
{
    char name[HUBERT_NAME_BYTES];
    hubert_names_write(name, names, part, HUBERT_WEIGHT, index);
    return tensor_table_find(table, name);
}

static void take_convolution_shapes(struct hubert_config *config, const struct tensor_table *table,
                                    const struct hubert_names *names)
{
    char name[HUBERT_NAME_BYTES];
    const struct tensor *tensor = NULL;
    size_t c = 0;
    for (; c < HUBERT_CONVOLUTIONS_MAX; c++) {
        tensor = find_numbered(table, names, HUBERT_CONVOLUTION, c);
        if (tensor == NULL || tensor->dimension_count != 3)
            break;
        config->convolutions[c] = (struct hubert_convolution){ .channels = tensor->shape[0],
                                                               .kernel = tensor->shape[2],
                                                               .stride = c == 0 ? 5 : 2 };
    }
    config->convolution_count = c;
    hubert_names_write(name, names, HUBERT_CONVOLUTION, HUBERT_BIAS, 0);
    config->convolution_bias = tensor_table_find(table, name) != NULL;
    config->convolution_layer_norm =
        find_numbered(table, names, HUBERT_CONVOLUTION_NORM, 1) != NULL;
}

static enum status take_shapes(struct hubert_config *config, const struct tensor_table *table,
                               const struct hubert_names *names)
{
    const struct tensor *projection, *expand, *position;
    enum status outcome =
        find_shape(&projection, table, names, HUBERT_PROJECTION, HUBERT_WEIGHT, 2);
    if (outcome == STATUS_OK)
        outcome = find_shape(&position, table, names, HUBERT_POSITION, HUBERT_DIRECTION, 3);
    if (outcome == STATUS_OK)
        outcome = find_shape(&expand, table, names, HUBERT_EXPAND, HUBERT_WEIGHT, 2);
    if (outcome != STATUS_OK)
        return outcome;

    config->width = projection->shape[0];
    config->feed_forward_width = expand->shape[0];
    config->position_kernel = position->shape[2];
    config->position_groups = position->shape[1] > 0 ? config->width / position->shape[1] : 0;
    while (find_numbered(table, names, HUBERT_QUERY, config->layers) != NULL)
        config->layers++;
    config->heads = config->width / 64;
    take_convolution_shapes(config, table, names);
    config->norm_first = config->normalise_wave = config->convolution_layer_norm;
    return STATUS_OK;
}

enum status hubert_config_of_weights(struct hubert_config *out, const struct tensor_table *table,
                                     const struct settings *settings)
{
    struct hubert_names names;
    *out = (struct hubert_config){ .epsilon = 1e-5 };
    enum status outcome = hubert_names_detect(&names, table);
    if (outcome == STATUS_OK)
        outcome = take_shapes(out, table, &names);
    return outcome == STATUS_OK ? hubert_config_read(out, settings) : outcome;
}
