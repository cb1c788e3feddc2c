#include "stages/evaluate/unit_quality.h"

#include <math.h>

/* What one line of the table, a phone's or a unit's, adds up to. */
struct line {
    int64_t sum, largest;
    double sum_n_log_n; /* of its entries */
};

static double n_log_n(int64_t n)
{
    return n > 0 ? (double)n * log((double)n) : 0.0;
}

static struct line add_up(const int64_t *counts, size_t count, size_t stride)
{
    struct line line = { 0 };
    for (size_t i = 0; i < count; i++) {
        const int64_t n = counts[i * stride];
        line.sum += n;
        line.largest = n > line.largest ? n : line.largest;
        line.sum_n_log_n += n_log_n(n);
    }
    return line;
}

static double held_to_0_1(double value)
{
    return fmin(fmax(value, 0.0), 1.0);
}

/* With N frames, N H = N log N - sum of n log n over the entries, for phones, units and pairs; and
 * I(y; z) = H(y) + H(z) - H(y, z). */
void unit_quality_measure(struct unit_quality *out, const int64_t *counts, size_t P, size_t K)
{
    int64_t best_phones = 0, best_units = 0;
    double phones = 0.0, units = 0.0, pairs = 0.0;
    *out = (struct unit_quality){ 0 };
    for (size_t p = 0; p < P; p++) {
        const struct line line = add_up(counts + p * K, K, 1);
        out->frames += line.sum;
        out->phones += line.sum > 0;
        best_units += line.largest;
        phones += n_log_n(line.sum);
        pairs += line.sum_n_log_n;
    }
    for (size_t k = 0; k < K; k++) {
        const struct line line = add_up(counts + k, P, K);
        out->units += line.sum > 0;
        best_phones += line.largest;
        units += n_log_n(line.sum);
    }
    if (out->frames == 0)
        return;
    const double whole = n_log_n(out->frames);
    out->phone_purity = (double)best_phones / (double)out->frames;
    out->cluster_purity = (double)best_units / (double)out->frames;
    if (out->phones > 1)
        out->pnmi = held_to_0_1((whole - phones - units + pairs) / (whole - phones));
}
