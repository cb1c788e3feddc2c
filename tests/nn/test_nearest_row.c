/* Nearest rows against a plain loop in double: also where single precision cannot tell. */
#include "core/random.h"
#include "nn/matmul.h"
#include "nn/nearest_row.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

static float *random_rows(size_t rows, size_t D, float mean, uint64_t number)
{
    struct random_stream stream = random_stream_numbered(4, number, "nearest row");
    float *values = malloc(rows * D * sizeof *values);
    if (values == NULL)
        abort();
    for (size_t i = 0; i < rows * D; i++)
        values[i] = mean + (float)random_normal(&stream);
    return values;
}

static double squared_distance(const float *a, const float *b, size_t D)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sum;
}

static size_t plain_nearest(const float *query, const float *table, size_t K, size_t D)
{
    size_t best = 0;
    for (size_t k = 1; k < K; k++)
        if (squared_distance(query, table + k * D, D) <
            squared_distance(query, table + best * D, D))
            best = k;
    return best;
}

static void check_search(const float *queries, size_t N, const float *table, size_t K, size_t D)
{
    struct nearest_row_search *search = NULL;
    uint16_t *indices = malloc(N * sizeof *indices);
    double *distances = malloc(N * sizeof *distances);
    check_status(nearest_row_create(&search, table, K, D), STATUS_OK, NULL);
    if (indices == NULL || distances == NULL || search == NULL)
        abort();
    nearest_row_find(indices, distances, search, queries, N);
    for (size_t n = 0; n < N; n++) {
        const size_t expected = plain_nearest(queries + n * D, table, K, D);
        const double distance = squared_distance(queries + n * D, table + expected * D, D);
        CU_ASSERT_EQUAL(indices[n], expected);
        CU_ASSERT_DOUBLE_EQUAL(distances[n], distance, 1e-12 * (1.0 + distance));
    }
    nearest_row_destroy(search);
    free(indices);
    free(distances);
}

static void random_rows_find_the_plain_answer(void)
{
    const struct {
        size_t N, K, D;
    } shapes[] = { { 300, 20, 48 }, { 1, 1, 1 },    { 30, 200, 768 }, { 20, 2500, 33 },
                   { 256, 7, 2 },   { 65, 240, 9 }, { 130, 241, 17 }, { 3, 255, 400 } };
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        float *queries = random_rows(shapes[s].N, shapes[s].D, 0.0f, 1);
        float *table = random_rows(shapes[s].K, shapes[s].D, 0.0f, 2);
        check_search(queries, shapes[s].N, table, shapes[s].K, shapes[s].D);
        free(queries);
        free(table);
    }
}

/* Rows far from the origin: |c|^2 / 2 - x.c loses in float what tells the rows apart. */
static void rows_that_float_cannot_tell_apart_are_measured_again(void)
{
    const size_t N = 64, K = 1500, D = 40;
    float *queries = random_rows(N, D, 3000.0f, 3), *table = random_rows(K, D, 3000.0f, 4);
    check_search(queries, N, table, K, D);
    free(queries);
    free(table);
}

static void the_lowest_of_equal_rows_wins(void)
{
    enum { K = 2100, D = 16 };
    float *table = random_rows(K, D, 0.0f, 5), *queries = random_rows(4, D, 0.0f, 6);
    const size_t originals[] = { 3, 40, 1030, 900 }, copies[] = { 7, 2000, 1031, 1100 };
    for (size_t i = 0; i < 4; i++)
        for (size_t d = 0; d < D; d++)
            queries[i * D + d] = table[copies[i] * D + d] = table[originals[i] * D + d];
    struct nearest_row_search *search = NULL;
    uint16_t indices[4];
    check_status(nearest_row_create(&search, table, K, D), STATUS_OK, NULL);
    nearest_row_find(indices, NULL, search, queries, 4);
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(indices[i], originals[i]);
    nearest_row_destroy(search);
    free(table);
    free(queries);
}

/* Queries a hair off the middle between two rows, on either side. */
static void near_ties_go_the_way_that_double_says(void)
{
    enum { K = 50, D = 64, N = 400 };
    float *table = random_rows(K, D, 1.0f, 7), *queries = random_rows(N, D, 0.0f, 8);
    for (size_t n = 0; n < N; n++)
        for (size_t d = 0; d < D; d++)
            queries[n * D + d] = 0.5f * (table[n % K * D + d] + table[(n + 1) % K * D + d]) +
                                 1e-7f * queries[n * D + d];
    check_search(queries, N, table, K, D);
    free(table);
    free(queries);
}

/* Queries whose products overflow single precision. */
static void queries_too_long_for_float_are_measured(void)
{
    const size_t N = 64, K = 260, D = 7;
    float *queries = random_rows(N, D, 0.0f, 9), *table = random_rows(K, D, 0.0f, 10);
    for (size_t i = 0; i < N * D; i++)
        queries[i] *= 1e21f;
    for (size_t i = 0; i < K * D; i++)
        table[i] *= 2.5e18f;
    check_search(queries, N, table, K, D);
    free(queries);
    free(table);
}

static void bad_tables_are_refused(void)
{
    struct nearest_row_search *search = NULL;
    float table[] = { 1.0f, NAN, 2.0f, 3.0f };
    check_status(nearest_row_create(&search, table, 0, 2), STATUS_INVALID, "0 rows");
    check_status(nearest_row_create(&search, table, NEAREST_ROW_TABLE_MAX + 1, 2), STATUS_INVALID,
                 "65537 rows");
    check_status(nearest_row_create(&search, table, 2, 2), STATUS_INVALID, "row 0");
    CU_ASSERT_PTR_NULL(search);
    table[1] = 1e20f;
    check_status(nearest_row_create(&search, table, 2, 2), STATUS_INVALID, "row 0");
    nearest_row_destroy(NULL);
}

int main(int argc, char **argv)
{
    matmul_use_one_thread();
    CU_TestInfo cases[] = {
        { "random rows find the plain answer", random_rows_find_the_plain_answer },
        { "rows that float cannot tell apart are measured again",
          rows_that_float_cannot_tell_apart_are_measured_again },
        { "the lowest of equal rows wins", the_lowest_of_equal_rows_wins },
        { "near ties go the way that double says", near_ties_go_the_way_that_double_says },
        { "queries too long for float are measured", queries_too_long_for_float_are_measured },
        { "bad tables are refused", bad_tables_are_refused },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "nearest row", cases);
}
