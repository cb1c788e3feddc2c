/* K-means against scikit-learn and fairseq: every assignment, the documented ties, Lloyd's steps.
 */
#include "storage/kmeans_file.h"
#include "storage/npy_file.h"
#include "storage/safetensors.h"
#include "storage/settings_file.h"
#include "tests/support/check.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/kmeans_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tensor_table expected;
static struct settings *figures;
static float *features;
static size_t N, D;

static const char *golden(const char *name)
{
    static char paths[4][1024];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/kmeans/%s", check_golden_folder(), name);
    return path;
}

static void open_golden(void)
{
    struct settings *config = NULL;
    size_t frames = 0, width = 0;
    CU_ASSERT_FATAL(settings_file_read(&config, golden("config.json")) == STATUS_OK);
    settings_read_count(&frames, config, "frames", 1, 10000000);
    settings_read_count(&width, config, "dim", 1, 65536);
    settings_destroy(config);
    CU_ASSERT_FATAL(settings_file_read(&figures, golden("expected.json")) == STATUS_OK);
    CU_ASSERT_FATAL(safetensors_read(&expected, golden("expected.safetensors")) == STATUS_OK);
    CU_ASSERT_FATAL(npy_file_read(&features, &N, &D, golden("features.npy")) == STATUS_OK);
    CU_ASSERT_EQUAL(N, frames);
    CU_ASSERT_EQUAL(D, width);
}

/* The values of a tensor of 4-byte elements, or NULL. */
static const int32_t *integers(const char *name, size_t count)
{
    const struct tensor *tensor = tensor_table_find(&expected, name);
    const int is_good = tensor != NULL && tensor->type == TENSOR_I32 && tensor->count == count;
    CU_ASSERT(is_good);
    return is_good ? tensor->data : NULL;
}

static float *reals(const char *name, size_t count)
{
    float *values = malloc(count * sizeof *values);
    check_status(tensor_table_read(values, &expected, name, 1, &count), STATUS_OK, NULL);
    return values;
}

struct assignment {
    uint16_t *units;
    double *distances;
};

static struct assignment assign(const char *centroids_file, const float *rows, size_t count)
{
    float *centroids = NULL;
    size_t clusters = 0, width = 0;
    struct kmeans *kmeans = NULL;
    struct assignment result = { malloc(count * sizeof(uint16_t)), malloc(count * sizeof(double)) };
    check_status(kmeans_file_read(&centroids, &clusters, &width, golden(centroids_file)), STATUS_OK,
                 NULL);
    check_status(kmeans_create(&kmeans, centroids, clusters, width), STATUS_OK, NULL);
    CU_ASSERT_EQUAL(width, D);
    kmeans_assign(result.units, result.distances, kmeans, rows, count);
    kmeans_destroy(kmeans);
    free(centroids);
    return result;
}

static void expect_same(const uint16_t *units, const char *name)
{
    const int32_t *wanted = integers(name, N);
    size_t wrong = 0;
    for (size_t n = 0; wanted != NULL && n < N; n++)
        wrong += units[n] != wanted[n];
    CU_ASSERT_EQUAL(wrong, 0);
}

static void check_model(const char *model, const char *file)
{
    const char *const ways[] = { "sklearn_f32", "sklearn_f64",         "im2sp_convert_py",
                                 "direct_f64",  "fairseq_apply_numpy", "fairseq_apply_torch" };
    struct assignment found = assign(file, features, N);
    char name[128];
    size_t compared = 0;
    for (size_t w = 0; w < sizeof ways / sizeof ways[0]; w++) {
        snprintf(name, sizeof name, "%s.assign.%s", model, ways[w]);
        if (tensor_table_find(&expected, name) == NULL)
            continue;
        expect_same(found.units, name);
        compared++;
    }
    CU_ASSERT(compared >= 2);
    snprintf(name, sizeof name, "%s.sqdist_best_f64", model);
    float *best = reals(name, N);
    double inertia = 0.0;
    for (size_t n = 0; n < N; n++) {
        CU_ASSERT(fabs(found.distances[n] - (double)best[n]) <= 1e-6 * (double)best[n] + 1e-9);
        inertia += found.distances[n];
    }
    snprintf(name, sizeof name, "%s.inertia_f64", model);
    const double wanted = settings_number(figures, name, -1.0);
    CU_ASSERT(fabs(inertia - wanted) <= 1e-5 * wanted);
    free(best);
    free(found.units);
    free(found.distances);
}

static void every_frame_is_assigned_as_everybody_does(void)
{
    check_model("kmeans", "centers.npy");
    check_model("kmeans", "centers_fortran_f64.npy");
    check_model("km_bin", "km_bin_centers.npy");
    check_model("km_bin", "km.bin");
}

static void ties_go_where_double_precision_puts_them(void)
{
    float *rows = NULL;
    size_t count = 0, width = 0;
    check_status(npy_file_read(&rows, &count, &width, golden("ties_features.npy")), STATUS_OK,
                 NULL);
    struct assignment found = assign("ties_centers.npy", rows, count);
    const struct tensor *acceptable = tensor_table_find(&expected, "ties.acceptable");
    const int32_t *direct = integers("ties.assign.direct_f64", count);
    CU_ASSERT_FATAL(acceptable != NULL && acceptable->type == TENSOR_U8 && direct != NULL);
    CU_ASSERT_FATAL(acceptable->shape[0] == count);
    const uint8_t *may = acceptable->data;
    for (size_t n = 0; n < count; n++) {
        CU_ASSERT_EQUAL(may[n * acceptable->shape[1] + found.units[n]], 1);
        CU_ASSERT_EQUAL(found.units[n], direct[n]);
    }
    free(rows);
    free(found.units);
    free(found.distances);
}

static double largest_difference(const float *a, const float *b, size_t count)
{
    double largest = 0.0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

/* Assigns with the centroids and moves them; the inertia is that before the move. */
static double lloyd_step(float *centroids, const struct kmeans_scale *scale, size_t K)
{
    struct kmeans *kmeans = NULL;
    uint16_t *units = malloc(N * sizeof *units), *empty = malloc(K * sizeof *empty);
    double *distances = malloc(N * sizeof *distances);
    int64_t *totals = calloc(kmeans_totals_count(K, D), sizeof *totals);
    check_status(kmeans_create(&kmeans, centroids, K, D), STATUS_OK, NULL);
    kmeans_assign(units, NULL, kmeans, features, N);
    kmeans_accumulate(totals, distances, scale, units, centroids, features, N, K, D);
    CU_ASSERT_EQUAL(kmeans_update(centroids, empty, totals, scale, K, D), 0);
    const double inertia = kmeans_inertia(totals, scale, K, D);
    kmeans_destroy(kmeans);
    free(units);
    free(empty);
    free(distances);
    free(totals);
    return inertia;
}

static void expect_centroids(const float *centroids, const char *name, size_t K)
{
    const size_t shape[2] = { K, D };
    float *wanted = malloc(K * D * sizeof *wanted);
    check_status(tensor_table_read(wanted, &expected, name, 2, shape), STATUS_OK, NULL);
    CU_ASSERT(largest_difference(centroids, wanted, K * D) < 1e-5);
    free(wanted);
}

static void lloyd_steps_agree_until_they_converge(void)
{
    const struct tensor *start = tensor_table_find(&expected, "lloyd.init");
    CU_ASSERT_FATAL(start != NULL && start->dimension_count == 2 && start->shape[1] == D);
    const size_t K = start->shape[0];
    float *centroids = malloc(K * D * sizeof *centroids);
    check_status(tensor_table_read(centroids, &expected, "lloyd.init", 2, start->shape), STATUS_OK,
                 NULL);
    struct kmeans_scale scale;
    check_status(kmeans_scale_choose(&scale, kmeans_magnitude(features, N * D), N, D), STATUS_OK,
                 NULL);
    size_t compared = 0;
    for (int done = 0; done <= 300; done++) {
        char name[64];
        snprintf(name, sizeof name, "lloyd.centers_after_%d", done);
        if (tensor_table_find(&expected, name) != NULL) {
            expect_centroids(centroids, name, K);
            compared++;
        }
        const double inertia = lloyd_step(centroids, &scale, K);
        snprintf(name, sizeof name, "lloyd.max_iter_%d.inertia", done);
        const double wanted = settings_number(figures, name, inertia);
        CU_ASSERT(fabs(inertia - wanted) <= 1e-5 * wanted);
    }
    CU_ASSERT(compared >= 3);
    expect_centroids(centroids, "lloyd.centers_converged", K);
    free(centroids);
}

static void close_golden(void)
{
    tensor_table_end(&expected);
    settings_destroy(figures);
    free(features);
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "open", open_golden },
        { "every frame is assigned alike", every_frame_is_assigned_as_everybody_does },
        { "ties go where double precision puts them", ties_go_where_double_precision_puts_them },
        { "Lloyd's steps agree", lloyd_steps_agree_until_they_converge },
        { "close", close_golden },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "kmeans golden", cases);
}
