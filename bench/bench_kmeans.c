#include "bench/bench_works.h"
#include "core/random.h"
#include "tokenizers/speech/kmeans.h"
#include "tokenizers/speech/kmeans_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Frames over all ranks; rows of a block, as a sample over 256 shards has them. */
enum { FRAMES = 500000, BLOCK_ROWS = 2000, K = 200, D = 768, NOISE_ROWS = 4099, SEED = 1 };

struct work {
    const struct team *team; /* borrowed */
    float *frames;           /* [own][D] */
    uint64_t first;          /* of the own frames, in the whole sample */
    size_t own;
    float *centroids; /* [K][D] */
    struct kmeans_scale scale;
    int64_t *totals;   /* [kmeans_totals_count] */
    uint16_t *units;   /* [BLOCK_ROWS] */
    double *distances; /* [BLOCK_ROWS] */
    uint16_t *empty;   /* [K] */
    struct kmeans_far_frame farthest[K];
};

void bench_kmeans_close(void *self)
{
    struct work *work = self;
    if (work == NULL)
        return;
    free(work->frames);
    free(work->centroids);
    free(work->totals);
    free(work->units);
    free(work->distances);
    free(work->empty);
    free(work);
}

static enum status allocate(struct work *work, const struct team *team)
{
    const uint64_t size = (uint64_t)team->size, rank = (uint64_t)team->rank;
    work->team = team;
    work->first = FRAMES * rank / size;
    work->own = (size_t)(FRAMES * (rank + 1) / size - work->first);
    work->frames = malloc((work->own + 1) * D * sizeof *work->frames);
    work->centroids = malloc((size_t)K * D * sizeof *work->centroids);
    work->totals = calloc(kmeans_totals_count(K, D), sizeof *work->totals);
    work->units = calloc(BLOCK_ROWS, sizeof *work->units);
    work->distances = calloc(BLOCK_ROWS, sizeof *work->distances);
    work->empty = calloc(K, sizeof *work->empty);
    if (work->frames == NULL || work->centroids == NULL || work->totals == NULL ||
        work->units == NULL || work->distances == NULL || work->empty == NULL)
        return status_fail(STATUS_NO_MEMORY, "%zu frames of %d values", work->own, D);
    return STATUS_OK;
}

/* Clusters that overlap: each frame is a centre and a row of noise, combined anew for each. */
static enum status make_frames(struct work *work)
{
    float *noise = malloc((size_t)NOISE_ROWS * D * sizeof *noise);
    if (noise == NULL)
        return status_fail(STATUS_NO_MEMORY, "%d rows of noise", NOISE_ROWS);
    struct random_stream stream = random_stream_for(SEED, "bench", "frames");
    for (size_t i = 0; i < (size_t)NOISE_ROWS * D; i++)
        noise[i] = (float)(2.0 * random_uniform(&stream) - 1.0);
    for (size_t i = 0; i < (size_t)K * D; i++)
        work->centroids[i] = (float)(0.4 * random_uniform(&stream) - 0.2);
    for (size_t n = 0; n < work->own; n++) {
        const uint64_t number = work->first + n;
        const float *centre = work->centroids + number % K * D;
        const float *row = noise + number % NOISE_ROWS * D;
        for (size_t d = 0; d < D; d++)
            work->frames[n * D + d] = centre[d] + row[d];
    }
    free(noise);
    return kmeans_scale_choose(&work->scale, 2.0f, FRAMES, D);
}

enum status bench_kmeans_open(void **self, double *gflop_per_item,
                              const struct bench_setting *setting)
{
    struct work *work = calloc(1, sizeof *work);
    *self = NULL;
    if (work == NULL)
        return status_fail(STATUS_NO_MEMORY, "k-means: no memory");
    enum status outcome = allocate(work, setting->team);
    if (outcome == STATUS_OK)
        outcome = make_frames(work);
    if (outcome != STATUS_OK) {
        bench_kmeans_close(work);
        return outcome;
    }
    *gflop_per_item = 2e-9 * K * D;
    *self = work;
    return STATUS_OK;
}

static enum status assign(struct work *work)
{
    struct kmeans *kmeans = NULL;
    size_t farthest_count = 0;
    const enum status outcome = kmeans_create(&kmeans, work->centroids, K, D);
    for (size_t first = 0; first < work->own && outcome == STATUS_OK; first += BLOCK_ROWS) {
        const size_t rows = work->own - first < BLOCK_ROWS ? work->own - first : BLOCK_ROWS;
        const float *block = work->frames + first * D;
        kmeans_assign(work->units, NULL, kmeans, block, rows);
        kmeans_accumulate(work->totals, work->distances, &work->scale, work->units, work->centroids,
                          block, rows, K, D);
        kmeans_farthest_offer(work->farthest, &farthest_count, K, work->distances,
                              work->first + first, rows);
    }
    kmeans_destroy(kmeans);
    return outcome;
}

enum status bench_kmeans_run(double *items, void *self)
{
    struct work *work = self;
    const size_t totals_count = kmeans_totals_count(K, D);
    memset(work->totals, 0, totals_count * sizeof *work->totals);
    const enum status outcome = team_agree(work->team, "assign frames", assign(work));
    if (outcome != STATUS_OK)
        return outcome;
    team_sum(work->team, work->totals, totals_count);
    kmeans_update(work->centroids, work->empty, work->totals, &work->scale, K, D);
    *items = (double)work->own;
    return STATUS_OK;
}
