#include "tokenizers/image/clip_untrained.h"

#include "core/random.h"
#include "tokenizers/image/clip_weights.h"

#include <math.h>
#include <string.h>

struct drawing {
    struct tensor_table *table;
    const struct clip_config *config;
    uint64_t seed;
};

static void draw_values(float *values, size_t count, const struct clip_entry *entry,
                        const struct drawing *drawing)
{
    struct random_stream stream = random_stream_for(drawing->seed, entry->names[0], "weights");
    const double bound = sqrt(6.0 / (double)(entry->shape[0] + count / entry->shape[0]));
    const double deviation = 1.0 / sqrt((double)drawing->config->width);
    switch (entry->role) {
    case CLIP_MATRIX:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)(bound * (2.0 * random_uniform(&stream) - 1.0));
        break;
    case CLIP_NORMAL:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)(deviation * random_normal(&stream));
        break;
    case CLIP_ZEROS:
        memset(values, 0, count * sizeof *values);
        break;
    case CLIP_ONES:
        for (size_t i = 0; i < count; i++)
            values[i] = 1.0f;
        break;
    }
}

static enum status draw_one(void *payload, const struct clip_entry *entry)
{
    struct drawing *drawing = payload;
    float *values = NULL;
    size_t count = 1;
    const enum status outcome = tensor_table_add(&values, drawing->table, entry->names[0],
                                                 entry->dimension_count, entry->shape);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    draw_values(values, count, entry, drawing);
    return STATUS_OK;
}

enum status clip_untrained(struct tensor_table *out, const struct clip_config *config,
                           uint64_t seed)
{
    struct clip_weights places; /* for the walk; the values stay in the table */
    struct clip_config named = *config;
    struct drawing drawing = { .table = out, .config = config, .seed = seed };
    *out = (struct tensor_table){ 0 };
    named.naming = CLIP_OPENAI;
    enum status outcome = clip_weights_begin(&places, &named);
    if (outcome != STATUS_OK)
        return outcome;

    out->source = strdup("untrained CLIP");
    outcome = out->source == NULL ? status_fail(STATUS_NO_MEMORY, "untrained CLIP")
                                  : clip_weights_visit(&places, &named, "", draw_one, &drawing);
    clip_weights_end(&places);
    if (outcome != STATUS_OK)
        tensor_table_end(out);
    return outcome;
}
