#include "models/unit_vocoder_untrained.h"

#include "core/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct drawing {
    struct tensor_table *table;
    uint64_t seed;
    enum status outcome;
};

/* A tensor of normal numbers around `mean`. */
static void draw(struct drawing *drawing, const char *place, const char *ending,
                 size_t dimension_count, const size_t *shape, double mean, double deviation)
{
    char name[160];
    float *values = NULL;
    size_t count = 1;
    if (drawing->outcome != STATUS_OK)
        return;
    snprintf(name, sizeof name, "%s%s", place, ending);
    drawing->outcome = tensor_table_add(&values, drawing->table, name, dimension_count, shape);
    if (drawing->outcome != STATUS_OK)
        return;
    struct random_stream stream = random_stream_for(drawing->seed, name, "weights");
    for (size_t d = 0; d < dimension_count; d++)
        count *= shape[d];
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(mean + (deviation > 0.0 ? deviation * random_normal(&stream) : 0.0));
}

static void draw_row(struct drawing *drawing, const char *place, const char *ending, size_t count,
                     double mean, double deviation)
{
    draw(drawing, place, ending, 1, &count, mean, deviation);
}

/* A convolution of `rows` x `columns` x `kernel` with weight norm, whose outputs are as loud as its
 * inputs times `gain`: `terms` products are summed in each. */
static void draw_convolution(struct drawing *drawing, const char *place, size_t rows,
                             size_t columns, size_t kernel, size_t outputs, double gain,
                             double terms)
{
    const size_t shape[3] = { rows, columns, kernel }, gains[3] = { rows, 1, 1 };
    const double length = sqrt((double)(columns * kernel) / terms);
    draw(drawing, place, ".weight_v", 3, shape, 0.0, 1.0);
    draw(drawing, place, ".weight_g", 3, gains, gain * length, 0.0);
    draw_row(drawing, place, ".bias", outputs, 0.0, 0.05);
}

static void draw_stage(struct drawing *drawing, const struct unit_vocoder_config *config, size_t s)
{
    char place[64];
    const size_t C = unit_vocoder_config_channels(config, s);
    const struct unit_vocoder_stage *stage = &config->stages[s];
    snprintf(place, sizeof place, "ups.%zu", s);
    draw_convolution(drawing, place, 2 * C, C, stage->kernel, C, 1.3,
                     (double)(2 * C * stage->kernel) / (double)stage->rate);
    for (size_t b = 0; b < config->block_count; b++)
        for (size_t d = 0; d < config->blocks[b].dilation_count; d++) {
            const size_t kernel = config->blocks[b].kernel, number = s * config->block_count + b;
            snprintf(place, sizeof place, "resblocks.%zu.convs1.%zu", number, d);
            draw_convolution(drawing, place, C, C, kernel, C, 1.0, (double)(C * kernel));
            snprintf(place, sizeof place, "resblocks.%zu.convs2.%zu", number, d);
            draw_convolution(drawing, place, C, C, kernel, C, 0.5, (double)(C * kernel));
        }
}

static void draw_durations(struct drawing *drawing, const struct unit_vocoder_config *config)
{
    const size_t H = config->duration_hidden;
    const size_t first[3] = { H, config->width, 3 }, second[3] = { H, H, 3 }, out[2] = { 1, H };
    draw(drawing, "dur_predictor.conv1.0", ".weight", 3, first, 0.0,
         1.0 / sqrt(3.0 * (double)config->width));
    draw_row(drawing, "dur_predictor.conv1.0", ".bias", H, 0.0, 0.0);
    draw(drawing, "dur_predictor.conv2.0", ".weight", 3, second, 0.0, 1.0 / sqrt(3.0 * (double)H));
    draw_row(drawing, "dur_predictor.conv2.0", ".bias", H, 0.0, 0.0);
    for (size_t n = 1; n <= 2; n++) {
        char place[64];
        snprintf(place, sizeof place, "dur_predictor.ln%zu", n);
        draw_row(drawing, place, ".weight", H, 1.0, 0.0);
        draw_row(drawing, place, ".bias", H, 0.0, 0.0);
    }
    draw(drawing, "dur_predictor.proj", ".weight", 2, out, 0.0, 0.4 / sqrt((double)H));
    draw_row(drawing, "dur_predictor.proj", ".bias", 1, 1.3, 0.0);
}

enum status unit_vocoder_untrained(struct tensor_table *out,
                                   const struct unit_vocoder_config *config, uint64_t seed)
{
    struct drawing drawing = { .table = out, .seed = seed };
    const size_t table[2] = { config->codes, config->width };
    const size_t last = unit_vocoder_config_channels(config, config->stage_count - 1);
    *out = (struct tensor_table){ .source = strdup("untrained unit vocoder") };
    if (out->source == NULL)
        return status_fail(STATUS_NO_MEMORY, "untrained unit vocoder");
    draw(&drawing, "dict", ".weight", 2, table, 0.0, 1.0);
    draw_convolution(&drawing, "conv_pre", config->channels, config->width, config->pre_kernel,
                     config->channels, 1.0, (double)(config->width * config->pre_kernel));
    for (size_t s = 0; s < config->stage_count; s++)
        draw_stage(&drawing, config, s);
    draw_convolution(&drawing, "conv_post", 1, last, config->post_kernel, 1, 0.3,
                     (double)(last * config->post_kernel));
    if (config->duration_hidden > 0)
        draw_durations(&drawing, config);
    if (drawing.outcome != STATUS_OK)
        tensor_table_end(out);
    return drawing.outcome;
}
