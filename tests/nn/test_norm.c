/* Norms and softmax of rows against plain loops in double. */
#include "core/random.h"
#include "nn/norm.h"
#include "tests/support/check.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { ROWS = 3, LONGEST = 20000 };

static const size_t widths[] = { 1, 5, 64, 100, 768, 4097, LONGEST };
enum { WIDTHS = sizeof widths / sizeof widths[0] };

struct buffers {
    float x[ROWS * LONGEST], y[ROWS * LONGEST], addend[LONGEST], gain[LONGEST], offset[LONGEST];
};

static struct buffers all;

/* Normal values around `mean`, the same for every call. */
static void fill(float mean, float spread)
{
    struct random_stream stream = random_stream_numbered(2, 2, "norm");
    for (size_t i = 0; i < ROWS * LONGEST; i++)
        all.x[i] = mean + spread * (float)random_normal(&stream);
    for (size_t i = 0; i < LONGEST; i++) {
        all.addend[i] = (float)random_normal(&stream);
        all.gain[i] = (float)random_normal(&stream);
        all.offset[i] = (float)random_normal(&stream);
    }
}

/* The largest error of row t of all.y, for a layer norm of z = x + addend. */
static double layer_norm_error(size_t t, size_t D, double eps, bool added, bool affine)
{
    double mean = 0.0, variance = 0.0, worst = 0.0;
    for (size_t d = 0; d < D; d++)
        mean += ((double)all.x[t * D + d] + (added ? (double)all.addend[d] : 0.0)) / (double)D;
    for (size_t d = 0; d < D; d++) {
        const double z = (double)all.x[t * D + d] + (added ? (double)all.addend[d] : 0.0) - mean;
        variance += z * z / (double)D;
    }
    for (size_t d = 0; d < D; d++) {
        const double z = (double)all.x[t * D + d] + (added ? (double)all.addend[d] : 0.0) - mean;
        const double expected = z / sqrt(variance + eps) * (affine ? (double)all.gain[d] : 1.0) +
                                (affine ? (double)all.offset[d] : 0.0);
        worst = fmax(worst, fabs((double)all.y[t * D + d] - expected));
    }
    return worst;
}

static void layer_norm_is_that_of_double(void)
{
    fill(0.5f, 2.0f);
    for (size_t w = 0; w < WIDTHS; w++) {
        const size_t D = widths[w];
        layer_norm(all.y, all.x, all.addend, all.gain, all.offset, 1e-5f, ROWS, D);
        for (size_t t = 0; t < ROWS; t++)
            CU_ASSERT(layer_norm_error(t, D, 1e-5, true, true) < 2e-5);
        layer_norm(all.y, all.x, NULL, NULL, NULL, 1e-12f, ROWS, D);
        for (size_t t = 0; t < ROWS && D > 1; t++)
            CU_ASSERT(layer_norm_error(t, D, 1e-12, false, false) < 5e-6);
    }
}

static void layer_norm_feels_eps_in_quiet_rows(void)
{
    fill(0.0f, 1e-3f);
    layer_norm(all.y, all.x, NULL, all.gain, all.offset, 1e-5f, ROWS, 768);
    for (size_t t = 0; t < ROWS; t++) {
        CU_ASSERT(layer_norm_error(t, 768, 1e-5, false, true) < 5e-6);
        CU_ASSERT(layer_norm_error(t, 768, 1e-12, false, true) > 0.1);
    }
}

static void layer_norm_survives_a_large_mean(void)
{
    fill(100.0f, 1.0f);
    layer_norm(all.y, all.x, NULL, NULL, NULL, 1e-5f, ROWS, LONGEST);
    for (size_t t = 0; t < ROWS; t++)
        CU_ASSERT(layer_norm_error(t, LONGEST, 1e-5, false, false) < 3e-5);
}

static void layer_norm_works_in_place(void)
{
    fill(0.5f, 2.0f);
    layer_norm(all.y, all.x, all.addend, all.gain, all.offset, 1e-5f, ROWS, 100);
    layer_norm(all.x, all.x, all.addend, all.gain, all.offset, 1e-5f, ROWS, 100);
    for (size_t i = 0; i < ROWS * 100; i++)
        CU_ASSERT_EQUAL(all.x[i], all.y[i]);
}

static void rows_get_unit_length(void)
{
    for (size_t w = 0; w < WIDTHS; w++) {
        const size_t D = widths[w];
        fill(0.5f, 2.0f);
        for (size_t d = 0; d < D; d++)
            all.x[2 * D + d] = 1e-14f;
        l2_normalise(all.y, all.x, 1e-12f, ROWS, D);
        for (size_t t = 0; t < ROWS; t++) {
            double squares = 0.0;
            for (size_t d = 0; d < D; d++)
                squares += (double)all.x[t * D + d] * (double)all.x[t * D + d];
            const double length = fmax(sqrt(squares), 1e-12);
            for (size_t d = 0; d < D; d++)
                CU_ASSERT_DOUBLE_EQUAL(all.y[t * D + d], (double)all.x[t * D + d] / length, 3e-7);
        }
    }
}

static void softmax_is_that_of_double(void)
{
    for (size_t w = 0; w < WIDTHS; w++) {
        const size_t D = widths[w], stride = D < LONGEST ? D + 1 : D;
        fill(30.0f, 20.0f);
        if (D > 5)
            all.x[3] = -INFINITY;
        for (size_t i = 0; i < ROWS * LONGEST; i++)
            all.y[i] = all.x[i];
        softmax(all.y, stride, ROWS, D);
        for (size_t t = 0; t < ROWS; t++) {
            double largest = -INFINITY, sum = 0.0;
            for (size_t d = 0; d < D; d++)
                largest = fmax(largest, (double)all.x[t * stride + d]);
            for (size_t d = 0; d < D; d++)
                sum += exp((double)all.x[t * stride + d] - largest);
            for (size_t d = 0; d < D; d++)
                CU_ASSERT_DOUBLE_EQUAL(all.y[t * stride + d],
                                       exp((double)all.x[t * stride + d] - largest) / sum, 5e-7);
        }
        if (stride > D)
            CU_ASSERT_EQUAL(all.y[D], all.x[D]);
    }
}

static void a_row_is_added_to_every_row(void)
{
    fill(0.0f, 1.0f);
    for (size_t i = 0; i < ROWS * 77; i++)
        all.y[i] = all.x[i];
    add_to_rows(all.y, all.addend, ROWS, 77);
    for (size_t i = 0; i < ROWS * 77; i++)
        CU_ASSERT_EQUAL(all.y[i], all.x[i] + all.addend[i % 77]);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "layer norm is that of double", layer_norm_is_that_of_double },
        { "layer norm feels eps in quiet rows", layer_norm_feels_eps_in_quiet_rows },
        { "layer norm survives a large mean", layer_norm_survives_a_large_mean },
        { "layer norm works in place", layer_norm_works_in_place },
        { "rows get unit length", rows_get_unit_length },
        { "softmax is that of double", softmax_is_that_of_double },
        { "a row is added to every row", a_row_is_added_to_every_row },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "norm", cases);
}
