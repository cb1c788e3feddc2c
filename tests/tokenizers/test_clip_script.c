/* A CLIP as OpenAI publishes its own: a TorchScript archive without a configuration. It gives what
 * torch gives (tests/data/weights/make_clip_script.py). */
#include "nn/matmul.h"
#include "storage/weights_file.h"
#include "tests/support/check.h"
#include "tokenizers/image/clip.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 16, EMBEDDING = 8 };

static const char *script_path(void)
{
    static char path[900];
    const char *source = getenv("UNITMILL_SOURCE");
    snprintf(path, sizeof path, "%s/tests/data/weights/clip_script.pt",
             source == NULL ? "." : source);
    return path;
}

static void draw(float planes[3][SIDE][SIDE])
{
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                planes[c][y][x] = (float)((x + 2 * y + 3 * c) % 7 - 3) / 4.0f;
}

static void a_script_archive_gives_torchs_embedding(void)
{
    static const float expected[EMBEDDING] = { -1.771447f, -1.635826f, -4.606375f, 11.835115f,
                                               0.852599f,  1.151662f,  -1.498618f, 2.161234f };
    float planes[3][SIDE][SIDE], embedding[EMBEDDING], worst = 0.0f;
    struct weights_file file;
    struct clip *net = NULL;
    matmul_use_one_thread();
    check_status(weights_file_read(&file, script_path(), NULL), STATUS_OK, NULL);
    check_status(clip_create(&net, &file.table, file.settings), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
    CU_ASSERT_EQUAL(clip_sizes(net)->image, SIDE);
    CU_ASSERT_EQUAL(clip_sizes(net)->heads, 1);
    CU_ASSERT_EQUAL(clip_sizes(net)->activation, VISION_QUICK_GELU);
    CU_ASSERT_EQUAL_FATAL(clip_sizes(net)->embedding, EMBEDDING);
    draw(planes);
    clip_encode_planes(embedding, net, planes[0][0], 1);
    for (size_t e = 0; e < EMBEDDING; e++)
        worst = fmaxf(worst, fabsf(embedding[e] - expected[e]));
    CU_ASSERT(worst < 2e-5f);
    clip_destroy(net);
    weights_file_end(&file);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "a script archive gives torch's embedding", a_script_archive_gives_torchs_embedding },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "CLIP as TorchScript", cases);
}
