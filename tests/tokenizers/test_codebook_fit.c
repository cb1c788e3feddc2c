/* Codebooks from examples: each bunch of examples gets a code, and too few examples are refused. */
#include "core/random.h"
#include "nn/matmul.h"
#include "nn/norm.h"
#include "tests/support/check.h"
#include "tokenizers/image/codebook_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUNCHES = 40, EACH = 25, EXAMPLES = BUNCHES * EACH, WIDTH = 8 };

static float examples[EXAMPLES * WIDTH];

/* Example n belongs to bunch n % BUNCHES; the first bunch has most of them, as flat patches have.
 */
static void make_examples(void)
{
    matmul_use_one_thread();
    for (size_t n = 0; n < EXAMPLES; n++) {
        const size_t bunch = n % 2 == 0 ? 0 : n % BUNCHES;
        struct random_stream center = random_stream_numbered(1, bunch, "center");
        struct random_stream offset = random_stream_numbered(1, n, "offset");
        for (size_t c = 0; c < WIDTH; c++)
            examples[n * WIDTH + c] =
                (float)(random_normal(&center) + 0.01 * random_normal(&offset));
    }
    l2_normalise(examples, examples, 1e-12f, EXAMPLES, WIDTH);
}

static double cosine(const float *a, const float *b)
{
    double sum = 0.0;
    for (size_t c = 0; c < WIDTH; c++)
        sum += (double)a[c] * (double)b[c];
    return sum;
}

static void every_bunch_has_a_code(void)
{
    enum { K = 60 };
    float codes[K * WIDTH];
    make_examples();
    check_status(codebook_fit(codes, K, examples, EXAMPLES, WIDTH, 1), STATUS_OK, NULL);
    for (size_t n = 0; n < EXAMPLES; n++) {
        double best = -1.0;
        for (size_t k = 0; k < K; k++)
            best = fmax(best, cosine(codes + k * WIDTH, examples + n * WIDTH));
        CU_ASSERT(best > 0.99);
    }
    for (size_t k = 0; k < K; k++)
        CU_ASSERT_DOUBLE_EQUAL(cosine(codes + k * WIDTH, codes + k * WIDTH), 1.0, 1e-5);
}

static void the_codes_depend_on_the_seed(void)
{
    enum { K = 30 };
    float codes[3][K * WIDTH];
    const uint64_t seeds[3] = { 4, 4, 5 };
    make_examples();
    for (size_t s = 0; s < 3; s++)
        check_status(codebook_fit(codes[s], K, examples, EXAMPLES, WIDTH, seeds[s]), STATUS_OK,
                     NULL);
    CU_ASSERT(memcmp(codes[0], codes[1], sizeof codes[0]) == 0);
    CU_ASSERT(memcmp(codes[0], codes[2], sizeof codes[0]) != 0);
}

static void too_few_different_examples_are_refused(void)
{
    static float codes[640 * WIDTH];
    make_examples();
    for (size_t n = 7; n < EXAMPLES; n++)
        memcpy(examples + n * WIDTH, examples + n % 7 * WIDTH, WIDTH * sizeof *examples);
    check_status(codebook_fit(codes, 7, examples, EXAMPLES, WIDTH, 1), STATUS_OK, NULL);
    check_status(codebook_fit(codes, 8, examples, EXAMPLES, WIDTH, 1), STATUS_INVALID,
                 "7 different patches");
    check_status(codebook_fit(codes, 640, examples, EXAMPLES, WIDTH, 1), STATUS_INVALID,
                 "7 different patches");
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "every bunch has a code", every_bunch_has_a_code },
        { "the codes depend on the seed", the_codes_depend_on_the_seed },
        { "too few different examples are refused", too_few_different_examples_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "codebook fit", cases);
}
