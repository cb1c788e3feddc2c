#include "training/code_watch.h"

#include "cluster/slices.h"
#include "core/random.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_INTERVAL = 100 };

/* A latent that a dead code may become; the smallest keys are taken. C floats follow. */
struct candidate {
    double key;
    uint64_t record, token;
    float latent[];
};

struct code_watch {
    struct parameter *codes, *last_use;
    size_t K, C, interval, candidate_bytes;
    double *used;              /* [K]: of this batch */
    unsigned char *candidates; /* [CODE_WATCH_REVIVED_MAX], a heap with the largest key first */
    size_t room, candidate_count;
    uint64_t seed, batch;
};

enum status code_watch_create(struct code_watch **out, struct parameter_set *set,
                              struct parameter *codes, size_t interval)
{
    struct code_watch *watch = calloc(1, sizeof *watch);
    *out = NULL;
    if (watch == NULL)
        return status_fail(STATUS_NO_MEMORY, "codes: no memory");
    watch->codes = codes;
    watch->K = codes->rows;
    watch->C = codes->columns;
    watch->interval = interval;
    watch->candidate_bytes =
        sizeof(struct candidate) + (watch->C + watch->C % 2) * sizeof(float); /* keys aligned */
    watch->last_use = parameter_set_add(set, "loss.code_last_use", 1, &watch->K);
    watch->used = calloc(watch->K, sizeof *watch->used);
    watch->candidates = calloc(CODE_WATCH_REVIVED_MAX, watch->candidate_bytes);
    if (watch->last_use == NULL || watch->used == NULL || watch->candidates == NULL) {
        code_watch_destroy(watch);
        return status_fail(STATUS_NO_MEMORY, "a codebook of %zu codes", codes->rows);
    }
    watch->last_use->is_frozen = true;
    *out = watch;
    return STATUS_OK;
}

void code_watch_destroy(struct code_watch *watch)
{
    if (watch == NULL)
        return;
    free(watch->used);
    free(watch->candidates);
    free(watch);
}

static bool is_dead(const struct code_watch *watch, size_t code)
{
    return fabs((double)watch->last_use->value[code]) + (double)watch->interval <=
           (double)(watch->batch + 1);
}

static size_t dead_count(const struct code_watch *watch)
{
    size_t count = 0;
    for (size_t k = 0; k < watch->K; k++)
        count += is_dead(watch, k);
    return count < CODE_WATCH_REVIVED_MAX ? count : CODE_WATCH_REVIVED_MAX;
}

void code_watch_begin(struct code_watch *watch, uint64_t seed, uint64_t batch)
{
    memset(watch->used, 0, watch->K * sizeof *watch->used);
    watch->seed = seed;
    watch->batch = batch;
    watch->candidate_count = 0;
    watch->room = watch->interval > 0 && (batch + 1) % watch->interval == 0 ? dead_count(watch) : 0;
}

static struct candidate *candidate_at(const struct code_watch *watch, size_t index)
{
    return (struct candidate *)(void *)(watch->candidates + index * watch->candidate_bytes);
}

/* No two candidates are equal, so the order does not depend on how they were gathered. */
static int by_key(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    return x->token < y->token ? -1 : x->token > y->token;
}

static void swap(struct code_watch *watch, size_t a, size_t b)
{
    unsigned char *x = watch->candidates + a * watch->candidate_bytes;
    unsigned char *y = watch->candidates + b * watch->candidate_bytes;
    for (size_t i = 0; i < watch->candidate_bytes; i++) {
        const unsigned char kept = x[i];
        x[i] = y[i];
        y[i] = kept;
    }
}

static void sink(struct code_watch *watch)
{
    for (size_t at = 0;;) {
        size_t largest = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < watch->candidate_count &&
                by_key(candidate_at(watch, child), candidate_at(watch, largest)) > 0)
                largest = child;
        if (largest == at)
            return;
        swap(watch, at, largest);
        at = largest;
    }
}

static void rise(struct code_watch *watch)
{
    for (size_t at = watch->candidate_count - 1; at > 0; at = (at - 1) / 2) {
        if (by_key(candidate_at(watch, at), candidate_at(watch, (at - 1) / 2)) < 0)
            return;
        swap(watch, at, (at - 1) / 2);
    }
}

/* Keeps the smallest keys. */
static void offer(struct code_watch *watch, const struct candidate *head, const float *latent)
{
    const bool is_full = watch->candidate_count == watch->room;
    if (is_full && by_key(head, candidate_at(watch, 0)) > 0)
        return;
    struct candidate *place = candidate_at(watch, is_full ? 0 : watch->candidate_count++);
    place->key = head->key;
    place->record = head->record;
    place->token = head->token;
    memcpy(place->latent, latent, watch->C * sizeof *latent);
    if (is_full)
        sink(watch);
    else
        rise(watch);
}

/* 1 - cosine: half the squared distance of the two at length 1. */
static double distance(const float *latent, const float *code, size_t C)
{
    double product = 0.0, a = 0.0, b = 0.0;
    for (size_t c = 0; c < C; c++) {
        product += (double)latent[c] * (double)code[c];
        a += (double)latent[c] * (double)latent[c];
        b += (double)code[c] * (double)code[c];
    }
    return a > 0.0 && b > 0.0 ? 1.0 - product / sqrt(a * b) : 0.0;
}

void code_watch_add(struct code_watch *watch, uint64_t record, const float *latents,
                    const int32_t *ids, size_t count)
{
    char purpose[48];
    snprintf(purpose, sizeof purpose, "revive %llu", (unsigned long long)watch->batch);
    struct random_stream stream = random_stream_numbered(watch->seed, record, purpose);
    for (size_t t = 0; t < count; t++)
        watch->used[ids[t]] += 1.0;
    for (size_t t = 0; t < count && watch->room > 0; t++) {
        const float *latent = latents + t * watch->C;
        const double weight =
            distance(latent, watch->codes->value + (size_t)ids[t] * watch->C, watch->C);
        const double draw = 1.0 - random_uniform(&stream);
        const struct candidate head = { .key = -log(draw) / weight, .record = record, .token = t };
        if (weight > 1e-6) /* else it is a code already */
            offer(watch, &head, latent);
    }
}

/* A code takes a latent's direction and keeps its length, which tells how fast it moves. */
static void revive(float *code, const float *latent, size_t C)
{
    double old = 0.0, new = 0.0;
    for (size_t c = 0; c < C; c++) {
        old += (double)code[c] * (double)code[c];
        new += (double)latent[c] * (double)latent[c];
    }
    const double factor = sqrt((old > 0.0 ? old : 1.0) / new);
    for (size_t c = 0; c < C; c++)
        code[c] = (float)(factor * (double)latent[c]);
}

/* The candidates of all ranks, the best ones first, on every rank in watch->candidates. */
static enum status share_candidates(int64_t *count, struct code_watch *watch,
                                    const struct team *team)
{
    void *all = NULL;
    size_t all_bytes = 0;
    const size_t bytes = watch->candidate_bytes;
    const enum status outcome =
        team_gather(&all, &all_bytes, team, watch->candidates, watch->candidate_count * bytes);
    if (outcome != STATUS_OK)
        return outcome;
    if (team->rank == 0) {
        const size_t found = all_bytes / bytes;
        qsort(all, found, bytes, by_key);
        *count = (int64_t)(found < watch->room ? found : watch->room);
        if (*count > 0)
            memcpy(watch->candidates, all, (size_t)*count * bytes);
    }
    free(all);
    team_broadcast(team, count, sizeof *count, 0);
    team_broadcast(team, watch->candidates, (size_t)*count * bytes, 0);
    return STATUS_OK;
}

enum status code_watch_end(struct code_watch *watch, const struct team *team)
{
    int64_t count = 0;
    slices_sum_doubles(team, watch->used, watch->K);
    for (size_t k = 0; k < watch->K; k++)
        if (watch->used[k] > 0.0)
            watch->last_use->value[k] = (float)(watch->batch + 1);
    if (watch->room == 0)
        return STATUS_OK;
    const enum status outcome = share_candidates(&count, watch, team);
    if (outcome != STATUS_OK)
        return outcome;
    size_t next = 0;
    for (size_t k = 0; k < watch->K && next < (size_t)count; k++)
        if (is_dead(watch, k)) {
            revive(watch->codes->value + k * watch->C, candidate_at(watch, next++)->latent,
                   watch->C);
            watch->last_use->value[k] = -(float)(watch->batch + 1);
        }
    return STATUS_OK;
}

double code_watch_share(const struct code_watch *watch)
{
    const float interval = (float)(watch->interval > 0 ? watch->interval : USUAL_INTERVAL);
    float now = 0.0f;
    size_t count = 0;
    for (size_t k = 0; k < watch->K; k++)
        now = fmaxf(now, fabsf(watch->last_use->value[k]));
    for (size_t k = 0; k < watch->K; k++)
        count += watch->last_use->value[k] > 0.0f && watch->last_use->value[k] > now - interval;
    return (double)count / (double)watch->K;
}
