/* Dropout: the draws are core/random.h's, the share is right, what stays is scaled. */
#include "core/random.h"
#include "nn/dropout.h"
#include "tests/support/check.h"

#include <math.h>

enum { COUNT = 1000 };

static const uint32_t key[2] = { 5, 77 };

/* The 16 bits of element d, by the plain generator. */
static uint32_t bits_of(size_t d, uint64_t row_name, uint32_t layer)
{
    const uint32_t counter[4] = { (uint32_t)(d / 8), (uint32_t)row_name, (uint32_t)(row_name >> 32),
                                  layer };
    uint32_t words[4];
    philox4x32(words, counter, key);
    return words[d % 8 / 2] >> (d % 2 == 0 ? 0 : 16) & 0xFFFFu;
}

static void draws_are_those_of_the_plain_generator(void)
{
    const uint64_t row_name = (uint64_t)9 << 33 | 3;
    float in[COUNT], out[COUNT];
    for (size_t d = 0; d < COUNT; d++)
        in[d] = (float)d + 1.0f;
    dropout_row(out, 0.0f, in, 0.25f, key, row_name, 6, COUNT);
    for (size_t d = 0; d < COUNT; d++)
        CU_ASSERT_DOUBLE_EQUAL((double)out[d],
                               bits_of(d, row_name, 6) >= 16384 ? (double)in[d] / 0.75 : 0.0, 1e-3);
}

static void the_share_is_right_and_the_mean_stays(void)
{
    float ones[COUNT], out[COUNT];
    double sum = 0.0, zeros = 0.0;
    for (size_t d = 0; d < COUNT; d++)
        ones[d] = 1.0f;
    for (uint64_t row = 0; row < 200; row++) {
        dropout_row(out, 0.0f, ones, 0.1f, key, row, 0, COUNT);
        for (size_t d = 0; d < COUNT; d++) {
            sum += (double)out[d];
            zeros += out[d] == 0.0f;
        }
    }
    CU_ASSERT_DOUBLE_EQUAL(zeros / 200.0 / COUNT, 0.1, 0.004);
    CU_ASSERT_DOUBLE_EQUAL(sum / 200.0 / COUNT, 1.0, 0.004);
}

static void it_adds_where_asked(void)
{
    float in[20], out[20], sum[20];
    for (size_t d = 0; d < 20; d++) {
        in[d] = (float)d;
        sum[d] = 100.0f;
    }
    dropout_row(out, 0.0f, in, 0.5f, key, 1, 2, 20);
    dropout_row(sum, 1.0f, in, 0.5f, key, 1, 2, 20);
    for (size_t d = 0; d < 20; d++)
        CU_ASSERT_EQUAL(sum[d], 100.0f + out[d]);
    dropout_row(in, 0.0f, in, 0.5f, key, 1, 2, 20);
    for (size_t d = 0; d < 20; d++)
        CU_ASSERT_EQUAL(in[d], out[d]);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "draws are those of the plain generator", draws_are_those_of_the_plain_generator },
        { "the share is right and the mean stays", the_share_is_right_and_the_mean_stays },
        { "it adds where asked", it_adds_where_asked },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "dropout", cases);
}
