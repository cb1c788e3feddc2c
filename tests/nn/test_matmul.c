/* Matrix products against a plain loop in double, with strides, bias, overlap and odd extents. */
#include "core/random.h"
#include "nn/matmul.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPACE = 4000 };

struct buffers {
    float A[SPACE], B[SPACE], bias[SPACE], C[SPACE], before[SPACE];
};

static void fill(struct buffers *all)
{
    struct random_stream stream = random_stream_numbered(1, 1, "matmul");
    float *const arrays[] = { all->A, all->B, all->bias, all->C };
    for (size_t a = 0; a < 4; a++)
        for (size_t i = 0; i < SPACE; i++)
            arrays[a][i] = (float)random_normal(&stream);
    for (size_t i = 0; i < SPACE; i++)
        all->before[i] = all->C[i];
}

/* Sum over k of A[a0 + k a1] B[b0 + k b1]. */
static double dot(const float *A, size_t a1, const float *B, size_t b1, size_t K)
{
    double sum = 0.0;
    for (size_t k = 0; k < K; k++)
        sum += (double)A[k * a1] * (double)B[k * b1];
    return sum;
}

static void a_linear_layer_has_bias_and_stride(void)
{
    static struct buffers all;
    const struct {
        size_t M, N, K, A_stride, C_stride;
    } shapes[] = { { 7, 5, 11, 13, 9 },    { 1, 3, 4, 0, 3 },
                   { 40, 33, 64, 64, 40 }, { 9, 6, 24, 8, 6 }, /* rows that overlap threefold */
                   { 10, 4, 11, 3, 4 },    { 5, 2, 0, 1, 2 } };
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        const size_t M = shapes[s].M, N = shapes[s].N, K = shapes[s].K;
        for (int with_bias = 0; with_bias <= 1; with_bias++) {
            fill(&all);
            matmul_linear(all.C, shapes[s].C_stride, all.A, shapes[s].A_stride, all.B,
                          with_bias ? all.bias : NULL, M, N, K);
            for (size_t m = 0; m < M; m++)
                for (size_t n = 0; n < N; n++) {
                    const double expected =
                        dot(all.A + m * shapes[s].A_stride, 1, all.B + n * K, 1, K) +
                        (with_bias ? (double)all.bias[n] : 0.0);
                    CU_ASSERT_DOUBLE_EQUAL(all.C[m * shapes[s].C_stride + n], expected, 2e-5);
                }
            for (size_t n = N; n < shapes[s].C_stride; n++)
                CU_ASSERT_EQUAL(all.C[n], all.before[n]);
        }
    }
}

static void a_linear_layer_can_be_added(void)
{
    static struct buffers all;
    fill(&all);
    matmul_linear_add(all.C, 8, all.A, 6, all.B, 5, 8, 12);
    for (size_t m = 0; m < 5; m++)
        for (size_t n = 0; n < 8; n++)
            CU_ASSERT_DOUBLE_EQUAL(
                all.C[m * 8 + n],
                (double)all.before[m * 8 + n] + dot(all.A + m * 6, 1, all.B + n * 12, 1, 12), 2e-5);
}

static void the_other_forms_scale_and_keep(void)
{
    static struct buffers all;
    const size_t M = 6, N = 7, K = 9, stride = 17;
    for (int form = 0; form < 3; form++) {
        fill(&all);
        if (form == 0)
            matmul_transposed(all.C, stride, all.A, stride, all.B, stride, M, N, K, 0.5f, 2.0f);
        else if (form == 1)
            matmul(all.C, stride, all.A, stride, all.B, stride, M, N, K, 0.5f, 2.0f);
        else
            matmul_of_transposed(all.C, stride, all.A, stride, all.B, stride, M, N, K, 0.5f, 2.0f);
        for (size_t m = 0; m < M; m++)
            for (size_t n = 0; n < N; n++) {
                const double product =
                    form == 0   ? dot(all.A + m * stride, 1, all.B + n * stride, 1, K)
                    : form == 1 ? dot(all.A + m * stride, 1, all.B + n, stride, K)
                                : dot(all.A + m, stride, all.B + n, stride, K);
                const double expected = 0.5 * product + 2.0 * (double)all.before[m * stride + n];
                CU_ASSERT_DOUBLE_EQUAL(all.C[m * stride + n], expected, 2e-5);
            }
    }
}

static void what_was_there_is_ignored_with_keep_zero(void)
{
    static struct buffers all;
    fill(&all);
    all.C[0] = NAN;
    matmul(all.C, 4, all.A, 4, all.B, 4, 4, 4, 4, 1.0f, 0.0f);
    CU_ASSERT_DOUBLE_EQUAL(all.C[0], dot(all.A, 1, all.B, 4, 4), 1e-5);
}

static void empty_products_touch_nothing(void)
{
    static struct buffers all;
    fill(&all);
    matmul_linear(all.C, 4, all.A, 4, all.B, all.bias, 0, 4, 4);
    matmul(all.C, 4, all.A, 4, all.B, 4, 4, 0, 4, 1.0f, 0.0f);
    for (size_t i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(all.C[i], all.before[i]);
}

/* What the advice is depends on processor and library; that following it ends the matter does not.
 */
static void a_core_type_that_is_set_is_left_alone(void)
{
    char before[64];
    const char *value = getenv("OPENBLAS_CORETYPE");
    snprintf(before, sizeof before, "%s", value != NULL ? value : "");
    unsetenv("OPENBLAS_CORETYPE");
    const char *advice = matmul_core_advice();
    CU_ASSERT(advice == NULL || strcmp(advice, "SkylakeX") == 0 || strcmp(advice, "Haswell") == 0);
    setenv("OPENBLAS_CORETYPE", advice != NULL ? advice : "Haswell", 1);
    CU_ASSERT_PTR_NULL(matmul_core_advice());
    if (value != NULL)
        setenv("OPENBLAS_CORETYPE", before, 1);
    else
        unsetenv("OPENBLAS_CORETYPE");
}

int main(int argc, char **argv)
{
    matmul_use_one_thread();
    CU_TestInfo cases[] = {
        { "a linear layer has bias and stride", a_linear_layer_has_bias_and_stride },
        { "a linear layer can be added", a_linear_layer_can_be_added },
        { "the other forms scale and keep", the_other_forms_scale_and_keep },
        { "what was there is ignored with keep 0", what_was_there_is_ignored_with_keep_zero },
        { "empty products touch nothing", empty_products_touch_nothing },
        { "a core type that is set is left alone", a_core_type_that_is_set_is_left_alone },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "matmul", cases);
}
