/* Packed matrices against a plain loop in double; and rows that do not depend on their company. */
#include "core/random.h"
#include "nn/packed_matrix.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *random_floats(size_t count, uint64_t number)
{
    struct random_stream stream = random_stream_numbered(6, number, "packed");
    float *values = malloc((count > 0 ? count : 1) * sizeof *values);
    if (values == NULL)
        abort();
    for (size_t i = 0; i < count; i++)
        values[i] = (float)random_normal(&stream);
    return values;
}

/* A convolution of M rows over a signal [rows][K], channels last, with PyTorch's weight
 * [N][K][taps]. */
struct shape {
    size_t M, N, taps, K, dilation;
};

static double plain(const struct shape *s, const float *signal, const float *weight, size_t m,
                    size_t n)
{
    double sum = 0.0;
    for (size_t t = 0; t < s->taps; t++)
        for (size_t k = 0; k < s->K; k++)
            sum += (double)signal[(m + t * s->dilation) * s->K + k] *
                   (double)weight[(n * s->K + k) * s->taps + t];
    return sum;
}

static void check_shape(struct shape s)
{
    const size_t rows = s.M + (s.taps - 1) * s.dilation;
    float *signal = random_floats(rows * s.K, 1), *weight = random_floats(s.N * s.K * s.taps, 2);
    float *bias = random_floats(s.N, 3), *C = random_floats(s.M * s.N, 4);
    const struct packed_source source = { weight, (ptrdiff_t)(s.K * s.taps), 1, (ptrdiff_t)s.taps };
    struct packed_matrix matrix;
    check_status(packed_matrix_make(&matrix, &source, s.N, s.taps, s.K), STATUS_OK, NULL);
    packed_multiply(C, s.N, signal, s.K, s.dilation * s.K, &matrix, bias, s.M);
    const double limit = 1e-6 * (5.0 + (double)(s.K * s.taps));
    for (size_t m = 0; m < s.M; m++)
        for (size_t n = 0; n < s.N; n++)
            CU_ASSERT_DOUBLE_EQUAL(C[m * s.N + n], plain(&s, signal, weight, m, n) + bias[n],
                                   limit);
    packed_multiply_add(C, s.N, signal, s.K, s.dilation * s.K, &matrix, bias, s.M);
    for (size_t m = 0; m < s.M; m++)
        for (size_t n = 0; n < s.N; n++)
            CU_ASSERT_DOUBLE_EQUAL(C[m * s.N + n],
                                   2.0 * (plain(&s, signal, weight, m, n) + bias[n]), 2.0 * limit);
    packed_matrix_end(&matrix);
    free(signal);
    free(weight);
    free(bias);
    free(C);
}

static void convolutions_are_those_of_a_plain_loop(void)
{
    for (size_t N = 1; N <= 130; N += 3)
        check_shape((struct shape){ 9, N, 3, 5, 2 });
    check_shape((struct shape){ 300, 64, 7, 16, 5 });
    check_shape((struct shape){ 20, 112, 3, 200, 3 });
    check_shape((struct shape){ 33, 16, 11, 1, 1 });
    check_shape((struct shape){ 10, 50, 1, 700, 1 });
}

static void a_row_does_not_depend_on_its_company(void)
{
    enum { M = 300, N = 203, K = 400 };
    float *A = random_floats(M * K, 1), *weight = random_floats(N * K, 2);
    float *bias = random_floats(N, 3), *all = random_floats(M * N, 4), *one = random_floats(N, 5);
    struct packed_matrix matrix;
    check_status(packed_matrix_make_linear(&matrix, weight, N, K), STATUS_OK, NULL);
    packed_linear(all, A, &matrix, bias, M);
    packed_linear_add(all, A, &matrix, NULL, M);
    for (size_t m = 0; m < M; m++) {
        packed_linear(one, A + m * K, &matrix, bias, 1);
        packed_linear_add(one, A + m * K, &matrix, NULL, 1);
        CU_ASSERT_EQUAL(memcmp(one, all + m * N, N * sizeof *one), 0);
    }
    packed_matrix_end(&matrix);
    free(A);
    free(weight);
    free(bias);
    free(all);
    free(one);
}

static void too_large_a_matrix_is_refused(void)
{
    struct packed_matrix matrix;
    const struct packed_source source = { NULL, 1, 1, 1 };
    check_status(packed_matrix_make(&matrix, &source, SIZE_MAX / 2, 3, 5), STATUS_NO_MEMORY, NULL);
    CU_ASSERT_PTR_NULL(matrix.panels);
    packed_matrix_end(&matrix);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "convolutions are those of a plain loop", convolutions_are_those_of_a_plain_loop },
        { "a row does not depend on its company", a_row_does_not_depend_on_its_company },
        { "too large a matrix is refused", too_large_a_matrix_is_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "packed matrix", cases);
}
