#include "tokenizers/speech/kmeans_fit.h"

#include "core/random.h"
#include "nn/multiversion.h"
#include "nn/squared_distance.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { SUM_BITS = 62, TERM_BITS = 51, FRAME_BITS_MAX = 40, WIDTH_MAX = 65536 };

/* Frames that are sorted by unit at a time, while they stay in the last cache. */
enum { STEP_FRAMES = 2048, BYTE_VALUES = 256, CACHE_LINE_FLOATS = 16 };

float kmeans_magnitude(const float *features, size_t count)
{
    float largest = 0.0f;
    for (size_t i = 0; i < count; i++) {
        const float magnitude = fabsf(features[i]);
        if (!(magnitude <= largest))
            largest = isfinite(magnitude) ? magnitude : INFINITY;
    }
    return largest;
}

/* The smallest b with value <= 2^b. */
static int bits_of(uint64_t value)
{
    int bits = 0;
    while (bits < 63 && value > (uint64_t)1 << bits)
        bits++;
    return bits;
}

enum status kmeans_scale_choose(struct kmeans_scale *scale, float magnitude, uint64_t frame_count,
                                size_t D)
{
    const int frame_bits = bits_of(frame_count), width_bits = bits_of(D);
    if (!isfinite(magnitude) || magnitude < 0.0f)
        return status_fail(STATUS_INVALID, "k-means: features are not finite");
    if (frame_count < 1 || frame_bits > FRAME_BITS_MAX || D < 1 || D > WIDTH_MAX)
        return status_fail(STATUS_INVALID, "k-means: %llu frames of width %zu",
                           (unsigned long long)frame_count, D);
    int magnitude_bits = 0;
    frexp((double)magnitude, &magnitude_bits); /* magnitude < 2^magnitude_bits */
    const int sum_bits = SUM_BITS - frame_bits;
    scale->feature_exponent = (sum_bits < TERM_BITS ? sum_bits : TERM_BITS) - magnitude_bits;
    /* A squared distance is at most D times (2 magnitude)^2; one bit more for its rounding. */
    scale->distance_exponent = SUM_BITS - 1 - 2 * (magnitude_bits + 1) - width_bits - frame_bits;
    return STATUS_OK;
}

size_t kmeans_totals_count(size_t K, size_t D)
{
    return K * D + K + 1;
}

/* A number below 2^51 in magnitude, added to this, stands rounded in the low bits of the sum. */
static const double rounder = 0x1.8p52;

ALWAYS_INLINE int64_t bits_of_double(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* As llrint, which has no vector form: the factor is a power of two, so the product is exact. */
MULTIVERSION static void add_row(int64_t *sums, const float *row, double factor, size_t D)
{
    for (size_t d = 0; d < D; d++)
        sums[d] += bits_of_double((double)row[d] * factor + rounder) - bits_of_double(rounder);
}

/* Sorts `order` [N], N <= STEP_FRAMES, by a byte of the frames' units; equal ones stay in order. */
static void sort_by_byte(uint16_t *order, const uint16_t *units, size_t N, unsigned shift)
{
    uint16_t before[STEP_FRAMES], places[BYTE_VALUES + 1] = { 0 };
    memcpy(before, order, N * sizeof *order);
    for (size_t n = 0; n < N; n++)
        places[(units[n] >> shift & 255) + 1]++;
    for (size_t v = 0; v < BYTE_VALUES; v++)
        places[v + 1] = (uint16_t)(places[v + 1] + places[v]);
    for (size_t n = 0; n < N; n++)
        order[places[units[before[n]] >> shift & 255]++] = before[n];
}

static void fetch_row(const float *row, size_t D)
{
    for (size_t d = 0; d < D; d += CACHE_LINE_FLOATS)
        __builtin_prefetch(row + d);
}

/* Cluster by cluster, so that a centroid and its sums stay in the first cache. */
static void add_step(int64_t *totals, double *squared_distances, const struct kmeans_scale *scale,
                     const uint16_t *units, const float *centroids, const float *features, size_t N,
                     size_t K, size_t D)
{
    const double feature_factor = ldexp(1.0, scale->feature_exponent);
    const double distance_factor = ldexp(1.0, scale->distance_exponent);
    int64_t *counts = totals + K * D, *inertia = counts + K;
    uint16_t order[STEP_FRAMES];
    for (size_t n = 0; n < N; n++)
        order[n] = (uint16_t)n;
    sort_by_byte(order, units, N, 0);
    if (K > BYTE_VALUES)
        sort_by_byte(order, units, N, 8);
    for (size_t i = 0; i < N; i++) {
        const size_t n = order[i], k = units[n];
        assert(k < K);
        if (i + 1 < N)
            fetch_row(features + order[i + 1] * D, D);
        squared_distances[n] = squared_distance(features + n * D, centroids + k * D, D);
        add_row(totals + k * D, features + n * D, feature_factor, D);
        counts[k]++;
        *inertia += llrint(squared_distances[n] * distance_factor);
    }
}

void kmeans_accumulate(int64_t *totals, double *squared_distances, const struct kmeans_scale *scale,
                       const uint16_t *units, const float *centroids, const float *features,
                       size_t N, size_t K, size_t D)
{
    for (size_t first = 0; first < N; first += STEP_FRAMES) {
        const size_t left = N - first, count = left < STEP_FRAMES ? left : STEP_FRAMES;
        add_step(totals, squared_distances + first, scale, units + first, centroids,
                 features + first * D, count, K, D);
    }
}

size_t kmeans_update(float *centroids, uint16_t *empty, const int64_t *totals,
                     const struct kmeans_scale *scale, size_t K, size_t D)
{
    const double factor = ldexp(1.0, -scale->feature_exponent);
    const int64_t *counts = kmeans_occupancy(totals, K, D);
    size_t empty_count = 0;
    for (size_t k = 0; k < K; k++) {
        if (counts[k] == 0) {
            empty[empty_count++] = (uint16_t)k;
            continue;
        }
        for (size_t d = 0; d < D; d++)
            centroids[k * D + d] = (float)((double)totals[k * D + d] / (double)counts[k] * factor);
    }
    return empty_count;
}

const int64_t *kmeans_occupancy(const int64_t *totals, size_t K, size_t D)
{
    return totals + K * D;
}

double kmeans_inertia(const int64_t *totals, const struct kmeans_scale *scale, size_t K, size_t D)
{
    return ldexp((double)totals[K * D + K], -scale->distance_exponent);
}

static int is_farther(const struct kmeans_far_frame *a, const struct kmeans_far_frame *b)
{
    return a->squared_distance > b->squared_distance ||
           (a->squared_distance == b->squared_distance && a->frame < b->frame);
}

static void insert(struct kmeans_far_frame *list, size_t *count, size_t count_max,
                   const struct kmeans_far_frame *offered)
{
    if (*count == count_max) {
        if (count_max == 0 || !is_farther(offered, &list[count_max - 1]))
            return;
        (*count)--;
    }
    size_t at = (*count)++;
    for (; at > 0 && is_farther(offered, &list[at - 1]); at--)
        list[at] = list[at - 1];
    list[at] = *offered;
}

void kmeans_farthest_offer(struct kmeans_far_frame *list, size_t *count, size_t count_max,
                           const double *squared_distances, uint64_t first_frame, size_t N)
{
    for (size_t n = 0; n < N; n++)
        insert(list, count, count_max,
               &(struct kmeans_far_frame){ squared_distances[n], first_frame + n });
}

void kmeans_farthest_merge(struct kmeans_far_frame *list, size_t *count, size_t count_max,
                           const struct kmeans_far_frame *other, size_t other_count)
{
    for (size_t i = 0; i < other_count; i++)
        insert(list, count, count_max, &other[i]);
}

enum status kmeans_seed_update(double *nearest, int64_t *block_total,
                               const struct kmeans_scale *scale, const float *centroid,
                               const float *features, size_t N, size_t D)
{
    const double factor = ldexp(1.0, scale->distance_exponent);
    *block_total = 0;
    if (!isfinite(kmeans_magnitude(centroid, D)))
        return status_fail(STATUS_INVALID, "k-means: a centroid is not finite");
    for (size_t n = 0; n < N; n++) {
        const double distance = squared_distance(features + n * D, centroid, D);
        if (distance < nearest[n])
            nearest[n] = distance;
        *block_total += llrint(nearest[n] * factor);
    }
    return STATUS_OK;
}

int64_t kmeans_seed_draw(uint64_t seed, size_t centroid_index, int64_t total)
{
    assert(total >= 1);
    struct random_stream stream = random_stream_numbered(seed, centroid_index, "k-means++");
    const uint64_t bound = (uint64_t)total;
    const uint64_t usable = UINT64_MAX - UINT64_MAX % bound; /* the rest would favour low numbers */
    uint64_t bits = usable;
    while (bits >= usable) {
        const uint64_t high = random_bits(&stream), low = random_bits(&stream);
        bits = high << 32 | low;
    }
    return (int64_t)(bits % bound);
}

size_t kmeans_seed_find(int64_t *threshold, const int64_t *totals, size_t count)
{
    assert(count >= 1);
    size_t i = 0;
    while (i + 1 < count && *threshold >= totals[i])
        *threshold -= totals[i++];
    return i;
}

size_t kmeans_seed_pick(const double *nearest, const struct kmeans_scale *scale, int64_t threshold,
                        size_t N)
{
    assert(N >= 1);
    const double factor = ldexp(1.0, scale->distance_exponent);
    size_t n = 0;
    int64_t share = llrint(nearest[0] * factor);
    while (n + 1 < N && threshold >= share) {
        threshold -= share;
        share = llrint(nearest[++n] * factor);
    }
    return n;
}
