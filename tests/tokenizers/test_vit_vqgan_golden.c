/* ViT-VQGAN against enhancing-transformers, recorded in golden/vit-vqgan-tiny: every array between
 * picture and tokens and back. */
#include "nn/matmul.h"
#include "storage/picture_file.h"
#include "storage/safetensors.h"
#include "storage/torch_file.h"
#include "storage/weights_file.h"
#include "tests/support/check.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/resize.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/image/vit_vqgan_untrained.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the golden's README allows. */
static const float inside_limit = 2e-5f, latent_limit = 4e-6f;

static struct weights_file weights;
static struct tensor_table expected;
static struct vit_vqgan *net;

static const char *golden_path(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/vit-vqgan-tiny/%s", check_golden_folder(), name);
    return path;
}

static void load(const char *file)
{
    check_status(weights_file_read(&weights, golden_path(file), NULL), STATUS_OK, NULL);
    check_status(vit_vqgan_create(&net, &weights.table, weights.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
}

static void unload(void)
{
    vit_vqgan_destroy(net);
    weights_file_end(&weights);
}

static void the_golden_is_read(void)
{
    matmul_use_one_thread();
    check_status(safetensors_read(&expected, golden_path("expected.safetensors")), STATUS_OK, NULL);
    load("model.safetensors");
}

static const struct tensor *find(const char *picture, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s.%s", picture, name);
    return tensor_table_find(&expected, full);
}

static float difference(const float *values, const struct tensor *tensor, size_t count)
{
    float worst = 0.0f;
    if (tensor == NULL || tensor->type != TENSOR_F32 || tensor->count != count)
        return INFINITY;
    for (size_t i = 0; i < count; i++)
        worst = fmaxf(worst, fabsf(values[i] - ((const float *)tensor->data)[i]));
    return worst;
}

static void check_near(const float *values, size_t count, const char *picture, const char *name,
                       float limit)
{
    const float distance = difference(values, find(picture, name), count);
    CU_ASSERT(distance <= limit);
    if (!(distance <= limit))
        fprintf(stderr, "%s.%s is off by %g\n", picture, name, (double)distance);
}

/* Checks all that is traced and recorded, and counts it. */
struct watch {
    const char *picture;
    size_t checked;
};

static void check_traced(void *payload, size_t picture, const char *name, const float *values,
                         size_t rows, size_t columns)
{
    struct watch *watch = payload;
    CU_ASSERT_EQUAL(picture, 0);
    if (find(watch->picture, name) == NULL)
        return;
    watch->checked++;
    check_near(values, rows * columns, watch->picture, name,
               strcmp(name, "z") == 0 ? latent_limit : inside_limit);
}

static void check_tokens(const uint16_t *tokens, size_t count, const char *picture)
{
    const struct tensor *tensor = find(picture, "tokens");
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    CU_ASSERT_EQUAL_FATAL(tensor->count, count);
    size_t wrong = 0;
    for (size_t t = 0; t < count; t++)
        wrong += ((const int32_t *)tensor->data)[t] != (int32_t)tokens[t];
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_codes(const uint16_t *tokens, size_t count, const char *picture)
{
    const size_t C = vit_vqgan_sizes(net)->code_width;
    float *raw = calloc(count * C, sizeof *raw), *unit = calloc(count * C, sizeof *unit);
    for (size_t t = 0; t < count; t++) {
        memcpy(raw + t * C, vit_vqgan_codes(net) + tokens[t] * C, C * sizeof *raw);
        memcpy(unit + t * C, vit_vqgan_unit_codes(net) + tokens[t] * C, C * sizeof *unit);
    }
    check_near(raw, count * C, picture, "code_rows", 0.0f);
    check_near(unit, count * C, picture, "quant", 1e-6f);
    check_near(unit, count * C, picture, "quant_straight_through", 1e-6f);
    free(raw);
    free(unit);
}

static void check_cosines(const float *latents, const uint16_t *tokens, size_t count,
                          const char *picture)
{
    const size_t C = vit_vqgan_sizes(net)->code_width, K = vit_vqgan_sizes(net)->code_count;
    float *best = malloc(count * sizeof *best), *margin = malloc(count * sizeof *margin);
    for (size_t t = 0; t < count; t++) {
        double length = 0.0, first = -2.0, second = -2.0;
        for (size_t c = 0; c < C; c++)
            length += (double)latents[t * C + c] * (double)latents[t * C + c];
        for (size_t k = 0; k < K; k++) {
            double cosine = 0.0;
            for (size_t c = 0; c < C; c++)
                cosine += (double)latents[t * C + c] * (double)vit_vqgan_unit_codes(net)[k * C + c];
            cosine /= sqrt(length);
            if (k == tokens[t])
                first = cosine;
            else
                second = fmax(second, cosine);
        }
        best[t] = (float)first;
        margin[t] = (float)(first - second);
    }
    check_near(best, count, picture, "cos_best", 1e-5f);
    check_near(margin, count, picture, "cos_margin", 1e-5f);
    free(best);
    free(margin);
}

static void check_decoded(const uint16_t *tokens, const char *picture)
{
    const struct vit_vqgan_config *sizes = vit_vqgan_sizes(net);
    const size_t count = 3 * sizes->image_height * sizes->image_width;
    float *planes = malloc(count * sizeof *planes);
    uint8_t *pixels = malloc(count), *levels = malloc(count);
    check_status(vit_vqgan_decode(planes, pixels, net, tokens, 1), STATUS_OK, NULL);
    check_near(planes, count, picture, "recon", latent_limit);

    pixel_planes_to_levels(levels, planes, sizes->image_width, sizes->image_height);
    CU_ASSERT_EQUAL(memcmp(levels, pixels, count), 0);
    for (size_t i = 0; i < count; i++)
        planes[i] = fminf(fmaxf(planes[i], 0.0f), 1.0f);
    check_near(planes, count, picture, "recon_clamped", latent_limit);
    free(planes);
    free(pixels);
    free(levels);
}

/* Reads, resizes and encodes one picture of the golden, watching, then decodes it. */
static void check_picture(const char *file)
{
    char picture[128];
    const struct vit_vqgan_config *sizes = vit_vqgan_sizes(net);
    const size_t W = sizes->image_width, H = sizes->image_height;
    const size_t T = vit_vqgan_config_tokens(sizes), C = sizes->code_width;
    const struct resize_window window = resize_squash(W, H);
    struct rgb_image image;
    uint8_t *pixels = malloc(W * H * 3);
    float *planes = malloc(W * H * 3 * sizeof *planes), *latents = malloc(T * C * sizeof *latents);
    uint16_t *tokens = malloc(2 * T * sizeof *tokens);
    struct watch watch = { .picture = picture };
    snprintf(picture, sizeof picture, "%.*s", (int)strcspn(file, "."), file);

    check_status(picture_file_read(&image, golden_path(file), NULL), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image.pixels);
    check_status(
        resize_picture(pixels, image.pixels, image.width, image.height, &window, RESIZE_BICUBIC),
        STATUS_OK, NULL);
    pixel_planes(planes, pixels, W, H, NULL, NULL);
    check_near(planes, W * H * 3, picture, "pixels", 0.0f);

    vit_vqgan_set_trace(net, &(struct picture_trace){ check_traced, &watch });
    vit_vqgan_encode(tokens, latents, net, pixels, 1);
    CU_ASSERT(watch.checked >= 5 + sizes->encoder.depth);
    check_tokens(tokens, T, picture);
    check_near(latents, T * C, picture, "z", latent_limit);
    check_codes(tokens, T, picture);
    check_cosines(latents, tokens, T, picture);
    watch.checked = 0;
    check_decoded(tokens, picture);
    CU_ASSERT(watch.checked >= 4 + sizes->decoder.depth);

    vit_vqgan_set_trace(net, NULL);
    vit_vqgan_encode_planes(tokens + T, NULL, net, planes, 1);
    CU_ASSERT_EQUAL(memcmp(tokens, tokens + T, T * sizeof *tokens), 0);
    free(pixels);
    free(planes);
    free(latents);
    free(tokens);
    rgb_image_end(&image);
}

static void every_array_is_that_of_the_reference(void)
{
    size_t pictures = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    DIR *folder = opendir(golden_path(""));
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (strstr(entry->d_name, ".jpg") != NULL) {
            check_picture(entry->d_name);
            pictures++;
        }
    closedir(folder);
    CU_ASSERT(pictures >= 1);
}

static void the_checkpoint_gives_the_same(void)
{
    unload();
    load("model.ckpt");
    every_array_is_that_of_the_reference();
}

static void the_codebook_alone_is_the_same(void)
{
    struct tensor_table table = { 0 };
    struct settings *none = NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    check_status(torch_file_read(&table, &none, golden_path("codebook.ckpt")), STATUS_OK, NULL);
    const size_t count =
        vit_vqgan_sizes(net)->code_count * vit_vqgan_sizes(net)->code_width * sizeof(float);
    CU_ASSERT_EQUAL_FATAL(table.count, 1);
    CU_ASSERT_EQUAL_FATAL(table.tensors[0].count * sizeof(float), count);
    CU_ASSERT_EQUAL(memcmp(table.tensors[0].data, vit_vqgan_codes(net), count), 0);
    tensor_table_end(&table);
    settings_destroy(none);
}

static void the_position_table_is_upstreams(void)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    const struct tensor *table = tensor_table_find(&expected, "upstream_init_en_pos_embedding");
    const struct vit_vqgan_config *sizes = vit_vqgan_sizes(net);
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    float *positions = malloc(table->count * sizeof *positions);
    vit_vqgan_sine_positions(positions, vit_vqgan_config_rows(sizes),
                             vit_vqgan_config_columns(sizes), table->shape[2]);
    CU_ASSERT(difference(positions, table, table->count) <= 1e-6f);
    free(positions);

    unload();
    tensor_table_end(&expected);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the golden is read", the_golden_is_read },
        { "every array is that of the reference", every_array_is_that_of_the_reference },
        { "the checkpoint gives the same", the_checkpoint_gives_the_same },
        { "the codebook alone is the same", the_codebook_alone_is_the_same },
        { "the position table is upstream's", the_position_table_is_upstreams },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "vit_vqgan_golden", cases);
}
