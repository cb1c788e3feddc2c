/** K-means fitting in pieces for any number of ranks, with the same bits for all of them.
 *
 * Sums are whole numbers: features and distances are put into fixed point with a power-of-two scale
 * and added as int64, so that order and grouping do not matter. The frames are numbered; a block of
 * frames is worked on whole, by whoever has it. Nothing here talks to other ranks or allocates. The
 * caller's part, for all ranks together:
 *
 * 1. Scale: the MAX of kmeans_magnitude over the ranks, kmeans_scale_choose.
 * 2. Seeding: the frame of kmeans_seed_draw(seed, 0, frames) is centroid 0. Then for k = 1 .. K -
 * 1: kmeans_seed_update of each block with centroid k - 1; block totals gathered in block order;
 *    kmeans_seed_draw(seed, k, their sum); kmeans_seed_find the block; its owner kmeans_seed_pick
 *    the frame and broadcasts the row.
 * 3. Lloyd: clear totals; for each block kmeans_assign, kmeans_accumulate, kmeans_farthest_offer;
 *    the SUM of totals as int64; kmeans_update. Where clusters came out empty, gather the farthest
 *    lists, kmeans_farthest_merge them, and the i-th empty cluster gets the row of the i-th frame
 *    from its owner.
 *
 * Source: Lloyd 1982; Arthur and Vassilvitskii 2007 for the seeding. Against scikit-learn's Lloyd
 * in double from the same start: centroids within 1e-5, inertia within 1e-5 relative
 * (tests/golden/kmeans).
 */
#ifndef TOKENIZERS_SPEECH_KMEANS_FIT_H
#define TOKENIZERS_SPEECH_KMEANS_FIT_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/** How numbers become whole ones: times two to the power of the exponent. */
struct kmeans_scale {
    int feature_exponent;  /* for sums of features */
    int distance_exponent; /* for sums of squared distances */
};

/** The largest magnitude in features [count]; infinity where a value is not finite. Local. */
float kmeans_magnitude(const float *features, size_t count);

/** Chooses the finest scale with which no sum over `frame_count` frames of width D can overflow,
 * with features of at most `magnitude`, of which centroids are means or rows. Errors:
 * STATUS_INVALID for a magnitude that is not finite, no frames or more than 2^40, or D outside 1 ..
 * 65,536. */
enum status kmeans_scale_choose(struct kmeans_scale *scale, float magnitude, uint64_t frame_count,
                                size_t D);

/** Length of a totals array: K * D sums of features by cluster, K counts of frames, and the sum of
 * squared distances, all int64 and all to be added up over blocks and ranks. */
size_t kmeans_totals_count(size_t K, size_t D);

/** Adds a block to the totals, cluster by cluster. Local. A block of some thousand frames that was
 * assigned just before is still in the last cache.
 *
 *     totals            [kmeans_totals_count(K, D)]  in and out
 *     squared_distances [N]     out  of each frame to its centroid, summed in double
 *     units             [N]     in   0 .. K - 1
 *     centroids         [K][D]  in   those that the frames were assigned to
 *     features          [N][D]  in */
void kmeans_accumulate(int64_t *totals, double *squared_distances, const struct kmeans_scale *scale,
                       const uint16_t *units, const float *centroids, const float *features,
                       size_t N, size_t K, size_t D);

/** Moves each centroid to the mean of its frames; an empty cluster's stays. Local.
 *
 *     centroids [K][D]  in and out
 *     empty     [K]     out  the clusters without a frame, ascending; the number of them is
 * returned totals            in   of all frames */
size_t kmeans_update(float *centroids, uint16_t *empty, const int64_t *totals,
                     const struct kmeans_scale *scale, size_t K, size_t D);

/** The frames of each cluster [K], borrowed from the totals. */
const int64_t *kmeans_occupancy(const int64_t *totals, size_t K, size_t D);

/** The sum of squared distances in the totals: of the centroids that the frames were assigned to.
 */
double kmeans_inertia(const int64_t *totals, const struct kmeans_scale *scale, size_t K, size_t D);

/** A frame and how far it is from its centroid. */
struct kmeans_far_frame {
    double squared_distance;
    uint64_t frame; /* its global number */
};

/** Keeps the farthest frames seen so far: falling by distance, the lower number first on a tie.
 * Local.
 *
 *     list [count_max]        in and out, of which `*count` are used; at first 0
 *     squared_distances [N]   in  of frames first_frame, first_frame + 1, ... */
void kmeans_farthest_offer(struct kmeans_far_frame *list, size_t *count, size_t count_max,
                           const double *squared_distances, uint64_t first_frame, size_t N);

/** Puts another list into this one. The result does not depend on the order of merging. Local. */
void kmeans_farthest_merge(struct kmeans_far_frame *list, size_t *count, size_t count_max,
                           const struct kmeans_far_frame *other, size_t other_count);

/** Lowers each frame's squared distance to the nearest centroid so far, for one more centroid.
 * Local.
 *
 *     nearest     [N]     in and out  at first INFINITY
 *     block_total         out         their sum in fixed point
 *     centroid    [D]     in
 *     features    [N][D]  in
 *
 * Errors: STATUS_INVALID for a centroid that is not finite. */
enum status kmeans_seed_update(double *nearest, int64_t *block_total,
                               const struct kmeans_scale *scale, const float *centroid,
                               const float *features, size_t N, size_t D);

/** A number in 0 .. total - 1, from (seed, centroid index) only; total >= 1. A total of 0 (the
 * caller checks) means that there are fewer different frames than clusters. */
int64_t kmeans_seed_draw(uint64_t seed, size_t centroid_index, int64_t total);

/** The first entry with which the running sum of totals [count] exceeds `*threshold`, which becomes
 * what is left of it for that entry. The threshold is below the sum of all. */
size_t kmeans_seed_find(int64_t *threshold, const int64_t *totals, size_t count);

/** The frame of the block, 0 .. N - 1, that a threshold below the block's total falls on. */
size_t kmeans_seed_pick(const double *nearest, const struct kmeans_scale *scale, int64_t threshold,
                        size_t N);

#endif
