/* Narrow products against a plain loop in double, on both sides of every tile's edges. */
#include "core/random.h"
#include "nn/narrow_matmul.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

struct shape {
    size_t M, N, K, A_stride, B_stride, C_stride;
};

static float *random_floats(size_t count, uint64_t number)
{
    struct random_stream stream = random_stream_numbered(5, number, "narrow");
    float *values = malloc((count > 0 ? count : 1) * sizeof *values);
    if (values == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        values[i] = (float)random_normal(&stream);
    return values;
}

static void check_shape(struct shape s)
{
    float *A = random_floats(s.M * s.A_stride + s.K, 1), *B = random_floats(s.K * s.B_stride, 2);
    float *bias = random_floats(s.N, 3), *C = random_floats(s.M * s.C_stride, 4);
    float *before = random_floats(s.M * s.C_stride, 4);
    for (int with_bias = 0; with_bias <= 1; with_bias++) {
        narrow_matmul(C, s.C_stride, A, s.A_stride, B, s.B_stride, with_bias ? bias : NULL, s.M,
                      s.N, s.K);
        for (size_t m = 0; m < s.M; m++) {
            for (size_t n = 0; n < s.N; n++) {
                double expected = with_bias ? (double)bias[n] : 0.0;
                for (size_t k = 0; k < s.K; k++)
                    expected += (double)A[m * s.A_stride + k] * (double)B[k * s.B_stride + n];
                CU_ASSERT_DOUBLE_EQUAL(C[m * s.C_stride + n], expected, 1e-6 * (5.0 + (double)s.K));
            }
            for (size_t n = s.N; n < s.C_stride; n++)
                CU_ASSERT_EQUAL(C[m * s.C_stride + n], before[m * s.C_stride + n]);
        }
    }
    free(A);
    free(B);
    free(bias);
    free(C);
    free(before);
}

static void every_width_of_tile_is_right(void)
{
    for (size_t N = 0; N <= 70; N++)
        check_shape((struct shape){ 9, N, 11, 13, N + 1, N + 2 });
    for (size_t M = 0; M <= 18; M++)
        check_shape((struct shape){ M, 52, 7, 7, 52, 52 });
}

static void many_terms_are_taken_in_passes(void)
{
    for (size_t K = 190; K <= 194; K++)
        check_shape((struct shape){ 10, 50, K, K, 50, 50 });
    check_shape((struct shape){ 17, 48, 6144, 48, 48, 768 });
    check_shape((struct shape){ 3, 5, 0, 1, 5, 5 });
}

static void rows_may_overlap(void)
{
    check_shape((struct shape){ 100, 64, 10, 5, 64, 64 });
    check_shape((struct shape){ 33, 10, 160, 10, 10, 40 });
    check_shape((struct shape){ 33, 20, 6, 1, 20, 20 });
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "every width of tile is right", every_width_of_tile_is_right },
        { "many terms are taken in passes", many_terms_are_taken_in_passes },
        { "rows may overlap", rows_may_overlap },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "narrow matmul", cases);
}
