/* CLIP image encoders against openai/CLIP, recorded in golden/clip-vit-tiny: every array between
 * picture and embedding, from each kind of weights file. */
#include "nn/matmul.h"
#include "storage/picture_file.h"
#include "storage/safetensors.h"
#include "storage/weights_file.h"
#include "tests/support/check.h"
#include "tokenizers/image/clip.h"
#include "tokenizers/image/pixel_planes.h"
#include "tokenizers/image/resize.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the golden's README suggests. */
static const float inside_limit = 2e-5f, embedding_limit = 5e-6f;

static struct tensor_table expected;

static const char *golden_path(const char *name)
{
    static char path[900];
    snprintf(path, sizeof path, "%s/clip-vit-tiny/%s", check_golden_folder(), name);
    return path;
}

static void the_golden_is_read(void)
{
    matmul_use_one_thread();
    check_status(safetensors_read(&expected, golden_path("expected.safetensors")), STATUS_OK, NULL);
}

static const struct tensor *find(const char *picture, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s.%s", picture, name);
    return tensor_table_find(&expected, full);
}

static void check_near(const float *values, size_t count, const char *picture, const char *name,
                       float limit)
{
    const struct tensor *tensor = find(picture, name);
    float worst = 0.0f;
    CU_ASSERT_PTR_NOT_NULL_FATAL(tensor);
    CU_ASSERT_EQUAL_FATAL(tensor->type, TENSOR_F32);
    CU_ASSERT_EQUAL_FATAL(tensor->count, count);
    for (size_t i = 0; i < count; i++)
        worst = fmaxf(worst, fabsf(values[i] - ((const float *)tensor->data)[i]));
    CU_ASSERT(worst <= limit);
    if (!(worst <= limit))
        fprintf(stderr, "%s.%s is off by %g\n", picture, name, (double)worst);
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
               strncmp(name, "embedding", 9) == 0 ? embedding_limit : inside_limit);
}

/* The picture as openai/CLIP sees it, levels [S][S][3]; the caller frees it. Hugging Face may cut
 * one pixel beside. */
static uint8_t *read_picture(const struct clip *net, const char *file)
{
    struct clip_config sizes = *clip_sizes(net);
    struct rgb_image image;
    struct resize_window window;
    uint8_t *pixels = malloc(sizes.image * sizes.image * 3);
    sizes.naming = CLIP_OPENAI;
    check_status(picture_file_read(&image, golden_path(file), NULL), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image.pixels);
    check_status(clip_config_window(&window, &sizes, image.width, image.height), STATUS_OK, NULL);
    check_status(
        resize_picture(pixels, image.pixels, image.width, image.height, &window, RESIZE_BICUBIC),
        STATUS_OK, NULL);
    rgb_image_end(&image);
    return pixels;
}

static void check_picture(struct clip *net, const char *file)
{
    char picture[128];
    struct watch watch = { .picture = picture };
    const struct clip_config *sizes = clip_sizes(net);
    const size_t S = sizes->image, E = sizes->embedding;
    float *planes = malloc(3 * S * S * sizeof *planes), *embedding = malloc(E * sizeof *embedding);
    snprintf(picture, sizeof picture, "%.*s", (int)strcspn(file, "."), file);

    uint8_t *pixels = read_picture(net, file);
    pixel_planes(planes, pixels, S, S, sizes->mean, sizes->deviation);
    check_near(planes, 3 * S * S, picture, "pixels", 1e-6f);
    clip_encode(embedding, net, pixels, 1);
    check_near(embedding, E, picture, "embedding", embedding_limit);

    clip_set_trace(net, &(struct picture_trace){ check_traced, &watch });
    clip_encode_planes(embedding, net, find(picture, "pixels")->data, 1);
    check_near(embedding, E, picture, "embedding", embedding_limit);
    CU_ASSERT(watch.checked >= 7 + sizes->layers);
    clip_set_trace(net, NULL);
    free(pixels);
    free(planes);
    free(embedding);
}

static void check_file(const char *file, enum clip_naming naming)
{
    struct weights_file weights;
    struct clip *net = NULL;
    size_t pictures = 0;
    check_status(weights_file_read(&weights, golden_path(file), NULL), STATUS_OK, NULL);
    check_status(clip_create(&net, &weights.table, weights.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    CU_ASSERT_EQUAL(clip_sizes(net)->naming, naming);
    DIR *folder = opendir(golden_path(""));
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        if (strstr(entry->d_name, ".jpg") != NULL) {
            check_picture(net, entry->d_name);
            pictures++;
        }
    closedir(folder);
    CU_ASSERT(pictures >= 1);
    clip_destroy(net);
    weights_file_end(&weights);
}

static void openais_names(void)
{
    check_file("openai.safetensors", CLIP_OPENAI);
}

static void openais_mixed_half_precision(void)
{
    check_file("openai_fp16.pt", CLIP_OPENAI);
}

static void hugging_faces_names(void)
{
    check_file("hf.safetensors", CLIP_HUGGING_FACE);
    tensor_table_end(&expected);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the golden is read", the_golden_is_read },
        { "OpenAI's names", openais_names },
        { "OpenAI's mixed half precision", openais_mixed_half_precision },
        { "Hugging Face's names", hugging_faces_names },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "clip_golden", cases);
}
