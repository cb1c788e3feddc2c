#include "tests/models/im2sp_golden.h"

#include "storage/safetensors.h"
#include "storage/torch_file.h"
#include "tests/support/aligned_table.h"
#include "tests/support/check.h"
#include "tokenizers/image/token_grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *golden_path(const struct im2sp_golden *golden, const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/im2sp-tiny/%s/%s", check_golden_folder(), golden->variant,
             name);
    return path;
}

float *im2sp_golden_codebook(const struct im2sp_golden *golden, size_t *code_count, size_t *width)
{
    struct tensor_table table = { 0 };
    struct settings *none = NULL;
    check_status(torch_file_read(&table, &none, golden_path(golden, "codebook.ckpt")), STATUS_OK,
                 NULL);
    CU_ASSERT_EQUAL_FATAL(table.count, 1);
    CU_ASSERT_EQUAL_FATAL(table.tensors[0].dimension_count, 2);
    float *rows = malloc(table.tensors[0].count * sizeof *rows);
    check_status(tensor_table_read(rows, &table, table.tensors[0].name, 2, table.tensors[0].shape),
                 STATUS_OK, NULL);
    *code_count = table.tensors[0].shape[0];
    *width = table.tensors[0].shape[1];
    tensor_table_end(&table);
    settings_destroy(none);
    return rows;
}

static void give_codebook(struct im2sp_golden *golden)
{
    size_t code_count, width;
    float *rows = im2sp_golden_codebook(golden, &code_count, &width);
    check_status(im2sp_set_codebook(golden->net, rows, code_count, width), STATUS_OK, NULL);
    free(rows);
}

void im2sp_golden_begin(struct im2sp_golden *golden, const char *variant, const char *file)
{
    *golden = (struct im2sp_golden){ .variant = variant };
    check_status(safetensors_read(&golden->inputs, golden_path(golden, "inputs.safetensors")),
                 STATUS_OK, NULL);
    check_status(safetensors_read(&golden->expected, golden_path(golden, "expected.safetensors")),
                 STATUS_OK, NULL);
    aligned_table_make(&golden->inputs);
    aligned_table_make(&golden->expected);
    check_status(weights_file_read(&golden->weights, golden_path(golden, file), NULL), STATUS_OK,
                 NULL);
    check_status(im2sp_create(&golden->net, &golden->weights.table, golden->weights.settings),
                 STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(golden->net);
    golden->count = tensor_table_find(&golden->inputs, "input_ids")->shape[0];
    golden->pictures = calloc(golden->count, sizeof *golden->pictures);
    for (size_t p = 0; p < golden->count; p++)
        golden->pictures[p] = calloc(im2sp_picture_count(golden->net), sizeof(float));
    if (im2sp_sizes(golden->net)->input == IM2SP_UNITS)
        give_codebook(golden);
}

/* The middle of the grid of codes, as many as the encoder sees. */
static void crop(uint16_t *units, const struct im2sp_golden *golden, const struct tensor *codes,
                 size_t picture)
{
    const size_t side = im2sp_sizes(golden->net)->encoder.side, places = codes->shape[1];
    size_t grid = 1;
    while (grid * grid < places)
        grid++;
    uint16_t *whole = malloc(places * sizeof *whole);
    for (size_t i = 0; i < places; i++)
        whole[i] = (uint16_t)((const int64_t *)codes->data)[picture * places + i];
    check_status(token_grid_crop(units, whole, grid, grid, side, sizeof *units), STATUS_OK, NULL);
    free(whole);
}

void im2sp_golden_units(uint16_t *units, const struct im2sp_golden *golden)
{
    const size_t side = im2sp_sizes(golden->net)->encoder.side;
    const struct tensor *codes = tensor_table_find(&golden->inputs, "codes");
    for (size_t p = 0; p < golden->count && codes != NULL; p++)
        crop(units + p * side * side, golden, codes, p);
}

void im2sp_golden_encode(struct im2sp_golden *golden, size_t at_a_time)
{
    const size_t side = im2sp_sizes(golden->net)->encoder.side;
    const struct tensor *pixels = tensor_table_find(&golden->inputs, "pixel_values");
    uint16_t *units = malloc(golden->count * side * side * sizeof *units);
    im2sp_golden_units(units, golden);
    for (size_t p = 0; p < golden->count; p += at_a_time) {
        const size_t left = golden->count - p, part = left < at_a_time ? left : at_a_time;
        if (pixels != NULL)
            im2sp_encode_pixels(golden->pictures + p, golden->net,
                                (const float *)pixels->data + p * 3 * side * side, part);
        else
            check_status(im2sp_encode_units(golden->pictures + p, golden->net,
                                            units + p * side * side, part),
                         STATUS_OK, NULL);
    }
    free(units);
}

void im2sp_golden_end(struct im2sp_golden *golden)
{
    for (size_t p = 0; p < golden->count; p++)
        free(golden->pictures[p]);
    free(golden->pictures);
    im2sp_destroy(golden->net);
    weights_file_end(&golden->weights);
    tensor_table_end(&golden->inputs);
    tensor_table_end(&golden->expected);
}

const struct tensor *im2sp_golden_find(const struct im2sp_golden *golden, const char *name)
{
    const struct tensor *tensor = tensor_table_find(&golden->expected, name);
    if (tensor == NULL)
        fprintf(stderr, "%s: %s is not in the golden\n", golden->variant, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    return tensor;
}
