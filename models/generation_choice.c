#include "models/generation_choice.h"

#include <math.h>
#include <stdlib.h>

double generation_log_sum(const float *logits, size_t V)
{
    float largest = logits[0];
    double sum = 0.0;
    for (size_t v = 1; v < V; v++)
        largest = logits[v] > largest ? logits[v] : largest;
    for (size_t v = 0; v < V; v++)
        sum += exp((double)(logits[v] - largest));
    return (double)largest + log(sum);
}

uint16_t generation_likeliest(const float *logits, size_t V)
{
    size_t best = 0;
    for (size_t v = 1; v < V; v++)
        best = logits[v] > logits[best] ? v : best;
    return (uint16_t)best;
}

static int compare(const void *left, const void *right)
{
    const struct generation_candidate *a = left, *b = right;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* How many of the sorted candidates, of `total` weight, make up the share top_p. */
static size_t count_nucleus(const struct generation_candidate *candidates, size_t count,
                            double total, double top_p)
{
    double sum = 0.0;
    for (size_t c = 0; c < count; c++) {
        sum += candidates[c].weight;
        if (sum >= top_p * total)
            return c + 1;
    }
    return count;
}

static double sum_weights(const struct generation_candidate *candidates, size_t count)
{
    double sum = 0.0;
    for (size_t c = 0; c < count; c++)
        sum += candidates[c].weight;
    return sum;
}

uint16_t generation_draw(const float *logits, size_t V, const struct generation_sampling *sampling,
                         struct random_stream *stream, struct generation_candidate *scratch)
{
    const float largest = logits[generation_likeliest(logits, V)];
    size_t count = V;
    for (size_t v = 0; v < V; v++)
        scratch[v] = (struct generation_candidate){
            exp((double)(logits[v] - largest) / sampling->temperature), (uint16_t)v
        };
    qsort(scratch, V, sizeof *scratch, compare);
    if (sampling->top_k > 0 && sampling->top_k < count)
        count = sampling->top_k;
    if (sampling->top_p < 1.0)
        count = count_nucleus(scratch, count, sum_weights(scratch, count), sampling->top_p);
    double left = random_uniform(stream) * sum_weights(scratch, count);
    for (size_t c = 0; c + 1 < count; c++) {
        if (left < scratch[c].weight)
            return scratch[c].id;
        left -= scratch[c].weight;
    }
    return scratch[count - 1].id;
}
