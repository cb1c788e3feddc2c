#include "stages/distributed_fit.h"

#include "cluster/stop.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/kmeans_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A fit as it runs on this rank. */
struct fit {
    struct distributed_fit *result;
    const struct frame_sample *sample;
    const struct team *team;
    size_t clusters, width;
    uint64_t seed;
    struct kmeans_scale scale;
    uint64_t first_frame[FRAME_SAMPLE_SHARDS_MAX + 1]; /* of each block, in the whole sample */
    int64_t *totals;                                   /* [kmeans_totals_count] */
    uint16_t *empty;                                   /* [clusters] */
    double **distances;                /* [own blocks][rows]: to the nearest centre */
    uint16_t **units;                  /* [own blocks][rows] */
    struct kmeans_far_frame *farthest; /* [clusters] */
    size_t farthest_count;
};

static enum status allocate_result(struct fit *fit, size_t iterations_max)
{
    struct distributed_fit *result = fit->result;
    result->centroids = calloc(fit->clusters * fit->width, sizeof *result->centroids);
    result->inertia = calloc(iterations_max, sizeof *result->inertia);
    result->occupancy = calloc(fit->clusters, sizeof *result->occupancy);
    const bool is_whole =
        result->centroids != NULL && result->inertia != NULL && result->occupancy != NULL;
    return is_whole ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "k-means: no memory");
}

static enum status allocate(struct fit *fit)
{
    const struct frame_sample *sample = fit->sample;
    fit->totals = calloc(kmeans_totals_count(fit->clusters, fit->width), sizeof *fit->totals);
    fit->empty = calloc(fit->clusters, sizeof *fit->empty);
    fit->farthest = calloc(fit->clusters, sizeof *fit->farthest);
    fit->distances = calloc(sample->own_count + 1, sizeof *fit->distances);
    fit->units = calloc(sample->own_count + 1, sizeof *fit->units);
    bool is_whole = fit->totals != NULL && fit->empty != NULL && fit->farthest != NULL &&
                    fit->distances != NULL && fit->units != NULL;
    for (size_t b = 0; b < sample->own_count && is_whole; b++) {
        fit->distances[b] = malloc((sample->blocks[b].rows + 1) * sizeof(double));
        fit->units[b] = calloc(sample->blocks[b].rows + 1, sizeof(uint16_t));
        is_whole = fit->distances[b] != NULL && fit->units[b] != NULL;
    }
    return is_whole ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "k-means: no memory");
}

static void release(struct fit *fit)
{
    for (size_t b = 0; b < fit->sample->own_count; b++) {
        if (fit->distances != NULL)
            free(fit->distances[b]);
        if (fit->units != NULL)
            free(fit->units[b]);
    }
    free(fit->distances);
    free(fit->units);
    free(fit->totals);
    free(fit->empty);
    free(fit->farthest);
}

/* Fixed points from the largest magnitude on any rank: the bits of a float that is not negative
 * order as it does. */
static enum status choose_scale(struct fit *fit)
{
    float magnitude = 0.0f;
    uint32_t bits = 0;
    for (size_t b = 0; b < fit->sample->own_count; b++) {
        const struct frame_block *block = &fit->sample->blocks[b];
        magnitude = fmaxf(magnitude, kmeans_magnitude(block->values, block->rows * fit->width));
    }
    memcpy(&bits, &magnitude, sizeof bits);
    int64_t largest = bits;
    team_maximum(fit->team, &largest, 1);
    bits = (uint32_t)largest;
    memcpy(&magnitude, &bits, sizeof magnitude);
    return kmeans_scale_choose(&fit->scale, magnitude, fit->sample->total_rows, fit->width);
}

static size_t block_of_frame(const struct fit *fit, uint64_t frame)
{
    size_t number = 0;
    while (frame >= fit->first_frame[number + 1])
        number++;
    return number;
}

/* Gives every rank the frame of that number. Its bits travel as an integer sum in which all ranks
 * but the owner hold zeros. */
static enum status share_frame(float *values, const struct fit *fit, uint64_t frame)
{
    const size_t number = block_of_frame(fit, frame);
    const size_t row = (size_t)(frame - fit->first_frame[number]);
    int64_t *bits = calloc(fit->width, sizeof *bits);
    enum status outcome = STATUS_OK;
    if (bits == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "k-means: no memory");
    outcome = team_agree(fit->team, "share frame", outcome);
    for (size_t b = 0; b < fit->sample->own_count && outcome == STATUS_OK; b++) {
        const struct frame_block *block = &fit->sample->blocks[b];
        for (size_t d = 0; block->number == number && d < fit->width; d++) {
            uint32_t word;
            memcpy(&word, &block->values[row * fit->width + d], sizeof word);
            bits[d] = word;
        }
    }
    if (outcome == STATUS_OK)
        team_sum(fit->team, bits, fit->width);
    for (size_t d = 0; d < fit->width && outcome == STATUS_OK; d++) {
        const uint32_t word = (uint32_t)bits[d];
        memcpy(&values[d], &word, sizeof word);
    }
    free(bits);
    return outcome;
}

/* The next centre: a frame drawn in proportion to its squared distance from the centres so far. */
static enum status seed_next(struct fit *fit, size_t cluster)
{
    int64_t totals[FRAME_SAMPLE_SHARDS_MAX] = { 0 }, sum = 0, row = 0;
    const float *newest = fit->result->centroids + (cluster - 1) * fit->width;
    enum status outcome = STATUS_OK;
    for (size_t b = 0; b < fit->sample->own_count && outcome == STATUS_OK; b++) {
        const struct frame_block *block = &fit->sample->blocks[b];
        outcome = kmeans_seed_update(fit->distances[b], &totals[block->number], &fit->scale, newest,
                                     block->values, block->rows, fit->width);
    }
    outcome = team_agree(fit->team, "measure seeds", outcome);
    if (outcome != STATUS_OK)
        return outcome;
    team_sum(fit->team, totals, fit->sample->block_count);
    for (size_t b = 0; b < fit->sample->block_count; b++)
        sum += totals[b];
    if (sum == 0)
        return status_fail(STATUS_INVALID,
                           "k-means: the sample holds %zu different frames, fewer than the %zu "
                           "clusters asked for",
                           cluster, fit->clusters);
    int64_t threshold = kmeans_seed_draw(fit->seed, cluster, sum);
    const size_t number = kmeans_seed_find(&threshold, totals, fit->sample->block_count);
    for (size_t b = 0; b < fit->sample->own_count; b++)
        if (fit->sample->blocks[b].number == number)
            row = (int64_t)kmeans_seed_pick(fit->distances[b], &fit->scale, threshold,
                                            fit->sample->blocks[b].rows);
    team_sum(fit->team, &row, 1);
    return share_frame(fit->result->centroids + cluster * fit->width, fit,
                       fit->first_frame[number] + (uint64_t)row);
}

static enum status seed_centres(struct fit *fit)
{
    const int64_t first = kmeans_seed_draw(fit->seed, 0, (int64_t)fit->sample->total_rows);
    for (size_t b = 0; b < fit->sample->own_count; b++)
        for (size_t r = 0; r < fit->sample->blocks[b].rows; r++)
            fit->distances[b][r] = INFINITY;
    enum status outcome = share_frame(fit->result->centroids, fit, (uint64_t)first);
    for (size_t k = 1; k < fit->clusters && outcome == STATUS_OK; k++)
        outcome = seed_next(fit, k);
    return outcome;
}

static size_t largest_block(const struct fit *fit)
{
    size_t rows = 1;
    for (size_t b = 0; b < fit->sample->own_count; b++)
        if (fit->sample->blocks[b].rows > rows)
            rows = fit->sample->blocks[b].rows;
    return rows;
}

/* One block: units, sums, and the frames that are farthest away. Returns how many units changed. */
static int64_t assign_block(struct fit *fit, struct kmeans *kmeans, size_t own, uint16_t *before)
{
    const struct frame_block *block = &fit->sample->blocks[own];
    uint16_t *units = fit->units[own];
    double *distances = fit->distances[own];
    int64_t changed = 0;
    memcpy(before, units, block->rows * sizeof *before);
    kmeans_assign(units, NULL, kmeans, block->values, block->rows);
    kmeans_accumulate(fit->totals, distances, &fit->scale, units, fit->result->centroids,
                      block->values, block->rows, fit->clusters, fit->width);
    kmeans_farthest_offer(fit->farthest, &fit->farthest_count, fit->clusters, distances,
                          fit->first_frame[block->number], block->rows);
    for (size_t r = 0; r < block->rows; r++)
        changed += before[r] != units[r];
    return changed;
}

static enum status assign(int64_t *changed, struct fit *fit)
{
    const size_t totals_count = kmeans_totals_count(fit->clusters, fit->width);
    struct kmeans *kmeans = NULL;
    uint16_t *before = calloc(largest_block(fit), sizeof *before);
    enum status outcome = kmeans_create(&kmeans, fit->result->centroids, fit->clusters, fit->width);
    if (outcome == STATUS_OK && before == NULL)
        outcome = status_fail(STATUS_NO_MEMORY, "k-means: no memory");
    outcome = team_agree(fit->team, "prepare assignment", outcome);

    memset(fit->totals, 0, totals_count * sizeof *fit->totals);
    fit->farthest_count = 0;
    *changed = 0;
    for (size_t b = 0; b < fit->sample->own_count && outcome == STATUS_OK; b++)
        *changed += assign_block(fit, kmeans, b, before);
    free(before);
    kmeans_destroy(kmeans);
    if (outcome == STATUS_OK) {
        team_sum(fit->team, fit->totals, totals_count);
        team_sum(fit->team, changed, 1);
    }
    return outcome;
}

/* The farthest frames over all ranks, on all of them. */
static enum status merge_farthest(struct fit *fit)
{
    struct kmeans_far_frame *all = NULL;
    size_t all_bytes = 0;
    enum status outcome = team_gather((void **)&all, &all_bytes, fit->team, fit->farthest,
                                      fit->farthest_count * sizeof *all);
    if (outcome == STATUS_OK && fit->team->rank == 0) {
        fit->farthest_count = 0;
        kmeans_farthest_merge(fit->farthest, &fit->farthest_count, fit->clusters, all,
                              all_bytes / sizeof *all);
    }
    free(all);
    if (outcome == STATUS_OK) {
        team_broadcast(fit->team, &fit->farthest_count, sizeof fit->farthest_count, 0);
        team_broadcast(fit->team, fit->farthest, fit->farthest_count * sizeof *fit->farthest, 0);
    }
    return outcome;
}

static enum status update(struct fit *fit)
{
    float *centroids = fit->result->centroids;
    const size_t empty_count =
        kmeans_update(centroids, fit->empty, fit->totals, &fit->scale, fit->clusters, fit->width);
    enum status outcome = empty_count > 0 ? merge_farthest(fit) : STATUS_OK;
    for (size_t e = 0; e < empty_count && e < fit->farthest_count && outcome == STATUS_OK; e++)
        outcome = share_frame(centroids + fit->empty[e] * fit->width, fit, fit->farthest[e].frame);
    fit->result->reseeded += empty_count;
    return outcome;
}

static void note_iteration(struct fit *fit, size_t iteration)
{
    const int64_t *occupancy = kmeans_occupancy(fit->totals, fit->clusters, fit->width);
    fit->result->inertia[iteration] =
        kmeans_inertia(fit->totals, &fit->scale, fit->clusters, fit->width) /
        (double)fit->sample->total_rows;
    for (size_t k = 0; k < fit->clusters; k++)
        fit->result->occupancy[k] = (uint64_t)occupancy[k];
}

static enum status iterate(struct fit *fit, size_t iterations_max)
{
    struct distributed_fit *result = fit->result;
    enum status outcome = STATUS_OK;
    while (outcome == STATUS_OK && result->iterations < iterations_max && !result->has_converged) {
        int64_t changed = 0;
        outcome = assign(&changed, fit);
        if (outcome == STATUS_OK && team_any(fit->team, stop_requested()))
            outcome = status_fail(STATUS_STOPPED,
                                  "stopped by a signal; %s begins anew when it is run again",
                                  fit->sample->options.stage);
        if (outcome != STATUS_OK)
            return outcome;
        note_iteration(fit, result->iterations);
        result->has_converged = result->iterations++ > 0 && changed == 0;
        if (!result->has_converged)
            outcome = update(fit);
    }
    return outcome;
}

/* Sets up a fit over the sample: memory, numbers of frames, fixed points. */
static enum status prepare(struct fit *fit, size_t iterations_max)
{
    const struct frame_sample *sample = fit->sample;
    const bool is_seeded = fit->result->centroids != NULL;
    enum status outcome = STATUS_OK;
    for (size_t b = 0; b < sample->block_count; b++)
        fit->first_frame[b + 1] = fit->first_frame[b] + (uint64_t)sample->rows[b];
    if (!is_seeded && sample->total_rows < fit->clusters)
        outcome = status_fail(STATUS_INVALID, "k-means: %llu frames, %zu clusters were asked for",
                              (unsigned long long)sample->total_rows, fit->clusters);
    if (outcome == STATUS_OK && !is_seeded)
        outcome = allocate_result(fit, iterations_max);
    if (outcome == STATUS_OK)
        outcome = allocate(fit);
    outcome = team_agree(fit->team, "prepare k-means", outcome);
    if (outcome == STATUS_OK)
        outcome = team_agree(fit->team, "choose fixed point", choose_scale(fit));
    return outcome == STATUS_OK && !is_seeded ? seed_centres(fit) : outcome;
}

enum status distributed_fit_run(struct distributed_fit *result, const struct frame_sample *sample,
                                const struct team *team, size_t clusters, size_t iterations_max,
                                uint64_t seed)
{
    *result = (struct distributed_fit){ .frames = sample->total_rows };
    struct fit fit = { .result = result,
                       .sample = sample,
                       .team = team,
                       .clusters = clusters,
                       .width = sample->width,
                       .seed = seed };
    enum status outcome = prepare(&fit, iterations_max);
    if (outcome == STATUS_OK)
        outcome = iterate(&fit, iterations_max);
    release(&fit);
    return outcome;
}

/* With s frames of a centre so far and n more of mean m, it moves by (m - centre) n / (s + n). */
static void move_centres(struct fit *fit)
{
    const int64_t *counts = kmeans_occupancy(fit->totals, fit->clusters, fit->width);
    const double factor = ldexp(1.0, -fit->scale.feature_exponent);
    for (size_t k = 0; k < fit->clusters; k++) {
        fit->result->occupancy[k] += (uint64_t)counts[k];
        const double seen = (double)fit->result->occupancy[k], count = (double)counts[k];
        float *centroid = fit->result->centroids + k * fit->width;
        for (size_t d = 0; counts[k] > 0 && d < fit->width; d++) {
            const double sum = (double)fit->totals[k * fit->width + d] * factor;
            centroid[d] = (float)((double)centroid[d] + (sum - count * (double)centroid[d]) / seen);
        }
    }
}

enum status distributed_fit_add_batch(struct distributed_fit *result,
                                      const struct frame_sample *sample, const struct team *team,
                                      size_t clusters, size_t batches_max, uint64_t seed)
{
    struct fit fit = { .result = result,
                       .sample = sample,
                       .team = team,
                       .clusters = clusters,
                       .width = sample->width,
                       .seed = seed };
    int64_t changed = 0;
    if (result->centroids != NULL && sample->total_rows == 0)
        return STATUS_OK;
    enum status outcome = prepare(&fit, batches_max);
    if (outcome == STATUS_OK)
        outcome = assign(&changed, &fit);
    if (outcome == STATUS_OK) {
        result->inertia[result->iterations++] =
            kmeans_inertia(fit.totals, &fit.scale, clusters, fit.width) /
            (double)sample->total_rows;
        result->frames += sample->total_rows;
        move_centres(&fit);
    }
    release(&fit);
    return outcome;
}

void distributed_fit_end(struct distributed_fit *result)
{
    free(result->centroids);
    free(result->inertia);
    free(result->occupancy);
    *result = (struct distributed_fit){ 0 };
}
