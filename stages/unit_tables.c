#include "stages/unit_tables.h"

#include "models/unit_codes.h"
#include "storage/kmeans_file.h"
#include "storage/weights_file.h"
#include "tokenizers/image/vit_vqgan.h"

#include <stdlib.h>
#include <string.h>

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
        unit_codes_standardise(table->rows, table->units, table->width);
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
    unit_codes_standardise(table->rows, table->units, table->width);
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

struct unit_codes unit_table_codes(const struct unit_table *table)
{
    return (struct unit_codes){ table->rows, table->units, table->width };
}

void unit_table_end(struct unit_table *table)
{
    free(table->rows);
    *table = (struct unit_table){ 0 };
}
