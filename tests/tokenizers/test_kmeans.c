/* K-means: assignment against a plain loop, and fitting in pieces, which must give the same bits
 * however the frames are spread. */
#include "core/random.h"
#include "tests/support/check.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/kmeans_fit.h"

#include <math.h>
#include <string.h>

enum { N = 600, D = 24, K = 11, BLOCK = 50, BLOCKS = N / BLOCK, TOTALS = K * D + K + 1 };

static float features[N * D];

/* Loose groups, and one wide column as HuBERT has. */
static void make_features(void)
{
    struct random_stream stream = random_stream_numbered(1, 0, "features");
    for (size_t n = 0; n < N; n++)
        for (size_t d = 0; d < D; d++)
            features[n * D + d] = (float)((d == 3 ? 20.0 : 1.0) * random_normal(&stream) +
                                          3.0 * (double)((n * 7 + d) % 5));
}

static struct kmeans *made(const float *centroids, size_t clusters)
{
    struct kmeans *kmeans = NULL;
    check_status(kmeans_create(&kmeans, centroids, clusters, D), STATUS_OK, NULL);
    return kmeans;
}

static double plain_distance(const float *a, const float *b)
{
    double sum = 0.0;
    for (size_t d = 0; d < D; d++)
        sum += ((double)a[d] - (double)b[d]) * ((double)a[d] - (double)b[d]);
    return sum;
}

static void the_nearest_centroid_is_that_of_a_plain_loop(void)
{
    make_features();
    struct kmeans *kmeans = made(features, K);
    static uint16_t units[N];
    static double distances[N];
    kmeans_assign(units, distances, kmeans, features, N);
    for (size_t n = 0; n < N; n++) {
        size_t best = 0;
        for (size_t k = 1; k < K; k++)
            if (plain_distance(features + n * D, features + k * D) <
                plain_distance(features + n * D, features + best * D))
                best = k;
        CU_ASSERT_EQUAL(units[n], best);
        const double expected = plain_distance(features + n * D, features + best * D);
        CU_ASSERT(fabs(distances[n] - expected) <= 1e-12 * expected);
    }
    kmeans_destroy(kmeans);
}

static void bad_centroids_are_refused(void)
{
    struct kmeans *kmeans = NULL;
    static float bad[2 * D];
    make_features();
    check_status(kmeans_create(&kmeans, features, 0, D), STATUS_INVALID, "0 clusters");
    check_status(kmeans_create(&kmeans, features, K, 0), STATUS_INVALID, NULL);
    check_status(kmeans_create(&kmeans, features, 65536, D), STATUS_INVALID, "65536");
    bad[D + 1] = NAN;
    check_status(kmeans_create(&kmeans, bad, 2, D), STATUS_INVALID, "not finite");
    CU_ASSERT_PTR_NULL(kmeans);
    kmeans_destroy(NULL);
}

static struct kmeans_scale scale_of_features(void)
{
    struct kmeans_scale scale;
    check_status(kmeans_scale_choose(&scale, kmeans_magnitude(features, (size_t)N * D), N, D),
                 STATUS_OK, NULL);
    return scale;
}

/* Seeds as a driver would: `starts` is where each rank's share of the blocks begins. */
static void seed_centroids(float *centroids, const struct kmeans_scale *scale, const size_t *starts,
                           size_t ranks)
{
    static double nearest[N];
    for (size_t n = 0; n < N; n++)
        nearest[n] = INFINITY;
    size_t frame = (size_t)kmeans_seed_draw(42, 0, N);
    for (size_t k = 0; k < K; k++) {
        memcpy(centroids + k * D, features + frame * D, D * sizeof *centroids);
        int64_t totals[BLOCKS], sum = 0;
        for (size_t r = ranks; r-- > 0;)
            for (size_t b = starts[r]; b < starts[r + 1]; b++)
                check_status(kmeans_seed_update(nearest + b * BLOCK, &totals[b], scale,
                                                centroids + k * D, features + b * BLOCK * D, BLOCK,
                                                D),
                             STATUS_OK, NULL);
        for (size_t b = 0; b < BLOCKS; b++)
            sum += totals[b];
        int64_t threshold = kmeans_seed_draw(42, k + 1, sum);
        const size_t block = kmeans_seed_find(&threshold, totals, BLOCKS);
        frame = block * BLOCK + kmeans_seed_pick(nearest + block * BLOCK, scale, threshold, BLOCK);
        CU_ASSERT(nearest[frame] > 0.0);
    }
}

/* One Lloyd step; the farthest frames come along. Returns the inertia before the step. */
static double step(float *centroids, struct kmeans_far_frame *far, size_t *far_count,
                   const struct kmeans_scale *scale, const size_t *starts, size_t ranks)
{
    static int64_t totals[TOTALS], part[TOTALS];
    uint16_t units[BLOCK], empty[K];
    double distances[BLOCK];
    struct kmeans *kmeans = made(centroids, K);
    memset(totals, 0, sizeof totals);
    *far_count = 0;
    for (size_t r = ranks; r-- > 0;) {
        struct kmeans_far_frame own[5];
        size_t own_count = 0;
        memset(part, 0, sizeof part);
        for (size_t b = starts[r]; b < starts[r + 1]; b++) {
            const float *block = features + b * BLOCK * D;
            kmeans_assign(units, NULL, kmeans, block, BLOCK);
            kmeans_accumulate(part, distances, scale, units, centroids, block, BLOCK, K, D);
            kmeans_farthest_offer(own, &own_count, 5, distances, b * BLOCK, BLOCK);
        }
        for (size_t i = 0; i < TOTALS; i++)
            totals[i] += part[i];
        kmeans_farthest_merge(far, far_count, 5, own, own_count);
    }
    CU_ASSERT_EQUAL(kmeans_update(centroids, empty, totals, scale, K, D), 0);
    kmeans_destroy(kmeans);
    return kmeans_inertia(totals, scale, K, D);
}

static void any_number_of_ranks_gives_the_same_bits(void)
{
    const size_t shares[3][6] = { { 0, BLOCKS },
                                  { 0, 3, 3, 10, BLOCKS },
                                  { 0, 2, 5, 7, 11, BLOCKS } };
    const size_t ranks[3] = { 1, 4, 5 };
    static float centroids[3][K * D];
    double inertia[3] = { 0 };
    struct kmeans_far_frame far[3][5];
    make_features();
    const struct kmeans_scale scale = scale_of_features();
    for (size_t s = 0; s < 3; s++) {
        size_t far_count = 0;
        seed_centroids(centroids[s], &scale, shares[s], ranks[s]);
        double before = INFINITY;
        for (int i = 0; i < 6; i++) {
            inertia[s] = step(centroids[s], far[s], &far_count, &scale, shares[s], ranks[s]);
            CU_ASSERT(inertia[s] <= before);
            before = inertia[s];
        }
        CU_ASSERT_EQUAL(far_count, 5);
        CU_ASSERT_EQUAL(memcmp(centroids[s], centroids[0], sizeof centroids[0]), 0);
        CU_ASSERT_EQUAL(inertia[s], inertia[0]);
        for (size_t i = 0; i < 5; i++) {
            CU_ASSERT_EQUAL(far[s][i].frame, far[0][i].frame);
            CU_ASSERT_EQUAL(far[s][i].squared_distance, far[0][i].squared_distance);
            CU_ASSERT(i == 0 || far[s][i].squared_distance <= far[s][i - 1].squared_distance);
        }
    }
}

static void totals_hold_means_counts_and_inertia(void)
{
    make_features();
    const struct kmeans_scale scale = scale_of_features();
    struct kmeans *kmeans = made(features, K);
    static uint16_t units[N];
    static double distances[N], direct[N];
    static int64_t totals[TOTALS];
    float centroids[K * D];
    uint16_t empty[K];
    memcpy(centroids, features, sizeof centroids);
    memset(totals, 0, sizeof totals);
    kmeans_assign(units, direct, kmeans, features, N);
    kmeans_accumulate(totals, distances, &scale, units, features, features, N, K, D);
    CU_ASSERT_EQUAL(memcmp(distances, direct, sizeof distances), 0);
    CU_ASSERT_EQUAL(kmeans_totals_count(K, D), TOTALS);
    CU_ASSERT_EQUAL(kmeans_update(centroids, empty, totals, &scale, K, D), 0);
    double sum = 0.0, mean = 0.0;
    int64_t count = 0;
    for (size_t n = 0; n < N; n++) {
        sum += distances[n];
        mean += units[n] == 2 ? (double)features[n * D + 3] : 0.0;
        count += units[n] == 2;
    }
    CU_ASSERT_EQUAL(kmeans_occupancy(totals, K, D)[2], count);
    CU_ASSERT(fabs((double)centroids[2 * D + 3] - mean / (double)count) < 1e-5);
    CU_ASSERT(fabs(kmeans_inertia(totals, &scale, K, D) - sum) < 1e-9 * sum);
    kmeans_destroy(kmeans);
}

/* More frames than are sorted at a time, and unit numbers of two bytes. */
static void totals_of_many_clusters_are_those_of_a_plain_loop(void)
{
    enum { FRAMES = 5000, CLUSTERS = 700, WIDTH = 21 };
    static float rows[FRAMES * WIDTH], centroids[CLUSTERS * WIDTH];
    static uint16_t units[FRAMES];
    static double distances[FRAMES];
    static int64_t totals[CLUSTERS * WIDTH + CLUSTERS + 1], plain[CLUSTERS * WIDTH + CLUSTERS + 1];
    struct random_stream stream = random_stream_numbered(2, 0, "rows");
    for (size_t i = 0; i < (size_t)FRAMES * WIDTH; i++)
        rows[i] = (float)random_normal(&stream);
    for (size_t i = 0; i < (size_t)CLUSTERS * WIDTH; i++)
        centroids[i] = (float)random_normal(&stream);
    struct kmeans_scale scale;
    check_status(
        kmeans_scale_choose(&scale, kmeans_magnitude(rows, (size_t)FRAMES * WIDTH), FRAMES, WIDTH),
        STATUS_OK, NULL);
    for (size_t n = 0; n < FRAMES; n++) {
        units[n] = (uint16_t)(random_bits(&stream) % CLUSTERS);
        double distance = 0.0;
        for (size_t d = 0; d < WIDTH; d++) {
            const double x = (double)rows[n * WIDTH + d];
            const double difference = x - (double)centroids[units[n] * WIDTH + d];
            plain[units[n] * WIDTH + d] += llrint(ldexp(x, scale.feature_exponent));
            distance += difference * difference;
        }
        plain[CLUSTERS * WIDTH + units[n]]++;
        distances[n] = distance;
    }
    static double found[FRAMES];
    kmeans_accumulate(totals, found, &scale, units, centroids, rows, FRAMES, CLUSTERS, WIDTH);
    CU_ASSERT_EQUAL(memcmp(totals, plain, (CLUSTERS * WIDTH + CLUSTERS) * sizeof *totals), 0);
    for (size_t n = 0; n < FRAMES; n++)
        CU_ASSERT(fabs(found[n] - distances[n]) <= 1e-12 * distances[n]);
}

static void empty_clusters_are_listed_and_stay(void)
{
    make_features();
    const struct kmeans_scale scale = scale_of_features();
    const uint16_t units[2] = { 4, 4 };
    double distances[2];
    static int64_t totals[TOTALS];
    float centroids[K * D];
    uint16_t empty[K] = { 0 };
    for (size_t i = 0; i < (size_t)K * D; i++)
        centroids[i] = 5.0f;
    memset(totals, 0, sizeof totals);
    kmeans_accumulate(totals, distances, &scale, units, centroids, features, 2, K, D);
    CU_ASSERT_EQUAL(kmeans_update(centroids, empty, totals, &scale, K, D), K - 1);
    CU_ASSERT_EQUAL(empty[3], 3);
    CU_ASSERT_EQUAL(empty[4], 5);
    CU_ASSERT_EQUAL(centroids[3 * D], 5.0f);
    CU_ASSERT(fabsf(centroids[4 * D] - 0.5f * (features[0] + features[D])) < 1e-6f);
}

static void the_farthest_frames_come_first_and_lower_numbers_win_ties(void)
{
    const double distances[] = { 1.0, 9.0, 4.0, 9.0, 2.0, 9.0 };
    struct kmeans_far_frame list[4], other[4];
    size_t count = 0, other_count = 0;
    kmeans_farthest_offer(list, &count, 4, distances, 100, 6);
    const uint64_t expected[] = { 101, 103, 105, 102 };
    CU_ASSERT_EQUAL(count, 4);
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(list[i].frame, expected[i]);
    kmeans_farthest_offer(other, &other_count, 4, distances + 1, 50, 1);
    kmeans_farthest_merge(list, &count, 4, other, other_count);
    CU_ASSERT_EQUAL(list[0].frame, 50);
    CU_ASSERT_EQUAL(list[3].frame, 105);
    kmeans_farthest_offer(other, &other_count, 0, distances, 0, 0);
}

static void thresholds_fall_where_the_running_sum_says(void)
{
    const int64_t totals[] = { 0, 5, 0, 3, 2 };
    const size_t expected[] = { 1, 1, 1, 1, 1, 3, 3, 3, 4, 4 };
    for (int64_t t = 0; t < 10; t++) {
        int64_t left = t;
        CU_ASSERT_EQUAL(kmeans_seed_find(&left, totals, 5), expected[t]);
        CU_ASSERT(left >= 0 && left < 5);
    }
    const struct kmeans_scale whole = { .distance_exponent = 0 };
    const double nearest[] = { 0.0, 5.0, 0.0, 3.0, 2.0 };
    for (int64_t t = 0; t < 10; t++)
        CU_ASSERT_EQUAL(kmeans_seed_pick(nearest, &whole, t, 5), expected[t]);
}

static void draws_are_below_the_total_and_differ_by_centroid(void)
{
    unsigned seen = 0;
    for (size_t k = 0; k < 200; k++) {
        const int64_t drawn = kmeans_seed_draw(7, k, 5);
        CU_ASSERT(drawn >= 0 && drawn < 5);
        CU_ASSERT_EQUAL(drawn, kmeans_seed_draw(7, k, 5));
        seen |= 1u << drawn;
    }
    CU_ASSERT_EQUAL(seen, 31);
    CU_ASSERT_EQUAL(kmeans_seed_draw(7, 1, 1), 0);
    CU_ASSERT(kmeans_seed_draw(7, 1, INT64_MAX) >= 0);
}

static void extreme_scales_do_not_overflow(void)
{
    const float magnitudes[] = { 0.0f, 1e-38f, 1.0f, 1000.0f, 1e15f };
    const uint64_t frames[] = { 1, 3, 1u << 20, (uint64_t)1 << 40 };
    for (size_t m = 0; m < 5; m++)
        for (size_t f = 0; f < 4; f++) {
            struct kmeans_scale scale;
            check_status(kmeans_scale_choose(&scale, magnitudes[m], frames[f], 1024), STATUS_OK,
                         NULL);
            const double sum = (double)magnitudes[m] * (double)frames[f];
            const double distances = 4.0 * 1024.0 * (double)magnitudes[m] * sum;
            CU_ASSERT(ldexp(sum, scale.feature_exponent) <= 0x1p62);
            CU_ASSERT(ldexp(distances, scale.distance_exponent) <= 0x1p62);
        }
    struct kmeans_scale scale;
    check_status(kmeans_scale_choose(&scale, INFINITY, 1, 4), STATUS_INVALID, "finite");
    check_status(kmeans_scale_choose(&scale, NAN, 1, 4), STATUS_INVALID, "finite");
    check_status(kmeans_scale_choose(&scale, 1.0f, 0, 4), STATUS_INVALID, "0 frames");
    check_status(kmeans_scale_choose(&scale, 1.0f, UINT64_MAX, 4), STATUS_INVALID, "frames");
    check_status(kmeans_scale_choose(&scale, 1.0f, 1, 0), STATUS_INVALID, "width 0");
    const float some[] = { 1.0f, -7.0f, 2.0f }, bad[] = { 1.0f, NAN, 2.0f };
    CU_ASSERT_EQUAL(kmeans_magnitude(some, 3), 7.0f);
    CU_ASSERT(isinf(kmeans_magnitude(bad, 3)));
}

int main(int argc, char **argv)
{
    CU_TestInfo cases[] = {
        { "nearest as a plain loop finds it", the_nearest_centroid_is_that_of_a_plain_loop },
        { "bad centroids are refused", bad_centroids_are_refused },
        { "any number of ranks gives the same bits", any_number_of_ranks_gives_the_same_bits },
        { "totals hold means, counts, inertia", totals_hold_means_counts_and_inertia },
        { "totals of many clusters", totals_of_many_clusters_are_those_of_a_plain_loop },
        { "empty clusters are listed and stay", empty_clusters_are_listed_and_stay },
        { "the farthest come first", the_farthest_frames_come_first_and_lower_numbers_win_ties },
        { "thresholds fall where they should", thresholds_fall_where_the_running_sum_says },
        { "draws are below the total", draws_are_below_the_total_and_differ_by_centroid },
        { "extreme scales do not overflow", extreme_scales_do_not_overflow },
        CU_TEST_INFO_NULL,
    };
    return check_suite(argc, argv, "kmeans", cases);
}
