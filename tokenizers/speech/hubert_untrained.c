#include "tokenizers/speech/hubert_untrained.h"

#include "core/random.h"
#include "tokenizers/speech/hubert_names.h"

#include <math.h>
#include <string.h>

struct drawing {
    struct tensor_table *table;
    uint64_t seed;
};

/* The law of a tensor: normal, around `mean`. Products keep the size of what goes in (a GELU halves
 * it, hence the larger convolutions and expansion); attention's scores are twice as sharp, and
 * what each block adds is kept below what it adds to, so that frames stay apart over the layers. */
struct law {
    double mean, spread;
};

static struct law law_of(const struct hubert_entry *entry)
{
    if (entry->role == HUBERT_GAIN)
        return (struct law){ 4.0, 1.0 };
    if (entry->role == HUBERT_DIRECTION)
        return (struct law){ 0.0, 1.0 };
    if (entry->role == HUBERT_BIAS)
        return (struct law){ 0.0, 0.1 };
    if (entry->dimension_count == 1) /* a norm's gain */
        return (struct law){ 1.0, 0.2 };
    size_t fan = 1;
    for (size_t d = 1; d < entry->dimension_count; d++)
        fan *= entry->shape[d];
    const double spread = 1.0 / sqrt((double)fan);
    switch (entry->part) {
    case HUBERT_CONVOLUTION:
        return (struct law){ 0.0, 1.6 * spread };
    case HUBERT_QUERY:
    case HUBERT_KEY:
        return (struct law){ 0.0, 2.0 * spread };
    case HUBERT_EXPAND:
        return (struct law){ 0.0, 1.4 * spread };
    case HUBERT_ATTENTION_OUT:
    case HUBERT_CONTRACT:
        return (struct law){ 0.0, 0.6 * spread };
    default:
        return (struct law){ 0.0, spread };
    }
}

static enum status draw(void *payload, const struct hubert_entry *entry)
{
    const struct drawing *drawing = payload;
    const struct hubert_names names = hubert_names_default();
    char name[HUBERT_NAME_BYTES];
    float *values = NULL;
    hubert_names_write(name, &names, entry->part, entry->role, entry->index);
    const enum status outcome =
        tensor_table_add(&values, drawing->table, name, entry->dimension_count, entry->shape);
    if (outcome != STATUS_OK)
        return outcome;
    size_t count = 1;
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    const struct law law = law_of(entry);
    struct random_stream stream = random_stream_for(drawing->seed, name, "weights");
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(law.mean + law.spread * random_normal(&stream));
    return STATUS_OK;
}

enum status hubert_untrained(struct tensor_table *table, const struct hubert_config *config,
                             uint64_t seed)
{
    struct drawing drawing = { .table = table, .seed = seed };
    if (table->source == NULL)
        table->source = strdup("untrained HuBERT");
    if (table->source == NULL)
        return status_fail(STATUS_NO_MEMORY, "an untrained HuBERT");
    return hubert_names_visit(config, draw, &drawing);
}
