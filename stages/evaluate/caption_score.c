#include "stages/evaluate/caption_score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* `row` [b.count + 1]: scratch. */
static size_t count_edits(struct unit_sequence a, struct unit_sequence b, size_t *row)
{
    for (size_t j = 0; j <= b.count; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.count; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.count; j++) {
            const size_t replaced = corner + (a.units[i - 1] != b.units[j - 1]);
            corner = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.count];
}

/* The longest common subsequence. `row` as above. */
static size_t count_common(struct unit_sequence a, struct unit_sequence b, size_t *row)
{
    for (size_t j = 0; j <= b.count; j++)
        row[j] = 0;
    for (size_t i = 1; i <= a.count; i++) {
        size_t corner = 0;
        for (size_t j = 1; j <= b.count; j++) {
            const size_t above = row[j];
            if (a.units[i - 1] == b.units[j - 1])
                row[j] = corner + 1;
            else if (row[j - 1] > above)
                row[j] = row[j - 1];
            corner = above;
        }
    }
    return row[b.count];
}

static void add_edits(struct caption_tally *tally, struct unit_sequence caption,
                      const struct unit_sequence *references, size_t reference_count, size_t *row)
{
    size_t fewest = SIZE_MAX, units = 0;
    for (size_t r = 0; r < reference_count; r++) {
        const size_t edits = count_edits(caption, references[r], row);
        if (edits < fewest || (edits == fewest && references[r].count < units)) {
            fewest = edits;
            units = references[r].count;
        }
    }
    tally->edits += (int64_t)fewest;
    tally->edited_units += (int64_t)units;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static void add_rouge(struct caption_tally *tally, struct unit_sequence caption,
                      const struct unit_sequence *references, size_t reference_count, size_t *row)
{
    static const double beta_squared = 1.2 * 1.2;
    double precision = 0.0, recall = 0.0;
    for (size_t r = 0; r < reference_count; r++) {
        const size_t common = count_common(caption, references[r], row);
        if (common == 0)
            continue;
        precision = larger(precision, (double)common / (double)caption.count);
        recall = larger(recall, (double)common / (double)references[r].count);
    }
    if (precision > 0.0)
        tally->rouge += (int64_t)(CAPTION_ROUGE_ONE * (1.0 + beta_squared) * precision * recall /
                                      (recall + beta_squared * precision) +
                                  0.5);
}

static enum status compare_whole(struct caption_tally *tally, struct unit_sequence caption,
                                 const struct unit_sequence *references, size_t reference_count)
{
    size_t longest = 0;
    for (size_t r = 0; r < reference_count; r++)
        longest = references[r].count > longest ? references[r].count : longest;
    size_t *row = malloc((longest + 1) * sizeof *row);
    if (row == NULL)
        return status_fail(STATUS_NO_MEMORY, "edits of %zu units", longest);
    add_edits(tally, caption, references, reference_count, row);
    add_rouge(tally, caption, references, reference_count, row);
    free(row);
    return STATUS_OK;
}

/* How often the n-gram at `gram` occurs. */
static size_t count_gram(struct unit_sequence in, const uint16_t *gram, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i + n <= in.count; i++)
        count += memcmp(in.units + i, gram, n * sizeof *gram) == 0;
    return count;
}

/* Whether the n-gram at `at` occurs before. */
static int occurs_before(struct unit_sequence in, size_t at, size_t n)
{
    const struct unit_sequence before = { in.units, at + n - 1 };
    return count_gram(before, in.units + at, n) > 0;
}

static void add_grams(struct caption_tally *tally, struct unit_sequence caption,
                      const struct unit_sequence *references, size_t reference_count, size_t n)
{
    for (size_t i = 0; i + n <= caption.count; i++) {
        const uint16_t *gram = caption.units + i;
        size_t most = 0;
        tally->grams[n - 1]++;
        if (occurs_before(caption, i, n))
            continue;
        for (size_t r = 0; r < reference_count; r++) {
            const size_t count = count_gram(references[r], gram, n);
            most = count > most ? count : most;
        }
        tally->matches[n - 1] += (int64_t)smaller(most, count_gram(caption, gram, n));
    }
}

static void add_lengths(struct caption_tally *tally, size_t count,
                        const struct unit_sequence *references, size_t reference_count)
{
    size_t nearest = references[0].count;
    for (size_t r = 1; r < reference_count; r++) {
        const size_t units = references[r].count;
        const size_t distance = units > count ? units - count : count - units;
        const size_t least = nearest > count ? nearest - count : count - nearest;
        if (distance < least || (distance == least && units < nearest))
            nearest = units;
    }
    tally->units += (int64_t)count;
    tally->reference_units += (int64_t)nearest;
}

enum status caption_tally_add(struct caption_tally *tally, struct unit_sequence caption,
                              const struct unit_sequence *references, size_t reference_count)
{
    const enum status outcome = compare_whole(tally, caption, references, reference_count);
    if (outcome != STATUS_OK)
        return outcome;
    for (size_t n = 1; n <= CAPTION_GRAMS; n++)
        add_grams(tally, caption, references, reference_count, n);
    add_lengths(tally, caption.count, references, reference_count);
    tally->captions++;
    return STATUS_OK;
}

double caption_tally_error_rate(const struct caption_tally *tally)
{
    return tally->edited_units > 0 ? (double)tally->edits / (double)tally->edited_units : 0.0;
}

double caption_tally_bleu(const struct caption_tally *tally)
{
    double sum = 0.0;
    for (size_t n = 0; n < CAPTION_GRAMS; n++) {
        if (tally->matches[n] == 0)
            return 0.0;
        sum += log((double)tally->matches[n] / (double)tally->grams[n]);
    }
    const double ratio = (double)tally->reference_units / (double)tally->units;
    return exp(sum / CAPTION_GRAMS + (ratio > 1.0 ? 1.0 - ratio : 0.0));
}

double caption_tally_rouge(const struct caption_tally *tally)
{
    return tally->captions > 0 ? (double)tally->rouge / CAPTION_ROUGE_ONE / (double)tally->captions
                               : 0.0;
}
