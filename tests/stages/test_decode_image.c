/* Units back into pictures: the golden net's reconstruction, cropped grids, ids that no codebook
 * has, and files that are no files of units. */
#include "core/file.h"
#include "nn/matmul.h"
#include "stages/picture_decoder.h"
#include "stages/record_name.h"
#include "stages/unit_source.h"
#include "storage/array_file.h"
#include "storage/hdf5_prepare.h"
#include "storage/safetensors.h"
#include "tests/support/check.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/token_grid.h"

#include <stdlib.h>
#include <string.h>

static struct tensor_table expected;
static struct picture_decoder *decoder;
static size_t side;      /* tokens of the golden net's grid */
static uint16_t *tokens; /* [side][side] of its first picture */
static char picture[64];

static const char *golden_path(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/vit-vqgan-tiny/%s", check_golden_folder(), name);
    return path;
}

static void the_golden_is_read(void)
{
    matmul_use_one_thread();
    hdf5_prepare();
    check_status(safetensors_read(&expected, golden_path("expected.safetensors")), STATUS_OK, NULL);
    check_status(picture_decoder_create(&decoder, golden_path("model.safetensors"), NULL),
                 STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(decoder);
    for (size_t t = 0; t < expected.count && tokens == NULL; t++) {
        const struct tensor *tensor = &expected.tensors[t];
        const size_t length = strlen(tensor->name);
        if (length < 8 || strcmp(tensor->name + length - 7, ".tokens") != 0)
            continue;
        snprintf(picture, sizeof picture, "%.*s", (int)(length - 7), tensor->name);
        while (side * side < tensor->count)
            side++;
        tokens = malloc(tensor->count * sizeof *tokens);
        for (size_t i = 0; i < tensor->count; i++)
            tokens[i] = (uint16_t)((const int32_t *)tensor->data)[i];
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(tokens);
}

/* A file as encode-image writes it, of one group. */
static const char *write_units(const char *group, const uint16_t *units, size_t rows,
                               size_t columns)
{
    struct array_file *file = NULL;
    const size_t dims[2] = { rows, columns };
    const char *path = check_scratch("units.h5");
    check_status(array_file_create(&file, path), STATUS_OK, NULL);
    check_status(array_file_open_group(file, "latents-only"), STATUS_OK, NULL);
    check_status(array_file_open_group(file, group), STATUS_OK, NULL);
    check_status(array_file_put(file, "units", ARRAY_U16, 2, dims, units), STATUS_OK, NULL);
    check_status(array_file_commit(file), STATUS_OK, NULL);
    array_file_destroy(file);
    return path;
}

static void check_levels(const struct rgb_image *image)
{
    char name[96];
    size_t wrong = 0;
    snprintf(name, sizeof name, "%s.recon", picture);
    const struct tensor *recon = tensor_table_find(&expected, name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(recon);
    CU_ASSERT_EQUAL_FATAL(recon->count, image->width * image->height * 3);
    uint8_t *levels = malloc(recon->count);
    pixel_planes_to_levels(levels, recon->data, image->width, image->height);
    for (size_t i = 0; i < recon->count; i++)
        wrong += abs(levels[i] - image->pixels[i]) > 1;
    CU_ASSERT_EQUAL(wrong, 0);
    free(levels);
}

static void a_known_net_gives_the_golden_reconstruction(void)
{
    struct unit_source *source = NULL;
    struct unit_grid grid;
    struct rgb_image image;
    uint64_t index = 9;
    const char *id = NULL;
    check_status(unit_source_open(&source, write_units(picture, tokens, side, side)), STATUS_OK,
                 NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_EQUAL(unit_source_count(source), 1);
    check_status(unit_source_find(&index, source, picture), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(index, 0);
    check_status(unit_source_find(&index, source, "nobody"), STATUS_NOT_FOUND, "no picture nobody");
    check_status(unit_source_id(&id, source, 0), STATUS_OK, NULL);
    CU_ASSERT_STRING_EQUAL(id, picture);
    check_status(unit_source_read(&grid, source, 0), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(grid.rows, side);
    check_status(picture_decoder_run(&image, decoder, &grid, id), STATUS_OK, NULL);
    check_levels(&image);
    rgb_image_end(&image);
    unit_source_close(source);
}

/* What is decoded from the middle is the middle of what the padded grid gives. */
static void a_cropped_grid_gives_the_middle(void)
{
    const size_t inner = side - 2;
    uint16_t *middle = malloc(inner * inner * sizeof *middle);
    uint16_t *padded = malloc(side * side * sizeof *padded);
    struct rgb_image small, whole;
    check_status(token_grid_crop(middle, tokens, side, side, inner, sizeof *tokens), STATUS_OK,
                 NULL);
    check_status(token_grid_pad(padded, middle, inner, inner, side, side), STATUS_OK, NULL);
    const struct unit_grid cropped = { middle, inner, inner }, full = { padded, side, side };
    check_status(picture_decoder_run(&small, decoder, &cropped, "small"), STATUS_OK, NULL);
    check_status(picture_decoder_run(&whole, decoder, &full, "whole"), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(small.pixels);
    CU_ASSERT_PTR_NOT_NULL_FATAL(whole.pixels);
    const size_t patch = whole.width / side;
    CU_ASSERT_EQUAL(small.width, inner * patch);
    size_t wrong = 0;
    for (size_t y = 0; y < small.height; y++)
        wrong +=
            memcmp(small.pixels + y * small.width * 3,
                   whole.pixels + ((y + patch) * whole.width + patch) * 3, small.width * 3) != 0;
    CU_ASSERT_EQUAL(wrong, 0);
    rgb_image_end(&small);
    rgb_image_end(&whole);
    free(middle);
    free(padded);
}

static void padding_repeats_the_nearest_cell(void)
{
    const uint16_t grid[] = { 1, 2, 3, 4 };
    const uint16_t wanted[] = { 1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4 };
    uint16_t out[16] = { 0 };
    check_status(token_grid_pad(out, grid, 2, 2, 4, 4), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(out, wanted, sizeof out), 0);
    check_status(token_grid_pad(out, grid, 2, 2, 1, 4), STATUS_INVALID, "do not fit");
    check_status(token_grid_pad(out, grid, 0, 2, 4, 4), STATUS_INVALID, "do not fit");
}

static void what_cannot_be_decoded_is_named(void)
{
    struct rgb_image image;
    const uint16_t kept = tokens[side + 2];
    const struct unit_grid grid = { tokens, side, side }, large = { tokens, 1, side * side };
    tokens[side + 2] = UINT16_MAX;
    check_status(picture_decoder_run(&image, decoder, &grid, "a picture"), STATUS_INVALID,
                 "a picture: unit 65535 in row 1, column 2 is not in the codebook");
    CU_ASSERT_PTR_NULL(image.pixels);
    tokens[side + 2] = kept;
    check_status(picture_decoder_run(&image, decoder, &large, "a picture"), STATUS_INVALID,
                 "a picture: 1 x ");
    CU_ASSERT_PTR_NULL(image.pixels);
}

static void files_without_units_are_refused(void)
{
    struct unit_source *source = NULL;
    struct unit_grid grid;
    const size_t dims[2] = { 2, 2 };
    const float fractions[4] = { 0.5f };
    check_status(unit_source_open(&source, check_scratch("absent.h5")), STATUS_NOT_FOUND, NULL);
    CU_ASSERT_EQUAL(file_write(check_scratch("text.h5"), "no HDF5", 7), STATUS_OK);
    check_status(unit_source_open(&source, check_scratch("text.h5")), STATUS_CORRUPT, NULL);
    CU_ASSERT_PTR_NULL(source);

    struct array_file *file = NULL;
    check_status(array_file_create(&file, check_scratch("fractions.h5")), STATUS_OK, NULL);
    check_status(array_file_open_group(file, "a"), STATUS_OK, NULL);
    check_status(array_file_put(file, "units", ARRAY_F32, 2, dims, fractions), STATUS_OK, NULL);
    check_status(array_file_open_group(file, "b"), STATUS_OK, NULL);
    check_status(array_file_put(file, "units", ARRAY_U16, 1, (size_t[]){ 4 }, tokens), STATUS_OK,
                 NULL);
    check_status(array_file_commit(file), STATUS_OK, NULL);
    array_file_destroy(file);
    check_status(unit_source_open(&source, check_scratch("fractions.h5")), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    check_status(unit_source_read(&grid, source, 0), STATUS_CORRUPT, "a/units: not whole numbers");
    check_status(unit_source_read(&grid, source, 1), STATUS_CORRUPT, "b/units: not a matrix");
    unit_source_close(source);

    check_status(array_file_create(&file, check_scratch("none.h5")), STATUS_OK, NULL);
    check_status(array_file_open_group(file, "a"), STATUS_OK, NULL);
    check_status(array_file_commit(file), STATUS_OK, NULL);
    array_file_destroy(file);
    check_status(unit_source_open(&source, check_scratch("none.h5")), STATUS_CORRUPT,
                 "no group has units");
    CU_ASSERT_PTR_NULL(source);

    picture_decoder_destroy(decoder);
    tensor_table_end(&expected);
    free(tokens);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the golden is read", the_golden_is_read },
        { "the golden reconstruction", a_known_net_gives_the_golden_reconstruction },
        { "a cropped grid", a_cropped_grid_gives_the_middle },
        { "padding repeats the nearest cell", padding_repeats_the_nearest_cell },
        { "what cannot be decoded", what_cannot_be_decoded_is_named },
        { "files without units", files_without_units_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "decode_image", cases);
}
