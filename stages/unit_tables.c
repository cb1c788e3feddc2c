#include "stages/unit_tables.h"

#include "storage/kmeans_file.h"
#include "storage/weights_file.h"
#include "tokenizers/image/vit_vqgan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void standardise(struct unit_table *table)
{
    const size_t count = table->units * table->width;
    double squares = 0.0;
    for (size_t c = 0; c < table->width; c++) {
        double sum = 0.0;
        for (size_t u = 0; u < table->units; u++)
            sum += (double)table->rows[u * table->width + c];
        for (size_t u = 0; u < table->units; u++) {
            float *value = &table->rows[u * table->width + c];
            *value -= (float)(sum / (double)table->units);
            squares += (double)*value * (double)*value;
        }
    }
    const float scale = squares > 0.0 ? (float)sqrt((double)count / squares) : 1.0f;
    for (size_t i = 0; i < count; i++)
        table->rows[i] *= scale;
}

enum status unit_table_of_speech(struct unit_table *table, const struct run *run)
{
    char path[PATH_BYTES];
    const char *file = run->plan.speech_units.kmeans;
    enum status outcome = STATUS_OK;
    *table = (struct unit_table){ 0 };
    if (plan_fits_units(&run->plan)) {
        outcome = run_path(path, run, "kmeans.h5");
        file = path;
    }
    if (outcome == STATUS_OK)
        outcome = kmeans_file_read(&table->rows, &table->units, &table->width, file);
    if (outcome == STATUS_OK)
        standardise(table);
    return outcome;
}

static enum status copy_codes(struct unit_table *table, const struct vit_vqgan *net)
{
    const struct vit_vqgan_config *sizes = vit_vqgan_sizes(net);
    const size_t count = sizes->code_count * sizes->code_width;
    table->rows = malloc(count * sizeof *table->rows);
    if (table->rows == NULL)
        return status_fail(STATUS_NO_MEMORY, "a codebook of %zu codes", sizes->code_count);
    memcpy(table->rows, vit_vqgan_unit_codes(net), count * sizeof *table->rows);
    table->units = sizes->code_count;
    table->width = sizes->code_width;
    standardise(table);
    return STATUS_OK;
}

enum status unit_table_of_images(struct unit_table *table, const struct run *run)
{
    struct weights_file weights;
    struct vit_vqgan *net = NULL;
    *table = (struct unit_table){ 0 };
    enum status outcome =
        weights_file_read(&weights, run->plan.image_units.vit_vqgan, run->plan.image_units.config);
    if (outcome != STATUS_OK)
        return outcome;
    outcome = vit_vqgan_create(&net, &weights.table, weights.settings);
    if (outcome == STATUS_OK)
        outcome = copy_codes(table, net);
    vit_vqgan_destroy(net);
    weights_file_end(&weights);
    return outcome;
}

void unit_table_end(struct unit_table *table)
{
    free(table->rows);
    *table = (struct unit_table){ 0 };
}
