/* The designed ViT-VQGAN on scenes that its codebook was not fitted to: pictures come back, many
 * codes are in use, brightness and colour survive. */
#include "nn/matmul.h"
#include "stages/make_weights/drawn_pictures.h"
#include "tests/support/check.h"
#include "tokenizers/image/vit_vqgan.h"
#include "tokenizers/image/vit_vqgan_designed.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 256, VALUES = SIDE * SIDE * 3, TOKENS = 1024, CODES = 8192 };
enum { FITTED = 9, SHOWN = 4 };

static struct tensor_table table;
static struct vit_vqgan *net;

static void the_net_is_made(void)
{
    matmul_use_one_thread();
    uint8_t *pixels = malloc((size_t)FITTED * VALUES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pixels);
    check_status(drawn_pictures_make(pixels, FITTED, SIDE, 900), STATUS_OK, NULL);
    check_status(vit_vqgan_designed(&table, pixels, FITTED, 1), STATUS_OK, NULL);
    free(pixels);
    check_status(vit_vqgan_create(&net, &table, NULL), STATUS_OK, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(net);
}

static double psnr(const uint8_t *a, const uint8_t *b)
{
    double sum = 0.0;
    for (size_t i = 0; i < VALUES; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return 10.0 * log10(255.0 * 255.0 * VALUES / sum);
}

static void unseen_scenes_come_back(void)
{
    uint8_t *pixels = malloc((size_t)SHOWN * VALUES), *back = malloc((size_t)SHOWN * VALUES);
    static uint16_t tokens[SHOWN * TOKENS];
    static bool is_used[CODES];
    double sum = 0.0;
    size_t used = 0;
    CU_ASSERT_FATAL(pixels != NULL && back != NULL);
    check_status(drawn_pictures_make(pixels, SHOWN, SIDE, 1), STATUS_OK, NULL);
    vit_vqgan_encode(tokens, NULL, net, pixels, SHOWN);
    check_status(vit_vqgan_decode(NULL, back, net, tokens, SHOWN), STATUS_OK, NULL);
    for (size_t p = 0; p < SHOWN; p++)
        sum += psnr(pixels + p * VALUES, back + p * VALUES);
    for (size_t t = 0; t < SHOWN * TOKENS; t++)
        used += is_used[tokens[t]] ? 0 : 1, is_used[tokens[t]] = true;
    printf("mean PSNR %.2f dB, %zu codes\n", sum / SHOWN, used);
    CU_ASSERT(sum / SHOWN > 24.0);
    CU_ASSERT(used > 700);
    free(pixels);
    free(back);
}

static void flat_colours_keep_brightness_and_hue(void)
{
    static const uint8_t colours[][3] = {
        { 20, 20, 20 }, { 128, 128, 128 }, { 235, 235, 235 }, { 200, 40, 40 }, { 40, 60, 190 }
    };
    static uint8_t pixels[VALUES], back[VALUES];
    static uint16_t tokens[TOKENS];
    for (size_t c = 0; c < sizeof colours / sizeof colours[0]; c++) {
        for (size_t i = 0; i < VALUES; i++)
            pixels[i] = colours[c][i % 3];
        vit_vqgan_encode(tokens, NULL, net, pixels, 1);
        check_status(vit_vqgan_decode(NULL, back, net, tokens, 1), STATUS_OK, NULL);
        CU_ASSERT(psnr(pixels, back) > 20.0);
    }
}

static void too_few_pictures_are_refused(void)
{
    struct tensor_table none = { 0 };
    uint8_t *pixels = calloc(1, VALUES);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pixels);
    check_status(vit_vqgan_designed(&none, pixels, 1, 1), STATUS_INVALID, "1 different patches");
    CU_ASSERT_EQUAL(none.count, 0);
    free(pixels);
}

static void all_is_released(void)
{
    vit_vqgan_destroy(net);
    tensor_table_end(&table);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "the net is made", the_net_is_made },
        { "unseen scenes come back", unseen_scenes_come_back },
        { "flat colours keep brightness and hue", flat_colours_keep_brightness_and_hue },
        { "too few pictures are refused", too_few_pictures_are_refused },
        { "all is released", all_is_released },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "designed ViT-VQGAN", cases);
}
