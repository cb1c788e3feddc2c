/* What PIL makes of good and bad picture files, recorded in golden/image-preprocess: verdicts,
 * decoded pixels, resized pixels. */
#include "storage/picture_file.h"
#include "storage/safetensors.h"
#include "tests/support/check.h"
#include "tests/tokenizers/sha256.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/resize.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The golden folder, read once. */
struct golden {
    char folder[600];
    json_t *config, *expected, *files;
    struct tensor_table tensors;
    size_t squash[2], short_side, crop;
};

static struct golden golden;

static const char *golden_path(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/%s", golden.folder, name);
    return path;
}

static size_t whole(const json_t *value)
{
    return (size_t)json_integer_value(value);
}

static void the_golden_is_read(void)
{
    snprintf(golden.folder, sizeof golden.folder, "%s/image-preprocess", check_golden_folder());
    golden.config = json_load_file(golden_path("config.json"), 0, NULL);
    golden.expected = json_load_file(golden_path("expected.json"), 0, NULL);
    golden.files = json_object_get(golden.expected, "files");
    CU_ASSERT_PTR_NOT_NULL(golden.config);
    CU_ASSERT(json_object_size(golden.files) > 0);
    check_status(safetensors_read(&golden.tensors, golden_path("expected.safetensors")), STATUS_OK,
                 NULL);
    const json_t *squash = json_object_get(golden.config, "squash");
    golden.squash[0] = whole(json_array_get(squash, 0));
    golden.squash[1] = whole(json_array_get(squash, 1));
    golden.short_side = whole(json_object_get(golden.config, "short_side"));
    golden.crop = whole(json_object_get(golden.config, "crop"));
    CU_ASSERT(golden.squash[0] > 0 && golden.squash[1] > 0 && golden.crop > 0);
}

static bool is_bad(const json_t *facts)
{
    return json_object_get(facts, "open") != NULL;
}

static enum status expected_outcome(const json_t *facts)
{
    const char *opened = json_string_value(json_object_get(facts, "open"));
    const char *converted = json_string_value(json_object_get(facts, "convert_rgb"));
    if (opened == NULL || (converted != NULL && strcmp(converted, "ok") == 0))
        return STATUS_OK;
    return strncmp(opened, "DecompressionBomb", 17) == 0 ? STATUS_INVALID : STATUS_CORRUPT;
}

static void check_digest(const uint8_t *bytes, size_t count, const json_t *facts, const char *key,
                         const char *name)
{
    const char *expected = json_string_value(json_object_get(facts, key));
    char digest[SHA256_TEXT_BYTES];
    sha256_text(digest, bytes, count);
    const bool is_equal = expected != NULL && strcmp(digest, expected) == 0;
    CU_ASSERT(is_equal);
    if (!is_equal)
        fprintf(stderr, "%s: %s differs\n", name, key);
}

/* The recorded tensor NAME.suffix, or NULL; NAME is the file's name without its ending. */
static const struct tensor *recorded(const char *file, const char *suffix)
{
    char name[256];
    snprintf(name, sizeof name, "%.*s.%s", (int)strcspn(file, "."), file, suffix);
    return tensor_table_find(&golden.tensors, name);
}

static void every_file_decodes_as_in_pil(void)
{
    const char *name;
    json_t *facts;
    json_object_foreach(golden.files, name, facts)
    {
        struct rgb_image image;
        const enum status expected = expected_outcome(facts);
        check_status(picture_file_read(&image, golden_path(name), NULL), expected, name);
        if (expected != STATUS_OK) {
            CU_ASSERT_PTR_NULL(image.pixels);
            continue;
        }
        const size_t count = image.width * image.height * 3;
        check_digest(image.pixels, count, facts, "rgb_sha256", name);
        if (!is_bad(facts)) {
            CU_ASSERT_EQUAL(image.width, whole(json_object_get(facts, "width")));
            CU_ASSERT_EQUAL(image.height, whole(json_object_get(facts, "height")));
        }
        const struct tensor *rgb = recorded(name, "rgb");
        if (rgb != NULL)
            CU_ASSERT(rgb->count == count && memcmp(rgb->data, image.pixels, count) == 0);
        rgb_image_end(&image);
    }
}

/* Compares with NAME.suffix (whole) or NAME.suffix_rows (the rows listed in `rows`). Returns the
 * greatest difference. */
static int row_difference(const uint8_t *pixels, size_t width, size_t height, const char *name,
                          const char *suffix, const json_t *rows)
{
    char with_rows[64];
    snprintf(with_rows, sizeof with_rows, "%s_rows", suffix);
    const struct tensor *all = recorded(name, suffix), *some = recorded(name, with_rows);
    const uint8_t *expected = all != NULL ? all->data : some != NULL ? some->data : NULL;
    const size_t row_count = all != NULL ? height : json_array_size(rows);
    if (expected == NULL || (all != NULL ? all : some)->count != row_count * width * 3)
        return 256;
    int worst = 0;
    for (size_t r = 0; r < row_count; r++) {
        const size_t row = all != NULL ? r : whole(json_array_get(rows, r));
        for (size_t i = 0; i < width * 3; i++) {
            const int difference =
                abs((int)pixels[row * width * 3 + i] - (int)expected[r * width * 3 + i]);
            worst = difference > worst ? difference : worst;
        }
    }
    return worst;
}

static void check_squash(const struct rgb_image *image, const char *name, const json_t *facts,
                         const char *filter_name)
{
    char suffix[64], key[80];
    enum resize_filter filter = RESIZE_BICUBIC;
    const size_t width = golden.squash[0], height = golden.squash[1];
    const struct resize_window window = resize_squash(width, height);
    uint8_t *out = malloc(width * height * 3);
    check_status(resize_filter_parse(&filter, filter_name), STATUS_OK, NULL);
    check_status(resize_picture(out, image->pixels, image->width, image->height, &window, filter),
                 STATUS_OK, NULL);

    snprintf(suffix, sizeof suffix, "%s%zu", filter_name, width);
    snprintf(key, sizeof key, "%s_sha256", suffix);
    check_digest(out, width * height * 3, facts, key, name);
    snprintf(key, sizeof key, "rows_of_%zu", height);
    CU_ASSERT_EQUAL(
        row_difference(out, width, height, name, suffix, json_object_get(golden.expected, key)), 0);
    free(out);
}

static void check_small(const struct rgb_image *image, const char *name)
{
    const struct tensor *small = recorded(name, "bicubic32");
    CU_ASSERT_PTR_NOT_NULL(small);
    if (small == NULL)
        return;
    const struct resize_window window = resize_squash(small->shape[1], small->shape[0]);
    uint8_t *out = malloc(small->count);
    check_status(
        resize_picture(out, image->pixels, image->width, image->height, &window, RESIZE_BICUBIC),
        STATUS_OK, NULL);
    CU_ASSERT_EQUAL(memcmp(out, small->data, small->count), 0);
    free(out);
}

/* OpenAI's order (resize, then RGB) is not ours, so there only the recorded distance must hold. */
static void check_openai_order(const uint8_t *out, const char *name, const json_t *facts,
                               const json_t *rows)
{
    char suffix[64];
    snprintf(suffix, sizeof suffix, "crop%zu_openai_order", golden.crop);
    const int distance = (int)json_integer_value(json_object_get(facts, "openai_order_max_diff"));
    if (distance > 0)
        CU_ASSERT(row_difference(out, golden.crop, golden.crop, name, suffix, rows) <= distance);
}

static void check_normalised(const uint8_t *out, const char *name, const json_t *rows)
{
    const struct tensor *normalised = recorded(name, "clip_normalised_rows");
    if (normalised == NULL)
        return;
    const size_t side = golden.crop, row_count = normalised->shape[1];
    const json_t *means = json_object_get(golden.config, "clip_mean");
    const json_t *deviations = json_object_get(golden.config, "clip_std");
    float mean[3], deviation[3], *planes = malloc(side * side * 3 * sizeof *planes);
    for (size_t c = 0; c < 3; c++) {
        mean[c] = (float)json_real_value(json_array_get(means, c));
        deviation[c] = (float)json_real_value(json_array_get(deviations, c));
    }
    pixel_planes(planes, out, side, side, mean, deviation);
    const size_t last = json_array_size(rows) - 1;
    for (size_t c = 0; c < 3; c++)
        for (size_t r = 0; r < row_count; r++) {
            /* first, a middle one, last */
            const size_t at = r == 0 ? 0 : r + 1 == row_count ? last : (last + 1) / 2;
            const size_t row = whole(json_array_get(rows, at));
            const float *expected = (const float *)normalised->data + (c * row_count + r) * side;
            CU_ASSERT_EQUAL(
                memcmp(planes + (c * side + row) * side, expected, side * sizeof *expected), 0);
        }
    free(planes);
}

static void check_crop(const struct rgb_image *image, const char *name, const json_t *facts,
                       enum resize_crop rounding)
{
    const bool is_hf = rounding == RESIZE_CROP_HUGGING_FACE;
    const size_t side = golden.crop;
    char suffix[64], key[80];
    struct resize_window window = { 0 };
    uint8_t *out = malloc(side * side * 3);
    check_status(
        resize_short_side(&window, image->width, image->height, golden.short_side, side, rounding),
        STATUS_OK, NULL);
    const json_t *offsets =
        json_object_get(facts, is_hf ? "crop_left_top_hf" : "crop_left_top_torchvision");
    CU_ASSERT_EQUAL(window.left, whole(json_array_get(offsets, 0)));
    CU_ASSERT_EQUAL(window.top, whole(json_array_get(offsets, 1)));
    snprintf(key, sizeof key, "short%zu_width", golden.short_side);
    CU_ASSERT_EQUAL(window.full_width, whole(json_object_get(facts, key)));
    snprintf(key, sizeof key, "short%zu_height", golden.short_side);
    CU_ASSERT_EQUAL(window.full_height, whole(json_object_get(facts, key)));

    check_status(
        resize_picture(out, image->pixels, image->width, image->height, &window, RESIZE_BICUBIC),
        STATUS_OK, NULL);
    snprintf(key, sizeof key, is_hf ? "crop%zu_hf_sha256" : "crop%zu_sha256", side);
    check_digest(out, side * side * 3, facts, key, name);
    if (!is_hf) {
        snprintf(suffix, sizeof suffix, "crop%zu", side);
        snprintf(key, sizeof key, "rows_of_%zu", side);
        const json_t *rows = json_object_get(golden.expected, key);
        CU_ASSERT_EQUAL(row_difference(out, side, side, name, suffix, rows), 0);
        check_openai_order(out, name, facts, rows);
        check_normalised(out, name, rows);
    }
    free(out);
}

static void every_resize_is_that_of_pil(void)
{
    static const char *const filters[] = { "bicubic", "bilinear", "lanczos" };
    const char *name;
    json_t *facts;
    json_object_foreach(golden.files, name, facts)
    {
        struct rgb_image image;
        if (is_bad(facts))
            continue;
        check_status(picture_file_read(&image, golden_path(name), NULL), STATUS_OK, NULL);
        for (size_t f = 0; image.pixels != NULL && f < 3; f++)
            check_squash(&image, name, facts, filters[f]);
        if (image.pixels != NULL) {
            check_small(&image, name);
            check_crop(&image, name, facts, RESIZE_CROP_TORCHVISION);
            check_crop(&image, name, facts, RESIZE_CROP_HUGGING_FACE);
        }
        rgb_image_end(&image);
    }
    json_decref(golden.config);
    json_decref(golden.expected);
    tensor_table_end(&golden.tensors);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the golden is read", the_golden_is_read },
        { "every file decodes, or fails, as in PIL", every_file_decodes_as_in_pil },
        { "every resize is that of PIL", every_resize_is_that_of_pil },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "image_preprocess", cases);
}
