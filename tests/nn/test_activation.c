/* Activations against double, over the whole range that matters and at its ends. */
#include "nn/activation.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdlib.h>

static double gelu(double x)
{
    return 0.5 * x * erfc(-x / sqrt(2.0));
}

static double quick_gelu(double x)
{
    return x / (1.0 + exp(-1.702 * x));
}

/* The largest errors of `function` against `reference` from `low` to `high`. */
struct errors {
    double absolute, relative, beyond_rounding;
};

static struct errors compare(void (*function)(float *, size_t), double (*reference)(double),
                             float low, float high)
{
    enum { COUNT = 200003 }; /* not a multiple of any vector's width */
    float *values = malloc(COUNT * sizeof *values);
    struct errors worst = { 0 };
    if (values == NULL)
        abort();
    for (size_t i = 0; i < COUNT; i++)
        values[i] = low + (high - low) * (float)i / (COUNT - 1);
    function(values, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        const float x = low + (high - low) * (float)i / (COUNT - 1);
        const double expected = reference((double)x);
        const double error = fabs((double)values[i] - expected);
        worst.absolute = fmax(worst.absolute, error);
        worst.relative = fmax(worst.relative, error / fmax(fabs(expected), 1e-30));
        worst.beyond_rounding = fmax(worst.beyond_rounding, error - fabs(expected) * 0x1p-24);
    }
    free(values);
    return worst;
}

static void gelu_follows_the_error_function(void)
{
    CU_ASSERT(compare(activation_gelu, gelu, -10.0f, 10.0f).beyond_rounding < 2e-7);
    CU_ASSERT(compare(activation_gelu, gelu, -1.0f, 1.0f).absolute < 2e-7);
    CU_ASSERT(compare(activation_gelu, gelu, -1e-3f, 1e-3f).relative < 3e-6);
    CU_ASSERT(compare(activation_gelu, gelu, 6.0f, 1000.0f).relative < 1e-7);
}

static void quick_gelu_is_close_everywhere(void)
{
    CU_ASSERT(compare(activation_quick_gelu, quick_gelu, -40.0f, 40.0f).relative < 5e-6);
    CU_ASSERT(compare(activation_quick_gelu, quick_gelu, -8.0f, 8.0f).relative < 1e-6);
}

static void tanh_is_close_everywhere(void)
{
    CU_ASSERT(compare(activation_tanh, tanh, -20.0f, 20.0f).relative < 5e-7);
    CU_ASSERT(compare(activation_tanh, tanh, -1e-3f, 1e-3f).relative < 5e-7);
}

static void exp_is_close_where_floats_reach(void)
{
    CU_ASSERT(compare(activation_exp, exp, -86.0f, 88.5f).relative < 2e-7);
    CU_ASSERT(compare(activation_exp, exp, -1.0f, 1.0f).relative < 2e-7);
}

static void ends_of_the_range_are_kept(void)
{
    float exps[] = { -INFINITY, -100.0f, 0.0f, 89.0f, INFINITY };
    activation_exp(exps, 5);
    CU_ASSERT_EQUAL(exps[0], 0.0f);
    CU_ASSERT_EQUAL(exps[1], 0.0f);
    CU_ASSERT_EQUAL(exps[2], 1.0f);
    CU_ASSERT(isinf(exps[3]) && isinf(exps[4]));

    float gelus[] = { -INFINITY, -1e30f, 0.0f, 1e30f, INFINITY };
    activation_gelu(gelus, 5);
    CU_ASSERT_EQUAL(gelus[0], 0.0f);
    CU_ASSERT_EQUAL(gelus[1], 0.0f);
    CU_ASSERT_EQUAL(gelus[2], 0.0f);
    CU_ASSERT_EQUAL(gelus[3], 1e30f);
    CU_ASSERT(isinf(gelus[4]));

    float tanhs[] = { -INFINITY, INFINITY };
    activation_tanh(tanhs, 2);
    CU_ASSERT_DOUBLE_EQUAL(tanhs[0], -1.0, 3e-7);
    CU_ASSERT_DOUBLE_EQUAL(tanhs[1], 1.0, 3e-7);
}

static void nan_stays_nan(void)
{
    void (*const functions[])(float *, size_t) = { activation_gelu, activation_quick_gelu,
                                                   activation_tanh, activation_exp };
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++) {
        float values[40] = { [3] = NAN, [37] = -NAN };
        functions[f](values, 40);
        CU_ASSERT(isnan(values[3]) && isnan(values[37]));
        CU_ASSERT(isfinite(values[4]));
    }
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "gelu follows the error function", gelu_follows_the_error_function },
        { "quick gelu is close everywhere", quick_gelu_is_close_everywhere },
        { "tanh is close everywhere", tanh_is_close_everywhere },
        { "exp is close where floats reach", exp_is_close_where_floats_reach },
        { "ends of the range are kept", ends_of_the_range_are_kept },
        { "NaN stays NaN", nan_stays_nan },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "activation", cases);
}
