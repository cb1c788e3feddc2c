#include "tokenizers/image/codebook_fit.h"

#include "core/random.h"
#include "nn/nearest_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 16, MOVES = 2 };

struct fit {
    float *codes;
    const float *examples;
    size_t K, N, C;
    uint16_t *nearest; /* [N]: of the codes last searched */
    double *distances; /* [N]: squared, to those */
    double *least;     /* [N]: squared, to any code so far */
    double *sums;      /* [K][C] */
    size_t *picks;     /* [K]: the examples that a round picked */
    struct random_stream stream;
};

static enum status begin(struct fit *fit)
{
    fit->nearest = malloc(fit->N * sizeof *fit->nearest);
    fit->distances = malloc(fit->N * sizeof *fit->distances);
    fit->least = malloc(fit->N * sizeof *fit->least);
    fit->sums = malloc(fit->K * fit->C * sizeof *fit->sums);
    fit->picks = malloc(fit->K * sizeof *fit->picks);
    if (fit->nearest == NULL || fit->distances == NULL || fit->least == NULL || fit->sums == NULL ||
        fit->picks == NULL)
        return status_fail(STATUS_NO_MEMORY, "a codebook of %zu codes from %zu examples", fit->K,
                           fit->N);
    for (size_t n = 0; n < fit->N; n++)
        fit->least[n] = 4.0; /* more than a chord of the sphere: squared, at most this */
    return STATUS_OK;
}

static void end(struct fit *fit)
{
    free(fit->nearest);
    free(fit->distances);
    free(fit->least);
    free(fit->sums);
    free(fit->picks);
}

static enum status search(struct fit *fit, size_t first, size_t count)
{
    struct nearest_row_search *searcher = NULL;
    const enum status outcome =
        nearest_row_create(&searcher, fit->codes + first * fit->C, count, fit->C);
    if (outcome == STATUS_OK)
        nearest_row_find(fit->nearest, fit->distances, searcher, fit->examples, fit->N);
    nearest_row_destroy(searcher);
    return outcome;
}

/* Takes up to `wanted` examples as codes from `first` on, at equal steps of the running sum of
 * least distances, so that none is taken twice in a round. Returns how many. */
static size_t pick(struct fit *fit, size_t first, size_t wanted)
{
    double total = 0.0, running = 0.0;
    size_t picked = 0;
    for (size_t n = 0; n < fit->N; n++)
        total += fit->least[n];
    const double step = total / (double)wanted;
    double threshold = step * random_uniform(&fit->stream);
    for (size_t n = 0; n < fit->N && picked < wanted; n++) {
        running += fit->least[n];
        if (fit->least[n] <= 0.0 || running <= threshold)
            continue;
        memcpy(fit->codes + (first + picked) * fit->C, fit->examples + n * fit->C,
               fit->C * sizeof *fit->codes);
        fit->picks[picked] = n;
        picked++;
        while (threshold < running)
            threshold += step;
    }
    return picked;
}

/* Of the codes picked last, which were searched, drops each that equals one before it: the search
 * names the first of equals. Returns how many stay. */
static size_t drop_repeats(struct fit *fit, size_t first, size_t picked)
{
    size_t kept = 0;
    for (size_t p = 0; p < picked; p++)
        if (fit->nearest[fit->picks[p]] == p) {
            memmove(fit->codes + (first + kept) * fit->C, fit->codes + (first + p) * fit->C,
                    fit->C * sizeof *fit->codes);
            kept++;
        }
    return kept;
}

static enum status pick_all(struct fit *fit)
{
    const size_t share = (fit->K + ROUNDS - 1) / ROUNDS;
    enum status outcome = STATUS_OK;
    for (size_t have = 0; have < fit->K && outcome == STATUS_OK;) {
        const size_t left = fit->K - have;
        const size_t picked = pick(fit, have, left < share ? left : share);
        if (picked == 0)
            return status_fail(STATUS_INVALID, "%zu different patches for a codebook of %zu codes",
                               have, fit->K);
        outcome = search(fit, have, picked);
        for (size_t n = 0; n < fit->N && outcome == STATUS_OK; n++)
            fit->least[n] = fmin(fit->least[n], fit->distances[n]);
        if (outcome == STATUS_OK)
            have += drop_repeats(fit, have, picked);
    }
    return outcome;
}

/* A code that nothing is nearest to, or whose examples cancel out, stays. */
static void move(struct fit *fit)
{
    const size_t C = fit->C;
    memset(fit->sums, 0, fit->K * C * sizeof *fit->sums);
    for (size_t n = 0; n < fit->N; n++)
        for (size_t c = 0; c < C; c++)
            fit->sums[fit->nearest[n] * C + c] += (double)fit->examples[n * C + c];
    for (size_t k = 0; k < fit->K; k++) {
        double square = 0.0;
        for (size_t c = 0; c < C; c++)
            square += fit->sums[k * C + c] * fit->sums[k * C + c];
        for (size_t c = 0; c < C && square > 1e-12; c++)
            fit->codes[k * C + c] = (float)(fit->sums[k * C + c] / sqrt(square));
    }
}

enum status codebook_fit(float *codes, size_t K, const float *examples, size_t N, size_t C,
                         uint64_t seed)
{
    struct fit fit = { .codes = codes, .examples = examples, .K = K, .N = N, .C = C };
    fit.stream = random_stream_for(seed, "codebook", "pick");
    enum status outcome = begin(&fit);
    if (outcome == STATUS_OK)
        outcome = pick_all(&fit);
    for (size_t m = 0; m < MOVES && outcome == STATUS_OK; m++) {
        outcome = search(&fit, 0, K);
        if (outcome == STATUS_OK)
            move(&fit);
    }
    end(&fit);
    return outcome;
}
