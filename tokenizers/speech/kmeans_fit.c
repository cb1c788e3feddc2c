#include "tokenizers/speech/kmeans_fit.h"

#include "core/random.h"
#include "nn/multiversion.h"
#include "nn/nearest_row.h"

#include <assert.h>
#include <math.h>

enum { SUM_BITS = 62, FRAME_BITS_MAX = 40, WIDTH_MAX = 65536, SEED_TILE = 256, ROW_PART = 256 };

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
    scale->feature_exponent = SUM_BITS - magnitude_bits - frame_bits;
    /* A squared distance is at most D times (2 magnitude)^2; one bit more for its rounding. */
    scale->distance_exponent = SUM_BITS - 1 - 2 * (magnitude_bits + 1) - width_bits - frame_bits;
    return STATUS_OK;
}

size_t kmeans_totals_count(size_t K, size_t D)
{
    return K * D + K + 1;
}

/* As llrint, which has no vector form: the factor is a power of two, so the product is exact, and
 * every version rounds alike. Rounding and converting stand in two loops, since the compiler would
 * make them llrint again. */
MULTIVERSION static void add_row(int64_t *sums, const float *row, double factor, size_t D)
{
    double rounded[ROW_PART];
    for (size_t first = 0; first < D; first += ROW_PART) {
        const size_t count = D - first < ROW_PART ? D - first : ROW_PART;
        for (size_t d = 0; d < count; d++)
            rounded[d] = rint((double)row[first + d] * factor);
        for (size_t d = 0; d < count; d++)
            sums[first + d] += (int64_t)rounded[d];
    }
}

void kmeans_accumulate(int64_t *totals, const struct kmeans_scale *scale, const uint16_t *units,
                       const double *squared_distances, const float *features, size_t N, size_t K,
                       size_t D)
{
    const double feature_factor = ldexp(1.0, scale->feature_exponent);
    const double distance_factor = ldexp(1.0, scale->distance_exponent);
    int64_t *counts = totals + K * D, *inertia = counts + K;
    for (size_t n = 0; n < N; n++) {
        assert(units[n] < K);
        add_row(totals + units[n] * D, features + n * D, feature_factor, D);
        counts[units[n]]++;
        *inertia += llrint(squared_distances[n] * distance_factor);
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
    struct nearest_row_search *search = NULL;
    const double factor = ldexp(1.0, scale->distance_exponent);
    *block_total = 0;
    const enum status outcome = nearest_row_create(&search, centroid, 1, D);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t first = 0; first < N; first += SEED_TILE) {
        uint16_t always_zero[SEED_TILE];
        double distances[SEED_TILE];
        const size_t count = N - first < SEED_TILE ? N - first : SEED_TILE;
        nearest_row_find(always_zero, distances, search, features + first * D, count);
        for (size_t i = 0; i < count; i++) {
            if (distances[i] < nearest[first + i])
                nearest[first + i] = distances[i];
            *block_total += llrint(nearest[first + i] * factor);
        }
    }
    nearest_row_destroy(search);
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
