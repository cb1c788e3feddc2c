#include "models/im2sp_untrained.h"

#include "core/random.h"
#include "models/im2sp_names.h"
#include "models/im2sp_weights.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float end_bias = -3.0f;

struct drawing {
    struct tensor_table *table;
    uint64_t seed;
};

static double mean_of(enum im2sp_role role)
{
    return role == IM2SP_ONES ? 1.0 : 0.0;
}

static double deviation_of(const struct im2sp_entry *entry, size_t count)
{
    switch (entry->role) {
    case IM2SP_MATRIX:
        return 1.0 / sqrt((double)(count / entry->shape[0]));
    case IM2SP_TABLE:
        return 0.5;
    case IM2SP_ZEROS:
    case IM2SP_ONES:
        break;
    }
    return 0.0;
}

static enum status draw(void *payload, const struct im2sp_entry *entry)
{
    struct drawing *drawing = payload;
    size_t count = 1;
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    const double deviation = deviation_of(entry, count), mean = mean_of(entry->role);
    for (size_t p = 0; p < entry->part_count; p++) {
        float *values = NULL;
        const enum status outcome = tensor_table_add(&values, drawing->table, entry->names[p],
                                                     entry->dimension_count, entry->shape);
        if (outcome != STATUS_OK)
            return outcome;
        struct random_stream stream = random_stream_for(drawing->seed, entry->names[p], "weights");
        for (size_t i = 0; i < count; i++)
            values[i] =
                (float)(mean + (deviation > 0.0 ? deviation * random_normal(&stream) : 0.0));
    }
    return STATUS_OK;
}

static void delay_ends(struct tensor_table *table, const struct im2sp_config *config)
{
    char name[IM2SP_NAME_BYTES];
    snprintf(name, sizeof name, "%s.bias", im2sp_decoder_names(config->naming)->output);
    ((float *)tensor_table_find(table, name)->owned)[UNIT_ID_END] = end_bias;
}

enum status im2sp_untrained(struct tensor_table *out, const struct im2sp_config *config,
                            uint64_t seed)
{
    struct im2sp_weights places; /* for the walk; the values stay in the table */
    struct drawing drawing = { out, seed };
    *out = (struct tensor_table){ .source = strdup("untrained image-to-speech model") };
    enum status outcome = im2sp_weights_begin(&places, config);
    if (outcome == STATUS_OK && out->source == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "untrained image-to-speech model");
    if (outcome == STATUS_OK)
        outcome = im2sp_weights_visit(&places, config, "", draw, &drawing);
    im2sp_weights_end(&places, config);
    if (outcome == STATUS_OK)
        delay_ends(out, config);
    else
        tensor_table_end(out);
    return outcome;
}
