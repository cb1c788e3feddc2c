#include "tokenizers/image/vit_vqgan_untrained.h"

#include "core/random.h"

#include <math.h>
#include <string.h>

static void write_waves(float *values, double at, size_t D)
{
    const size_t frequencies = D / 2;
    for (size_t f = 0; f < frequencies; f++) {
        const double angle = at / pow(10000.0, (double)f / (double)frequencies);
        values[f] = (float)sin(angle);
        values[frequencies + f] = (float)cos(angle);
    }
}

void vit_vqgan_sine_positions(float *table, size_t rows, size_t columns, size_t D)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++) {
            float *values = table + (row * columns + column) * D; /* [D] */
            write_waves(values, (double)column, D / 2);
            write_waves(values + D / 2, (double)row, D / 2);
        }
}

/* Pixels reach the net around 0, and loud enough beside the positions that tokens depend on what
 * is seen more than on where. */
enum { PATCH_GAIN = 4 };

static void center_pixels(float *bias, const float *patch, size_t rows, size_t columns)
{
    for (size_t row = 0; row < rows; row++) {
        double sum = 0.0;
        for (size_t column = 0; column < columns; column++)
            sum += patch[row * columns + column];
        bias[row] = (float)(-0.5 * sum);
    }
}

static size_t value_count(const struct vit_vqgan_entry *entry)
{
    size_t count = 1;
    for (size_t d = 0; d < entry->dimension_count; d++)
        count *= entry->shape[d];
    return count;
}

/* Glorot's bound; a convolution counts as the matrix [first extent][all others]. */
static double uniform_bound(const struct vit_vqgan_entry *entry, size_t count)
{
    const size_t rows = entry->shape[0];
    const double gain = entry->role == VIT_VQGAN_PATCH ? PATCH_GAIN : 1.0;
    return gain * sqrt(6.0 / (double)(rows + count / rows));
}

void vit_vqgan_untrained_draw(float *values, const struct vit_vqgan_entry *entry,
                              const struct vit_vqgan_config *config, const float *patch,
                              uint64_t seed)
{
    struct random_stream stream = random_stream_for(seed, entry->name, "weights");
    const size_t count = value_count(entry);
    const double bound = uniform_bound(entry, count);
    switch (entry->role) {
    case VIT_VQGAN_PATCH:
    case VIT_VQGAN_MATRIX:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)(bound * (2.0 * random_uniform(&stream) - 1.0));
        break;
    case VIT_VQGAN_PATCH_BIAS:
        center_pixels(values, patch, count, 3 * config->patch * config->patch);
        break;
    case VIT_VQGAN_ZEROS:
        memset(values, 0, count * sizeof *values);
        break;
    case VIT_VQGAN_ONES:
        for (size_t i = 0; i < count; i++)
            values[i] = 1.0f;
        break;
    case VIT_VQGAN_POSITION:
        vit_vqgan_sine_positions(values, vit_vqgan_config_rows(config),
                                 vit_vqgan_config_columns(config), entry->shape[2]);
        break;
    case VIT_VQGAN_CODES:
        for (size_t i = 0; i < count; i++)
            values[i] = (float)random_normal(&stream);
        break;
    }
}

struct drawing {
    struct tensor_table *table;
    const struct vit_vqgan_config *config;
    uint64_t seed;
};

static enum status draw_one(void *payload, const struct vit_vqgan_entry *entry)
{
    struct drawing *drawing = payload;
    float *values = NULL;
    const enum status outcome = tensor_table_add(&values, drawing->table, entry->name,
                                                 entry->dimension_count, entry->shape);
    if (outcome != STATUS_OK)
        return outcome;
    const struct tensor *patch =
        tensor_table_find(drawing->table, "encoder.to_patch_embedding.0.weight");
    vit_vqgan_untrained_draw(values, entry, drawing->config, patch->data, drawing->seed);
    return STATUS_OK;
}

enum status vit_vqgan_untrained(struct tensor_table *out, const struct vit_vqgan_config *config,
                                uint64_t seed)
{
    struct vit_vqgan_weights places; /* for the walk; the values stay in the table */
    struct drawing drawing = { .table = out, .config = config, .seed = seed };
    *out = (struct tensor_table){ 0 };
    if (config->encoder.dim % 4 != 0 || config->decoder.dim % 4 != 0)
        return status_fail(STATUS_INVALID, "dims %zu and %zu: positions need multiples of 4",
                           config->encoder.dim, config->decoder.dim);
    enum status outcome = vit_vqgan_weights_begin(&places, config);
    if (outcome != STATUS_OK)
        return outcome;

    out->source = strdup("untrained ViT-VQGAN");
    outcome = out->source == NULL ? status_fail(STATUS_NO_MEMORY, "untrained ViT-VQGAN")
                                  : vit_vqgan_weights_visit(&places, config, draw_one, &drawing);
    vit_vqgan_weights_end(&places);
    if (outcome != STATUS_OK)
        tensor_table_end(out);
    return outcome;
}
