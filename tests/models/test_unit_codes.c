/* Vectors of units, made comparable: standardised, and whitened with the way back. */
#include "models/unit_codes.h"
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

enum { CODES = 500, WIDTH = 6 };

/* Values that hang together, of very different sizes, around a mean far from 0. */
static void make_codes(float rows[CODES * WIDTH])
{
    for (size_t u = 0; u < CODES; u++) {
        const float loud = 5.0f * sinf(0.7f * (float)u);
        for (size_t c = 0; c < WIDTH; c++)
            rows[u * WIDTH + c] = 3.0f + loud * (float)(c + 1) +
                                  4.0f * sinf((float)((u + 3) * (c + 2) * (c + 1)) * 0.9f);
    }
}

static double covariance(const float *rows, size_t a, size_t b)
{
    double sum = 0.0, mean_a = 0.0, mean_b = 0.0;
    for (size_t u = 0; u < CODES; u++) {
        mean_a += (double)rows[u * WIDTH + a] / CODES;
        mean_b += (double)rows[u * WIDTH + b] / CODES;
        sum += (double)rows[u * WIDTH + a] * (double)rows[u * WIDTH + b] / CODES;
    }
    return sum - mean_a * mean_b;
}

static void standardised_columns_have_no_mean(void)
{
    float rows[CODES * WIDTH];
    double sum = 0.0;
    make_codes(rows);
    unit_codes_standardise(rows, CODES, WIDTH);
    for (size_t c = 0; c < WIDTH; c++)
        sum += covariance(rows, c, c);
    CU_ASSERT_DOUBLE_EQUAL(sum / WIDTH, 1.0, 1e-4);
}

/* But for the thousandth that is added. */
static void whitened_rows_do_not_hang_together(void)
{
    float rows[CODES * WIDTH];
    struct unit_code_map map;
    make_codes(rows);
    for (size_t u = 0; u < CODES; u++)
        rows[u * WIDTH + 2] = 7.0f * cosf(1.3f * (float)u);
    check_status(unit_codes_whiten(&map, rows, CODES, WIDTH), STATUS_OK, NULL);
    CU_ASSERT_DOUBLE_EQUAL(covariance(rows, 0, 0), 1.0, 0.05);
    CU_ASSERT_DOUBLE_EQUAL(covariance(rows, 2, 2), 1.0, 0.05);
    for (size_t a = 0; a < WIDTH; a++)
        for (size_t b = 0; b < a; b++)
            CU_ASSERT_DOUBLE_EQUAL(covariance(rows, a, b), 0.0, 0.05);
    unit_code_map_end(&map);
}

static double weigh(const float *weights, size_t stride, const float *row)
{
    double sum = 0.0;
    for (size_t c = 0; c < WIDTH; c++)
        sum += (double)weights[c * stride] * (double)row[c];
    return sum;
}

static void weights_go_there_and_back(void)
{
    enum { STRIDE = 2 };
    float rows[CODES * WIDTH], whitened[CODES * WIDTH], weights[WIDTH * STRIDE];
    float there[WIDTH * STRIDE];
    struct unit_code_map map;
    make_codes(rows);
    memcpy(whitened, rows, sizeof rows);
    check_status(unit_codes_whiten(&map, whitened, CODES, WIDTH), STATUS_OK, NULL);
    for (size_t i = 0; i < WIDTH * STRIDE; i++)
        weights[i] = there[i] = cosf((float)(i * i));
    const double shift = unit_code_map_whitened_weights(&map, there, STRIDE);
    for (size_t u = 0; u < CODES; u++)
        CU_ASSERT_DOUBLE_EQUAL(weigh(there, STRIDE, whitened + u * WIDTH) + shift,
                               weigh(weights, STRIDE, rows + u * WIDTH), 1e-3);
    CU_ASSERT_EQUAL(there[1], weights[1]); /* between them lies somebody else's */
    const double back = unit_code_map_weights(&map, there, STRIDE);
    CU_ASSERT_DOUBLE_EQUAL(shift + back, 0.0, 1e-3);
    for (size_t i = 0; i < WIDTH * STRIDE; i++)
        CU_ASSERT_DOUBLE_EQUAL((double)there[i], (double)weights[i], 1e-3);
    unit_code_map_end(&map);
}

static void rows_that_are_alike_become_nothing(void)
{
    float rows[CODES * WIDTH];
    struct unit_code_map map;
    for (size_t i = 0; i < CODES * WIDTH; i++)
        rows[i] = 4.0f;
    check_status(unit_codes_whiten(&map, rows, CODES, WIDTH), STATUS_OK, NULL);
    for (size_t i = 0; i < CODES * WIDTH; i++)
        CU_ASSERT_EQUAL(rows[i], 0.0f);
    unit_code_map_end(&map);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "standardised columns have no mean", standardised_columns_have_no_mean },
        { "whitened rows do not hang together", whitened_rows_do_not_hang_together },
        { "weights go there and back", weights_go_there_and_back },
        { "rows that are alike become nothing", rows_that_are_alike_become_nothing },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "unit_codes", cases);
}
