#include "models/contrastive_loss.h"

#include "nn/matmul.h"
#include "nn/multiversion.h"
#include "nn/vector_math.h"

#include <math.h>

static float *row_of(const struct contrastive_block *block, size_t i)
{
    return block->scores + i * block->all;
}

void contrastive_scores(const struct contrastive_block *block)
{
    matmul_transposed(block->scores, block->all, block->own_rows, block->width, block->all_columns,
                      block->width, block->own, block->all, block->width, block->scale, 0.0f);
    for (size_t i = 0; i < block->own && block->pictures != NULL; i++) {
        const size_t self = block->first + i;
        for (size_t j = 0; j < block->all; j++)
            if (j != self && block->pictures[j] == block->pictures[self])
                row_of(block, i)[j] = -INFINITY;
    }
}

/* Scores may be minus infinity, never all of a row: a record is always paired with itself. */
MULTIVERSION static float log_sum(const float *scores, size_t count)
{
    float largest = -INFINITY;
    for (size_t j = 0; j < count; j++)
        largest = scores[j] > largest ? scores[j] : largest;
    double sum = 0.0;
    for (size_t start = 0; start < count; start += 1024) {
        const size_t end = count - start < 1024 ? count : start + 1024;
        float part = 0.0f;
        for (size_t j = start; j < end; j++)
            part += vector_exp(scores[j] - largest);
        sum += (double)part;
    }
    return largest + (float)log(sum);
}

void contrastive_row_sums(float *row_sums, const struct contrastive_block *block)
{
    for (size_t i = 0; i < block->own; i++)
        row_sums[i] = log_sum(row_of(block, i), block->all);
}

MULTIVERSION static void raise_maxima(float *maxima, const float *scores, size_t count)
{
    for (size_t j = 0; j < count; j++)
        maxima[j] = scores[j] > maxima[j] ? scores[j] : maxima[j];
}

void contrastive_column_maxima(float *maxima, const struct contrastive_block *block)
{
    for (size_t j = 0; j < block->all; j++)
        maxima[j] = -INFINITY;
    for (size_t i = 0; i < block->own; i++)
        raise_maxima(maxima, row_of(block, i), block->all);
}

MULTIVERSION static void add_exponentials(float *sums, const float *scores, const float *maxima,
                                          size_t count)
{
    for (size_t j = 0; j < count; j++)
        sums[j] += vector_exp(scores[j] - maxima[j]);
}

void contrastive_column_sums(float *sums, const struct contrastive_block *block,
                             const float *maxima)
{
    for (size_t j = 0; j < block->all; j++)
        sums[j] = 0.0f;
    for (size_t i = 0; i < block->own; i++)
        add_exponentials(sums, row_of(block, i), maxima, block->all);
}

double contrastive_loss(const struct contrastive_block *block, const float *row_logs,
                        const float *column_logs)
{
    double sum = 0.0;
    for (size_t i = 0; i < block->own; i++) {
        const size_t self = block->first + i;
        const double own = (double)row_of(block, i)[self];
        sum += 0.5 * ((double)row_logs[i] + (double)column_logs[self]) - own;
    }
    return sum / (double)block->all;
}

/* Scores become what the loss gives them as gradient, but for the record's own; returns the sum of
 * gradient times score. */
MULTIVERSION static double turn_to_gradients(float *scores, const float *column_logs, float row_log,
                                             float factor, size_t count)
{
    double sum = 0.0;
    for (size_t start = 0; start < count; start += 1024) {
        const size_t end = count - start < 1024 ? count : start + 1024;
        float part = 0.0f;
        for (size_t j = start; j < end; j++) {
            const float s = scores[j];
            const float g = factor * (vector_exp(s - row_log) + vector_exp(s - column_logs[j]));
            part += g > 0.0f ? g * s : 0.0f; /* a masked score is infinite */
            scores[j] = g;
        }
        sum += (double)part;
    }
    return sum;
}

double contrastive_gradient(float *drows, const struct contrastive_block *block,
                            const float *row_logs, const float *column_logs)
{
    const float factor = 0.5f / (float)block->all;
    double sum = 0.0;
    for (size_t i = 0; i < block->own; i++) {
        float *row = row_of(block, i);
        const size_t self = block->first + i;
        const double own = (double)row[self];
        sum += turn_to_gradients(row, column_logs, row_logs[i], factor, block->all);
        row[self] -= 2.0f * factor;
        sum -= 2.0 * (double)factor * own;
    }
    matmul(drows, block->width, block->scores, block->all, block->all_columns, block->width,
           block->own, block->width, block->all, block->scale, 0.0f);
    return sum;
}
